use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// A set of layers in a folder of its own.
struct Layers {
    folder: TempDir,
    flags: FlagValues,
    variables: Vec<(OsString, OsString)>,
}

impl Layers {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            flags: FlagValues::default(),
            variables: Vec::new(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("exporter.toml")
    }

    fn file(self, text: &str) -> Self {
        fs::write(self.path(), text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn arguments(mut self, arguments: &[&str]) -> Self {
        let all = ["herakles-exporter"]
            .iter()
            .chain(arguments)
            .map(OsString::from);
        self.flags = crate::cli::parse(all).unwrap().flags;
        self
    }

    fn sources(&self) -> Sources {
        Sources::new(self.flags.clone(), self.variables.iter().cloned().collect())
            .with_default_file(self.path())
    }

    fn load(&self) -> Loaded {
        self.sources()
            .load()
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The messages, with `FILE` for the path.
    fn errors(&self) -> Vec<String> {
        let path = self.path().display().to_string();
        let error = self
            .sources()
            .load()
            .expect_err("the configuration is wrong");
        error
            .sentences()
            .iter()
            .map(|sentence| sentence.replace(&path, "FILE"))
            .collect()
    }
}

fn effective<'a>(loaded: &'a Loaded, path: &str) -> &'a EffectiveSetting {
    loaded
        .settings
        .iter()
        .find(|row| row.setting.path() == path)
        .unwrap()
}

#[test]
fn without_any_layer_the_defaults_hold() {
    let loaded = Layers::new().load();
    assert_eq!(loaded.config.scan.cache_ttl, Duration::from_secs(30));
    assert_eq!(loaded.config.scan.parallelism, None);
    assert_eq!(loaded.config.buffers.smaps_bytes, 65_536);
    assert_eq!(loaded.config.export.max_series, NonZeroUsize::new(10_000));
    assert_eq!(loaded.config.path.procfs, PathBuf::from("/proc"));
    assert!(
        loaded
            .settings
            .iter()
            .all(|row| row.origin == Origin::Default)
    );
    assert_eq!((loaded.file, loaded.warnings), (None, vec![]));
}

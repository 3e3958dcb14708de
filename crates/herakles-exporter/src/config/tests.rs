//! Configurations made in memory and loaded as the program does.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use herakles_settings::{ConfigError, EffectiveSetting, FlagValues, Origin, Settings};
use tempfile::TempDir;

mod files;
mod layers;
mod properties;
mod rendering;
mod rules;

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

    fn sources(&self) -> ConfigSources {
        ConfigSources::new(self.flags.clone(), self.variables.iter().cloned().collect())
            .with_default_file(self.path())
    }

    fn load(&self) -> LoadedConfig {
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

fn effective<'a>(loaded: &'a LoadedConfig, path: &str) -> &'a EffectiveSetting {
    loaded
        .settings
        .iter()
        .find(|row| row.setting.path() == path)
        .unwrap()
}

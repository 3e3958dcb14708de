//! From `classification.rules` to the files it names.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use herakles_settings::{ConfigError, Origin};

use super::LoadedConfig;
use super::settings::name_glob;

/// The files of rules that exist, in the order in which they are tried: as configured, and the
/// matches of a glob in byte order. A file named by the user must exist; one of the default
/// list, a glob without matches, or its missing folder are no errors. Relative paths start
/// from the folder of the configuration file that names them.
///
/// # Errors
/// [`ConfigError::Read`] if a named file is missing or a folder cannot be listed, or if a
/// variable holds a relative path.
pub(super) fn rule_files(loaded: &LoadedConfig) -> Result<Vec<PathBuf>, ConfigError> {
    let origin = origin(loaded);
    let configured = origin.is_some_and(|origin| *origin != Origin::Default);
    let mut files = Vec::new();
    for pattern in &loaded.config.classification.rules {
        let path = &folder(loaded).join(pattern);
        let relative = !Path::new(pattern).is_absolute();
        if relative && matches!(origin, Some(Origin::Environment { .. })) {
            return Err(ConfigError::Read {
                what: "the rules",
                path: path.to_owned(),
                source: io::Error::other("the path is relative"),
                remedy: "a variable needs the whole path, as nothing is read from the working \
                         directory"
                    .to_owned(),
            });
        }
        let found = match path.file_name().and_then(|name| name.to_str()) {
            Some(name) if name.contains(['*', '?', '[']) => matches(path, name, &mut files),
            _ => named(path, configured, &mut files),
        };
        found.map_err(|source| ConfigError::Read {
            what: "the rules",
            path: path.to_owned(),
            source,
            remedy: "correct classification.rules or let the exporter's user read it".to_owned(),
        })?;
    }
    Ok(files)
}

/// What is configured, whether there is a file or not.
pub(super) fn rule_patterns(loaded: &LoadedConfig) -> impl Iterator<Item = PathBuf> {
    let patterns = loaded.config.classification.rules.iter();
    patterns.map(|pattern| folder(loaded).join(pattern))
}

/// Where relative paths start from.
fn folder(loaded: &LoadedConfig) -> &Path {
    match origin(loaded) {
        Some(Origin::File { path, .. }) => path.parent(),
        _ => None,
    }
    .unwrap_or(Path::new(""))
}

fn origin(loaded: &LoadedConfig) -> Option<&Origin> {
    loaded.settings.iter().find_map(|row| {
        let is_rules = (row.setting.table, row.setting.key) == ("classification", "rules");
        is_rules.then_some(&row.origin)
    })
}

fn named(path: &Path, must_exist: bool, out: &mut Vec<PathBuf>) -> io::Result<()> {
    match path.metadata() {
        Ok(_) => out.push(path.to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn matches(pattern: &Path, name: &str, out: &mut Vec<PathBuf>) -> io::Result<()> {
    let glob = name_glob(name).map_err(io::Error::other)?;
    let folder = match pattern.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::<OsString>::new();
    for entry in entries {
        let name = entry?.file_name();
        // As in a shell, `*` does not show hidden files: editors leave theirs there.
        if glob.is_match(name.as_bytes()) && !name.as_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort_unstable();
    out.extend(names.into_iter().map(|name| folder.join(name)));
    Ok(())
}

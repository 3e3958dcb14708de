//! What the fuzz targets reach: the configuration as a text.

use std::path::Path;

use super::load::{Environment, FlagValues, Sources};
use super::{ConfigError, Loaded, file};

/// Reads the text as a configuration file, and gives the effective configuration as such a file.
///
/// # Errors
/// What is wrong, in sentences.
pub fn configuration(text: &str) -> Result<String, Vec<String>> {
    let path = Path::new("exporter.toml");
    let sources = Sources::new(FlagValues::default(), Environment::default());
    sources
        .merge(file::parse(path, text), Some(path.to_owned()))
        .map(|loaded: Loaded| loaded.to_toml())
        .map_err(|error: ConfigError| error.sentences())
}

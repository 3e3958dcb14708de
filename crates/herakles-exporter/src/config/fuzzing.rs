//! What the fuzz targets reach: the configuration as a text.

use herakles_settings::{Environment, FlagValues};

use super::ConfigSources;

/// Reads the text as a configuration file, and gives the effective configuration as such a file.
///
/// # Errors
/// What is wrong, in sentences.
pub fn configuration(text: &str) -> Result<String, Vec<String>> {
    let sources = ConfigSources::new(FlagValues::default(), Environment::default());
    sources
        .load_text("exporter.toml".into(), text)
        .map(|loaded| loaded.to_toml())
        .map_err(|error| error.sentences())
}

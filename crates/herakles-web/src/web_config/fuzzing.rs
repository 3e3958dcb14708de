//! What the fuzz targets reach: the web configuration as a text.

use std::path::Path;

use super::{Files, WebConfig, WebConfigError};

/// Reads the text as a web configuration. Files that it names are read, as far as they are there.
///
/// # Errors
/// Those of [`WebConfig::read`].
pub fn web_config(text: &str) -> Result<WebConfig, WebConfigError> {
    let path = Path::new("/nonexistent/web.yml");
    WebConfig::parse(text, path, &mut Files::default()).map_err(|problem| problem.of_file(path))
}

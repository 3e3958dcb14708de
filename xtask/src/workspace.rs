//! Where the workspace is.

use std::{fs, path::Path};

use crate::failure::Failure;

/// The root of the workspace. Tasks run from any directory below it.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// A path as it is from the root of the workspace.
pub(crate) fn place(file: &Path) -> String {
    let relative = file.strip_prefix(root()).unwrap_or(file);
    relative.display().to_string()
}

/// Reads a text file of the workspace.
///
/// # Errors
/// Names the file that could not be read.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())))
}

//! Where the workspace is.

use std::path::Path;

/// The root of the workspace. Experiments run from any directory below it.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

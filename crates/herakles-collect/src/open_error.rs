//! Why a collector cannot be opened.

use std::io;

use herakles_scan::RootError;

/// Why a collector cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There are no processes to be seen below the root.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The kernel states units that cannot be.
    #[error("cannot tell the clock tick and page size: {0}")]
    Units(#[source] io::Error),
    /// There are no threads to read with.
    #[error("cannot start the scanning threads: {0}; see the limits on processes and memory")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

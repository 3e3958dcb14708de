//! What this binary was built from.

/// What this binary was built from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    pub(crate) version: &'static str,
    /// The commit, from `HERAKLES_REVISION` at build time or the checkout; else `unknown`.
    pub(crate) revision: &'static str,
    /// The compiler, such as `1.95.0`; else `unknown`.
    pub(crate) rustc: &'static str,
}

/// This binary.
pub(crate) const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: env!("BUILT_REVISION"),
    rustc: env!("BUILT_RUSTC"),
};

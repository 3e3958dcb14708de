/// What this binary was built from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    pub(crate) version: &'static str,
    /// The commit, from `HERAKLES_REVISION` at build time; else `unknown`.
    pub(crate) revision: &'static str,
    /// The compiler, such as `1.95.0`; else `unknown`.
    pub(crate) rustc: &'static str,
}

/// This binary.
pub(crate) const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: known(option_env!("HERAKLES_REVISION")),
    rustc: known(option_env!("HERAKLES_RUSTC")),
};

const fn known(from_build: Option<&'static str>) -> &'static str {
    match from_build {
        Some(text) if !text.is_empty() => text,
        _ => "unknown",
    }
}

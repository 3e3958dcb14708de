//! What was built, from what, with which compiler.

use herakles_metrics::BuildLabels;

/// The labels of `herakles_exporter_build_info`.
pub(crate) fn labels() -> BuildLabels {
    BuildLabels {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: env!("HERAKLES_REVISION").to_owned(),
        rustc: env!("HERAKLES_RUSTC").to_owned(),
    }
}

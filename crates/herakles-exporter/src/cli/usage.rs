//! Mistakes on the command line, each as one sentence.

use clap::error::{ContextKind, ErrorKind};
use herakles_settings::usage;

use super::definition;
use crate::config::Config;

/// A command line that cannot be understood; `Display` is one sentence.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(super) String);

impl From<&clap::Error> for UsageError {
    fn from(error: &clap::Error) -> Self {
        let name = error.get(ContextKind::InvalidSubcommand);
        let name = name.map(ToString::to_string).unwrap_or_default();
        if error.kind() == ErrorKind::InvalidSubcommand && matches!(&*name, "true" | "false") {
            let example = "--export.host=false or --no-export.host";
            return Self(format!(
                "`{name}` stands alone: write a switch as {example}"
            ));
        }
        Self(usage::<Config>(error, &definition::program(), CUSTOMARY))
    }
}

/// What other exporters call these.
const CUSTOMARY: &[(&str, &str)] = &[
    ("--port", "--web.listen-address"),
    ("--listen", "--web.listen-address"),
    ("--listen-address", "--web.listen-address"),
    ("--bind", "--web.listen-address"),
    ("--config", "--config.file"),
    ("--procfs", "--path.procfs"),
    ("--interval", "--scan.cache-ttl"),
];

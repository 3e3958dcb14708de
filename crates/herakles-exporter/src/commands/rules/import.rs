//! `rules import`: the configuration of a process-exporter as rules of ours.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use herakles_classify::{Import, ImportError, RemarkKind};
use herakles_settings::read_text;

use crate::commands::{Failure, output};

/// No configuration is longer: beyond it something else was named by mistake.
const MAX_FILE: u64 = 1 << 20;

/// Why a configuration could not be converted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportFailure {
    #[error("cannot read {}: {source}; name a file that process-exporter reads", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// Prints the rules, and on standard error what they do not say as the configuration did. The exit
/// code tells whether something is left out.
pub(super) fn run(path: &Path) -> Result<ExitCode, Failure> {
    let yaml = read_text(path, MAX_FILE).map_err(|source| ImportFailure::Read {
        path: path.to_owned(),
        source,
    })?;
    let import = Import::process_exporter(&yaml, &path.display().to_string())
        .map_err(ImportFailure::from)?;
    let remarks: Vec<String> = import.remarks.iter().map(ToString::to_string).collect();
    output::warn(&remarks);
    let is_whole = import
        .remarks
        .iter()
        .all(|remark| remark.kind != RemarkKind::LeftOut);
    let printed = output::print(&import.text)?;
    Ok(if is_whole { printed } else { ExitCode::FAILURE })
}

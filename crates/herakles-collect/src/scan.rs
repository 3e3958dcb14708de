//! What one scan gives.

use std::io;

use herakles_metrics::Snapshot;

use crate::fault::{Fault, FaultFile, FaultKind, Faults};
use crate::notice::Notice;
use crate::rule_counts::RuleCounts;
use crate::stats::ScanStats;

/// The result of one scan.
#[derive(Debug)]
#[non_exhaustive]
pub struct Scan {
    /// All processes, their sums by subgroup, and the host.
    pub snapshot: Snapshot,
    /// How many processes each rule has.
    pub rule_counts: RuleCounts,
    /// What was read, and what went wrong.
    pub stats: ScanStats,
    /// What a person should hear of.
    pub notices: Vec<Notice>,
}

/// Why there is no new snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanFailure {
    /// The processes cannot be listed.
    #[error("cannot list the processes: {0}; see that /proc is mounted and readable")]
    List(#[source] io::Error),
    /// None is listed.
    #[error("/proc lists no process at all; see that it is mounted")]
    NoProcesses,
    /// None of those that are listed could be read.
    #[error("none of {listed} processes could be read; {first}")]
    NothingReadable {
        /// How many are listed.
        listed: usize,
        /// What went wrong with the first of them.
        first: String,
        /// All that went wrong.
        faults: Faults,
    },
}

impl ScanFailure {
    /// What the scan had met by then, to be counted like that of a good one.
    pub fn faults(&self) -> Faults {
        match self {
            Self::List(error) => {
                let kind = match error.kind() {
                    io::ErrorKind::PermissionDenied => FaultKind::Denied,
                    _ => FaultKind::Io,
                };
                let file = FaultFile::Proc;
                Faults::from_iter([(Fault { kind, file }, 1)])
            }
            Self::NoProcesses => Faults::default(),
            Self::NothingReadable { faults, .. } => faults.clone(),
        }
    }
}

//! What one scan gives.

use std::io;
use std::sync::Arc;

use herakles_metrics::Snapshot;
use herakles_stat::Pid;

use super::rule_counts::RuleCounts;
use super::stats::ScanStats;
use crate::status::Faults;

/// The result of one scan.
pub(crate) struct Scan {
    pub(crate) snapshot: Snapshot,
    pub(crate) rule_counts: RuleCounts,
    pub(crate) stats: ScanStats,
    /// Processes that `max_hold` keeps from being read, each named in one scan only.
    pub(crate) too_big: Vec<TooBig>,
}

/// A process whose memory is not read because that would take too long.
pub(crate) struct TooBig {
    pub(crate) pid: Pid,
    pub(crate) name: Arc<str>,
    pub(crate) rss_bytes: u64,
}

/// Why there is no new snapshot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanFailure {
    #[error("cannot list the processes: {0}; see that /proc is mounted and readable")]
    List(io::Error),
    #[error("/proc lists no process at all; see that it is mounted")]
    NoProcesses,
    #[error("none of {listed} processes could be read; {first}")]
    NothingReadable {
        listed: usize,
        first: String,
        faults: Faults,
    },
}

impl ScanFailure {
    /// What the scan had met by then, to be counted like that of a good one.
    pub(crate) fn faults(self) -> Faults {
        match self {
            Self::List(error) => {
                let kind = match error.kind() {
                    io::ErrorKind::PermissionDenied => "denied",
                    _ => "io",
                };
                Faults::from([((kind, "proc"), 1)])
            }
            Self::NoProcesses => Faults::new(),
            Self::NothingReadable { faults, .. } => faults,
        }
    }
}

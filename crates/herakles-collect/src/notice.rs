//! What a scan met that a person should hear of.

use std::fmt;
use std::sync::Arc;

use herakles_stat::Pid;
use herakles_taskstats::Error as TaskstatsError;

use crate::exits::ExitsError;

/// Something worth a line in a log, told once. Its text is one sentence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A process has no PSS and USS, as reading them would hold it up for longer than
    /// [`max_hold`](herakles_plan::PlanLimits::max_hold).
    TooBig {
        /// The process.
        pid: Pid,
        /// Its name.
        name: Arc<str>,
        /// Its RSS, in bytes.
        rss_bytes: u64,
    },
    /// Exit records were asked for and are not to be had: the CPU of exited processes is taken
    /// from their parents.
    NoExitRecords(ExitsError),
    /// The same, after they have been there.
    ExitRecordsEnded(TaskstatsError),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooBig { pid, name, .. } => write!(
                f,
                "process {pid} ({name}) has no PSS and USS: reading them would hold it up for \
                 longer than is allowed"
            ),
            Self::NoExitRecords(error) => write!(
                f,
                "taskstats does not tell of exits: their CPU is taken from their parents ({error})"
            ),
            Self::ExitRecordsEnded(error) => write!(
                f,
                "taskstats no longer tells of exits: their CPU is taken from their parents \
                 ({error})"
            ),
        }
    }
}

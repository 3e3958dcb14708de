//! The machine whose processes are scanned.

use std::time::Duration;

use herakles_stat::{PageSize, TicksPerSecond};

/// What does not change while the exporter runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) ticks_per_second: TicksPerSecond,
    pub(crate) page_size: PageSize,
    /// Processes that started before this tick contribute their growth only.
    pub(crate) counts_from: u64,
    /// Boot of the machine, Unix time in seconds.
    pub(crate) boot_time_seconds: f64,
    /// Taskstats speaks of the same processes by the same pids.
    pub(crate) taskstats_answers: bool,
    /// The processes are those of this machine, now.
    pub(crate) live: bool,
}

impl Machine {
    /// The time since boot, which no setting of the wall clock moves; `None` for a recorded tree.
    pub(crate) fn since_boot(&self) -> Option<Duration> {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(now).ok().filter(|_| self.live)
    }
}

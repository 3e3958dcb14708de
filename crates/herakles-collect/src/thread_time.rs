//! The CPU time of the thread that asks.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Measures what a read itself takes on the calling thread: its CPU time, without the time for
/// which another had the CPU, or a lock.
pub(crate) struct OwnTime(Duration);

impl OwnTime {
    pub(crate) fn start() -> Self {
        Self(thread_cpu())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        thread_cpu().saturating_sub(self.0)
    }
}

/// The CPU time the calling thread has used.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

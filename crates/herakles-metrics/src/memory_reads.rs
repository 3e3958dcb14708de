//! What became of the memory reads of scans.

use std::ops::AddAssign;

/// Memory samples by where they came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryReads {
    /// Read in this refresh.
    pub fresh: u64,
    /// Taken over because nothing had changed.
    pub reused: u64,
    /// Put off because reads would have held the target too long.
    pub deferred_hold: u64,
    /// Put off because the CPU budget was spent.
    pub deferred_budget: u64,
    /// Never read because one read would take longer than `max_hold`.
    pub skipped_size: u64,
}

impl MemoryReads {
    /// The counts by `result`.
    pub(crate) fn by_result(&self) -> [(&'static str, u64); 5] {
        [
            ("fresh", self.fresh),
            ("reused", self.reused),
            ("deferred_hold", self.deferred_hold),
            ("deferred_budget", self.deferred_budget),
            ("skipped_size", self.skipped_size),
        ]
    }
}

impl AddAssign for MemoryReads {
    fn add_assign(&mut self, more: Self) {
        self.fresh += more.fresh;
        self.reused += more.reused;
        self.deferred_hold += more.deferred_hold;
        self.deferred_budget += more.deferred_budget;
        self.skipped_size += more.skipped_size;
    }
}

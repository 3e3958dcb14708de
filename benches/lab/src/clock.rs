//! What a piece of work costs.

use std::{
    alloc::System,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use stats_alloc::{INSTRUMENTED_SYSTEM, Stats, StatsAlloc};

/// The allocator of the system, which counts what it is asked for.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What a piece of work cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// User and system time of all threads.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    /// How often memory was asked for, growing included.
    pub(crate) allocations: usize,
    /// How much memory was asked for.
    pub(crate) allocated_bytes: usize,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.wall += other.wall;
        self.allocations += other.allocations;
        self.allocated_bytes += other.allocated_bytes;
    }
}

/// Measures what this whole process spends from one moment to the next.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    cpu: Duration,
    wall: Instant,
    memory: Stats,
}

impl Stopwatch {
    /// Begins to measure.
    pub(crate) fn start() -> Self {
        Self {
            memory: ALLOCATOR.stats(),
            wall: Instant::now(),
            cpu: process_cpu(),
        }
    }

    /// The cost since the last lap or the start.
    pub(crate) fn lap(&mut self) -> Cost {
        let before = std::mem::replace(self, Self::start());
        let memory = self.memory - before.memory;
        Cost {
            cpu: self.cpu.saturating_sub(before.cpu),
            wall: self.wall.saturating_duration_since(before.wall),
            allocations: memory.allocations + memory.reallocations,
            allocated_bytes: memory.bytes_allocated,
        }
    }
}

/// Does the work and measures it.
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let mut watch = Stopwatch::start();
    let result = work();
    let cost = watch.lap();
    (result, cost)
}

fn process_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// The middle value; of an even number the higher of the two. 0 if there is none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The least and the greatest value.
pub(crate) fn extremes(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let none = (f64::INFINITY, f64::NEG_INFINITY);
    let widen = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    values.into_iter().fold(none, widen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lap_has_what_was_spent_since_the_last_one() {
        let mut watch = Stopwatch::start();
        let held = vec![1_u8; 1 << 20];
        let first = watch.lap();
        assert!(
            first.allocations >= 1 && first.allocated_bytes >= 1 << 20,
            "{first:?}"
        );
        drop(held);
        // Other tests of this process may allocate meanwhile, but not that much.
        assert!(watch.lap().allocated_bytes < 1 << 20);
    }
}

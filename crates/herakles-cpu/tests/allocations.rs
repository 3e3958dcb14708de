//! Accounting for processes that were there before allocates nothing.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use herakles_cpu::{CpuTracker, Usage, UsageSample};
use herakles_stat::{CpuTicks, Pid, ProcessKey, TicksPerSecond};

const PROCESSES: u32 = 1000;

/// A scan in which some have used time, and one in three has been idle.
fn scan(tracker: &mut CpuTracker<u32>, round: u64, begin: Instant) {
    let at = begin + Duration::from_secs(round);
    for id in 1..=PROCESSES {
        let pid = Pid::new(id).expect("a pid");
        if round > 0 && id % 3 == 0 {
            std::hint::black_box(tracker.idle(pid, at));
            continue;
        }
        let cpu = CpuTicks {
            user: round * u64::from(id % 5),
            system: round,
        };
        std::hint::black_box(tracker.observe(UsageSample {
            key: ProcessKey {
                pid,
                start_time: id.into(),
            },
            parent: Pid::new(id / 2),
            zombie: false,
            class: id % 20,
            own: Usage { cpu, ..Usage::ZERO },
            reaped: Usage::ZERO,
            io: None,
            at,
        }));
    }
    tracker.finish();
}

#[test]
fn a_scan_of_known_processes_allocates_nothing() {
    let hz = TicksPerSecond::new(100).expect("ticks");
    let mut tracker = CpuTracker::new(hz, 0);
    let begin = Instant::now();
    for round in 0..3 {
        scan(&mut tracker, round, begin);
    }
    let cost = allocation_counter::measure(|| scan(&mut tracker, 3, begin));
    assert_eq!(cost.count_total, 0);
}

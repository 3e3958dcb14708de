//! Accounting for scans of 10,000 processes, of which one in ten has run.

use std::hint::black_box;
use std::time::{Duration, Instant};

use herakles_cpu::{CpuTracker, Usage, UsageSample};
use herakles_stat::{CpuTicks, Pid, ProcessKey, TicksPerSecond};

const PROCESSES: u32 = 10_000;
const CLASSES: u32 = 100;

pub(crate) fn scan() -> Box<dyn FnMut()> {
    let begin = Instant::now();
    let mut seen: Vec<UsageSample<u32>> = (1..=PROCESSES)
        .map(|id| UsageSample {
            key: ProcessKey {
                pid: Pid::new(id).unwrap(),
                start_time: id.into(),
            },
            parent: Pid::new(id / 2),
            zombie: false,
            class: id % CLASSES,
            own: Usage {
                cpu: CpuTicks { user: 7, system: 3 },
                ..Usage::ZERO
            },
            reaped: Usage::ZERO,
            io: None,
            at: begin,
        })
        .collect();
    let mut tracker = CpuTracker::new(TicksPerSecond::new(100).unwrap(), u64::MAX);
    let mut scan = move || {
        for (number, it) in seen.iter_mut().enumerate() {
            it.at += Duration::from_secs(30);
            it.own.cpu.user += u64::from(number % 10 == 0);
            black_box(tracker.observe(*it));
        }
        tracker.finish();
    };
    scan();
    Box::new(scan)
}

//! Accounting for a scan of 10,000 processes, of which one in ten has run: the tracker beside a map
//! of the last ticks, which credits classes too but loses what those who exit and their parents do.
//!
//! `cargo bench -p herakles-benches --bench cpu`; with `-- ratios` only the ratios.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed benchmark")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use herakles_benches::Bench;
use herakles_cpu::{CpuTracker, Usage, UsageSample};
use herakles_stat::{CpuTicks, Pid, ProcessKey, TicksPerSecond};

const PROCESSES: u32 = 10_000;
const CLASSES: u32 = 100;

/// What a scan sees of everybody.
struct Host {
    begin: Instant,
    round: u32,
    seen: Vec<UsageSample<u32>>,
}

impl Host {
    fn new() -> Self {
        let begin = Instant::now();
        let seen = (1..=PROCESSES).map(|id| UsageSample {
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
        });
        Self {
            begin,
            round: 0,
            seen: seen.collect(),
        }
    }

    fn live(&mut self) {
        self.round += 1;
        let at = self.begin + Duration::from_secs(30) * self.round;
        for (number, it) in self.seen.iter_mut().enumerate() {
            it.at = at;
            it.own.cpu.user += u64::from(number % 10 == 0);
        }
    }
}

/// User ticks of all classes, by the tracker.
fn track(host: &mut Host, tracker: &mut CpuTracker<u32>) -> u64 {
    host.live();
    for it in &host.seen {
        black_box(tracker.observe(*it));
    }
    tracker.finish();
    let classes = (0..CLASSES).filter_map(|class| tracker.class(class));
    classes.map(|used| used.cpu.user).sum()
}

/// The last ticks of each process, when they were read, and the last scan that saw it.
type Last = HashMap<ProcessKey, (CpuTicks, Instant, u32)>;

/// The same by differences.
fn subtract(host: &mut Host, last: &mut Last, classes: &mut HashMap<u32, CpuTicks>) -> u64 {
    host.live();
    for it in &host.seen {
        let now = (it.own.cpu, it.at, host.round);
        if let Some((then, at, _)) = last.insert(it.key, now) {
            let used = CpuTicks {
                user: it.own.cpu.user.saturating_sub(then.user),
                system: it.own.cpu.system.saturating_sub(then.system),
            };
            let seconds = it.at.duration_since(at).as_secs_f64();
            black_box((used.user + used.system) as f64 / 100.0 / seconds);
            let class = classes.entry(it.class).or_default();
            class.user += used.user;
            class.system += used.system;
        }
    }
    last.retain(|_, (.., round)| *round == host.round);
    classes.values().map(|used| used.user).sum()
}

fn main() {
    let mut bench = Bench::from_arguments();
    // Started before the exporter, so that only what they use from now on counts.
    let tracker = CpuTracker::new(TicksPerSecond::new(100).unwrap(), u64::MAX);
    let ours = RefCell::new((Host::new(), tracker));
    let rival = RefCell::new((Host::new(), HashMap::new(), HashMap::new()));
    let track = || {
        let (host, tracker) = &mut *ours.borrow_mut();
        black_box(track(host, tracker))
    };
    let subtract = || {
        let (host, last, classes) = &mut *rival.borrow_mut();
        black_box(subtract(host, last, classes))
    };
    for _ in 0..3 {
        assert_eq!(track(), subtract());
    }
    bench.compare(
        "account for 10,000 processes",
        &[
            ("herakles-cpu", &|| {
                track();
            }),
            ("map of last ticks", &|| {
                subtract();
            }),
        ],
    );
    bench.finish();
}

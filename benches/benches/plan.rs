//! Planning a refresh of 10,000 known processes, of which one in fifty has moved: the planner
//! beside a map of fingerprints, which is the least that tells who has moved.
//!
//! `cargo bench -p herakles-benches --bench plan`; with `-- ratios` only the ratios.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed benchmark")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use herakles_benches::Bench;
use herakles_plan::{Fingerprint, Moment, Observation, PlanLimits, Planner, Read, Resident};
use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};

const PROCESSES: u32 = 10_000;

const INTERVAL: Duration = Duration::from_secs(30);

/// What a scan sees of everybody, and when.
struct Host {
    begin: Instant,
    round: u32,
    seen: Vec<Observation>,
}

impl Host {
    fn new() -> Self {
        let seen = (1..=PROCESSES).map(|id| Observation {
            key: ProcessKey {
                pid: Pid::new(id).unwrap(),
                start_time: id.into(),
            },
            parent: Pid::new(id / 2),
            program: u64::from(id % 200),
            image: id.into(),
            fingerprint: Fingerprint {
                resident: Resident {
                    all_bytes: 4 << 20,
                    shared_bytes: 1 << 20,
                },
                ..Fingerprint::default()
            },
        });
        Self {
            begin: Instant::now(),
            round: 0,
            seen: seen.collect(),
        }
    }

    /// The next refresh.
    fn live(&mut self) -> Moment {
        self.round += 1;
        for it in self.seen.iter_mut().step_by(50) {
            it.fingerprint.minor_faults += 1;
        }
        let now = self.begin + INTERVAL * self.round;
        Moment {
            now,
            next: now + INTERVAL,
            ksm_pages: None,
        }
    }
}

fn usage() -> MemoryUsage {
    let mut usage = MemoryUsage::default();
    (usage.rss_bytes, usage.pss_bytes) = (4 << 20, 2 << 20);
    usage
}

/// A refresh by the planner; how many processes were read.
fn plan(host: &mut Host, planner: &mut Planner, reads: &mut Vec<Read>) -> usize {
    let moment = host.live();
    for it in &host.seen {
        planner.observe(it, moment.now);
    }
    let mut read = 0;
    loop {
        planner.plan(&moment, reads);
        if reads.is_empty() {
            break;
        }
        read += reads.len();
        for one in reads.iter() {
            let took = Duration::from_micros(80);
            planner.record(one.key, &usage(), moment.now, took);
        }
    }
    planner.finish();
    let samples = host.seen.iter().map(|it| planner.sample(it.key));
    black_box(samples.flatten().map(|it| it.usage.pss_bytes).sum::<u64>());
    read
}

/// What was seen of a process, what was read of it, and the last refresh that saw it.
type Remembered = (Fingerprint, MemoryUsage, u32);

/// The same by comparing fingerprints; nothing bounds age or cost.
fn compare(host: &mut Host, known: &mut HashMap<ProcessKey, Remembered>) -> usize {
    host.live();
    let mut read = 0;
    for it in &host.seen {
        let is_same = known
            .get_mut(&it.key)
            .filter(|(then, ..)| *then == it.fingerprint)
            .map(|(.., round)| *round = host.round);
        if is_same.is_none() {
            read += 1;
            known.insert(it.key, (it.fingerprint, usage(), host.round));
        }
    }
    known.retain(|_, (.., round)| *round == host.round);
    let samples = host.seen.iter().filter_map(|it| known.get(&it.key));
    black_box(samples.map(|(_, usage, _)| usage.pss_bytes).sum::<u64>());
    read
}

fn main() {
    let mut bench = Bench::from_arguments();
    let mut host = Host::new();
    let mut planner = Planner::new(PlanLimits::default(), host.begin);
    let mut reads = Vec::new();
    assert_eq!(
        plan(&mut host, &mut planner, &mut reads),
        PROCESSES as usize
    );
    // Until the renewals are spread over the refreshes.
    let renewed = (0..30).map(|_| plan(&mut host, &mut planner, &mut reads));
    assert!(renewed.min().unwrap() >= PROCESSES as usize / 50);
    let ours = RefCell::new((host, planner, reads));

    let mut host = Host::new();
    let mut known = HashMap::new();
    assert_eq!(compare(&mut host, &mut known), PROCESSES as usize);
    assert_eq!(compare(&mut host, &mut known), PROCESSES as usize / 50);
    let rival = RefCell::new((host, known));

    let plan = || {
        let (host, planner, reads) = &mut *ours.borrow_mut();
        black_box(plan(host, planner, reads));
    };
    let compare = || {
        let (host, known) = &mut *rival.borrow_mut();
        black_box(compare(host, known));
    };
    bench.compare(
        "plan a refresh of 10,000 processes",
        &[("herakles-plan", &plan), ("map of fingerprints", &compare)],
    );
    bench.finish();
}

//! Refreshes of 10,000 known processes, of which one in fifty has moved.

use std::hint::black_box;
use std::time::{Duration, Instant};

use herakles_plan::{Fingerprint, Moment, Observation, PlanLimits, Planner, Resident};
use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};

const PROCESSES: u32 = 10_000;

const INTERVAL: Duration = Duration::from_secs(30);

fn observations() -> Vec<Observation> {
    (1..=PROCESSES)
        .map(|id| Observation {
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
        })
        .collect()
}

pub(crate) fn refresh() -> Box<dyn FnMut()> {
    let mut seen = observations();
    let mut now = Instant::now();
    let mut planner = Planner::new(PlanLimits::default(), now);
    let mut reads = Vec::new();
    let mut usage = MemoryUsage::default();
    (usage.rss_bytes, usage.pss_bytes) = (4 << 20, 2 << 20);
    let mut refresh = move || {
        now += INTERVAL;
        let moment = Moment {
            now,
            next: now + INTERVAL,
            ksm_pages: None,
        };
        for it in seen.iter_mut().step_by(50) {
            it.fingerprint.minor_faults += 1;
        }
        for it in &seen {
            planner.observe(it, now);
        }
        loop {
            planner.plan(&moment, &mut reads);
            if reads.is_empty() {
                break;
            }
            for one in &reads {
                planner.record(one.key, &usage, now, Duration::from_micros(80));
            }
        }
        planner.finish();
        let samples = seen.iter().filter_map(|it| planner.sample(it.key));
        black_box(samples.map(|it| it.usage.pss_bytes).sum::<u64>());
    };
    // The first reads everybody, some more spread the renewals.
    for _ in 0..5 {
        refresh();
    }
    Box::new(refresh)
}

//! A refresh in which nothing is new allocates nothing.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use herakles_plan::{
    Fingerprint, Moment, Observation, PlanLimits, PlanSummary, Planner, Read, Resident,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};

const PROCESSES: u32 = 1000;

const SECOND: Duration = Duration::from_secs(1);

/// A planner, and the list that it fills in each refresh.
struct Host {
    planner: Planner,
    begin: Instant,
    reads: Vec<Read>,
}

impl Host {
    /// A refresh in which one in ten has faulted, and one in three is known to be idle.
    fn refresh(&mut self, round: u32) -> PlanSummary {
        let now = self.begin + round * 30 * SECOND;
        for id in 1..=PROCESSES {
            let key = ProcessKey {
                pid: Pid::new(id).expect("a pid"),
                start_time: id.into(),
            };
            if round > 0 && id % 3 == 0 {
                self.planner.idle(key);
                continue;
            }
            let observation = Observation {
                key,
                parent: Pid::new(id / 2),
                program: u64::from(id % 20),
                image: u64::from(id % 50),
                fingerprint: Fingerprint {
                    minor_faults: if id % 10 == 0 { round.into() } else { 0 },
                    resident: Resident {
                        all_bytes: 4 << 20,
                        shared_bytes: 1 << 20,
                    },
                    ..Fingerprint::default()
                },
            };
            self.planner.observe(&observation, now);
        }
        let moment = Moment {
            now,
            next: now + 30 * SECOND,
            ksm_pages: None,
        };
        let mut usage = MemoryUsage::default();
        (usage.rss_bytes, usage.pss_bytes) = (4 << 20, 2 << 20);
        loop {
            self.planner.plan(&moment, &mut self.reads);
            if self.reads.is_empty() {
                return self.planner.finish();
            }
            for read in &self.reads {
                let took = Duration::from_micros(80);
                self.planner.record(read.key, &usage, now, took);
            }
        }
    }
}

#[test]
fn a_refresh_of_known_processes_allocates_nothing() {
    let begin = Instant::now();
    let mut host = Host {
        planner: Planner::new(PlanLimits::default(), begin),
        begin,
        reads: Vec::new(),
    };
    for round in 0..30 {
        host.refresh(round);
    }
    let mut did = PlanSummary::default();
    let cost = allocation_counter::measure(|| did = host.refresh(30));
    assert!(did.fresh > 0 && did.reused > 0, "{did:?}");
    assert_eq!(cost.count_total, 0);
}

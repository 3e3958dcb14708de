//! A host that lives at random, and checks of its planner.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use herakles_plan::{Decision, Moment, PlanLimits, PlanSummary, Planner, Read};
use herakles_stat::ProcessKey;
use proptest::prelude::*;

use crate::host::{Process, key};

/// What happens to one process between two refreshes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Start(Process),
    Exit,
    Change { shared_mib: u64 },
    Grow { rss_mib: u64 },
    Exec { program: u64 },
    Slow { takes: Duration },
}

/// One refresh: what happened before it, how long after the last it comes, in what order the
/// processes are observed, and whose read fails.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub(crate) events: Vec<(u32, Event)>,
    pub(crate) gap: Duration,
    pub(crate) backwards: bool,
    pub(crate) fails: Option<u32>,
    pub(crate) ksm: u64,
    /// Whether turns are read along with the observations.
    pub(crate) ahead: bool,
}

/// A host, and what has been seen of its planner.
pub(crate) struct Run {
    pub(crate) limits: PlanLimits,
    pub(crate) planner: Planner,
    pub(crate) epoch: Instant,
    pub(crate) now: Instant,
    pub(crate) processes: BTreeMap<u32, Process>,
    pub(crate) spent: Duration,
    pub(crate) longest: Duration,
    /// When each was last read, how long that took, and what was seen.
    pub(crate) reads: BTreeMap<u32, (Instant, Duration, Process)>,
}

impl Run {
    pub(crate) fn new(limits: PlanLimits) -> Self {
        let epoch = Instant::now();
        Self {
            limits,
            planner: Planner::new(limits, epoch),
            epoch,
            now: epoch,
            processes: BTreeMap::new(),
            spent: Duration::ZERO,
            longest: Duration::ZERO,
            reads: BTreeMap::new(),
        }
    }

    pub(crate) fn happen(&mut self, pid: u32, event: Event) {
        // Within one refresh a pid is not used again: that would be another identity.
        if let Event::Start(process) = event
            && !self.reads.contains_key(&pid)
        {
            self.processes.entry(pid).or_insert(process);
        }
        if let Event::Exit = event {
            self.processes.remove(&pid);
        }
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        match event {
            Event::Start(_) | Event::Exit => {}
            Event::Change { shared_mib } => {
                process.faults += 1;
                process.shared_mib = shared_mib.min(process.rss_mib);
            }
            Event::Grow { rss_mib } => process.rss_mib += rss_mib,
            Event::Exec { program } => process.program = program,
            Event::Slow { takes } => process.takes = takes,
        }
    }

    pub(crate) fn refresh(
        &mut self,
        refresh: &Refresh,
        next: Instant,
    ) -> Result<PlanSummary, TestCaseError> {
        let Self {
            processes, reads, ..
        } = self;
        reads.retain(|pid, (_, _, then)| {
            processes
                .get(pid)
                .is_some_and(|process| process.program == then.program)
        });
        let mut pids: Vec<u32> = processes.keys().copied().collect();
        if refresh.backwards {
            pids.reverse();
        }
        let mut early = Vec::new();
        if refresh.ahead {
            self.planner.plan_ahead(self.now, next, &mut early);
            early.retain(|read| self.processes.contains_key(&read.key.pid.as_u32()));
        }
        for pid in pids {
            self.planner
                .observe(&self.processes[&pid].seen_as(pid), self.now);
        }
        let made = self.read(&early, refresh.fails)?;
        let mut planned: Vec<ProcessKey> = early.iter().map(|read| read.key).take(made).collect();
        for _ in 0..3 {
            let moment = Moment {
                now: self.now,
                next,
                ksm_pages: Some(refresh.ksm),
            };
            let mut reads = Vec::new();
            self.planner.plan(&moment, &mut reads);
            self.read(&reads, refresh.fails)?;
            planned.extend(reads.iter().map(|read| read.key));
        }
        let count = planned.len();
        planned.sort_unstable();
        planned.dedup();
        prop_assert_eq!(planned.len(), count, "planned twice in one refresh");

        let tally = self.planner.finish();
        let PlanSummary {
            fresh,
            reused,
            deferred_hold,
            deferred_budget,
            skipped_size,
            unreadable,
        } = tally;
        let all = fresh + reused + deferred_hold + deferred_budget + skipped_size + unreadable;
        prop_assert_eq!(all, self.processes.len() as u64);
        prop_assert_eq!(self.planner.len(), self.processes.len());
        Ok(tally)
    }

    /// Makes the reads, in order, until the allowance is used up; returns how many.
    fn read(&mut self, reads: &[Read], fails: Option<u32>) -> Result<usize, TestCaseError> {
        let allowance = self.planner.allowance();
        let mut spent = Duration::ZERO;
        let mut made = 0;
        for read in reads {
            if allowance.is_some_and(|allowance| spent >= allowance) {
                break;
            }
            made += 1;
            let pid = read.key.pid.as_u32();
            let process = self.processes[&pid];
            self.check_bounds(pid, read)?;
            spent += process.takes;
            self.spent += process.takes;
            self.longest = self.longest.max(process.takes);
            if fails == Some(pid) {
                self.planner.failed(read.key, self.now, process.takes);
                self.reads.remove(&pid);
            } else {
                self.planner
                    .record(read.key, &process.usage(), self.now, process.takes);
                self.reads.insert(pid, (self.now, process.takes, process));
            }
        }
        self.check_budget()?;
        Ok(made)
    }

    fn check_bounds(&self, pid: u32, read: &Read) -> Result<(), TestCaseError> {
        if let Some(max) = self.limits.max_hold {
            prop_assert!(read.predicted <= max, "{read:?} although it is too long");
        }
        if let Some((at, took, then)) = self.reads.get(&pid)
            && (then.rss_mib >= 64 || *took >= Duration::from_millis(1))
        {
            let hold = took.as_secs_f64() / self.limits.hold_ratio.as_f64();
            let since = self.now.duration_since(*at).as_secs_f64();
            prop_assert!(since >= hold - 1e-6, "read {since} s after one of {took:?}");
        }
        Ok(())
    }

    /// What was spent is what the bucket has held, or the read that emptied it more.
    fn check_budget(&self) -> Result<(), TestCaseError> {
        let Some(budget) = self.limits.cpu_budget else {
            return Ok(());
        };
        let time = self.limits.memory_max_age + self.now.duration_since(self.epoch);
        let allowed = budget.as_f64() * time.as_secs_f64() + self.longest.as_secs_f64();
        let spent = self.spent.as_secs_f64();
        prop_assert!(spent <= allowed + 1e-6, "spent {spent} s of {allowed} s");
        Ok(())
    }

    /// No sample is older than allowed, nor as old in the middle of the time until the next refresh,
    /// and none is older than the last change of its process, unless a limit is named.
    pub(crate) fn check_samples(&self, next: Instant) -> Result<(), TestCaseError> {
        for (&pid, process) in &self.processes {
            let decision = self.planner.decision(key(pid)).expect("observed");
            let sample = self.planner.sample(key(pid));
            let last = self.reads.get(&pid);
            prop_assert_eq!(
                sample.map(|sample| sample.taken_at),
                last.map(|last| last.0)
            );
            prop_assert_eq!(
                sample.map(|sample| sample.usage),
                last.map(|(_, _, process)| process.usage())
            );
            match decision {
                Decision::Defer(_) | Decision::TooBig => continue,
                Decision::Unreadable => prop_assert!(sample.is_none()),
                Decision::Read(_) => prop_assert_eq!(last.expect("read").0, self.now),
                Decision::Reuse => {
                    let (at, _, then) = last.expect("reused");
                    let half_way = self.now + next.duration_since(self.now) / 2;
                    prop_assert!(half_way.duration_since(*at) < self.limits.memory_max_age);
                    prop_assert_eq!(
                        (then.faults, then.rss_mib),
                        (process.faults, process.rss_mib)
                    );
                }
            }
        }
        Ok(())
    }
}

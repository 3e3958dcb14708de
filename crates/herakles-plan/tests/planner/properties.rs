//! What holds for every sequence of refreshes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::host::{MIB, PROCESS, Process, key, ratio};
use herakles_plan::{Decision, Moment, PlanLimits, Planner, Read, Tally};
use proptest::prelude::*;

/// What happens to one process between two refreshes.
#[derive(Clone, Copy, Debug)]
enum Event {
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
struct Refresh {
    events: Vec<(u32, Event)>,
    gap: Duration,
    backwards: bool,
    fails: Option<u32>,
    ksm: u64,
}

/// A host, and what has been seen of its planner.
struct Run {
    limits: PlanLimits,
    planner: Planner,
    epoch: Instant,
    now: Instant,
    processes: BTreeMap<u32, Process>,
    spent: Duration,
    longest: Duration,
    /// When each was last read, how long that took, and what was seen.
    reads: BTreeMap<u32, (Instant, Duration, Process)>,
}

impl Run {
    fn new(limits: PlanLimits) -> Self {
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

    fn happen(&mut self, pid: u32, event: Event) {
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

    fn refresh(&mut self, refresh: &Refresh, next: Instant) -> Result<Tally, TestCaseError> {
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
        for pid in pids {
            self.planner
                .observe(&self.processes[&pid].seen_as(pid), self.now);
        }
        let mut planned = Vec::new();
        for _ in 0..3 {
            let moment = Moment {
                now: self.now,
                next,
                ksm_pages_sharing: Some(refresh.ksm),
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
        let Tally {
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

    /// Makes the reads, in order, until the allowance is used up.
    fn read(&mut self, reads: &[Read], fails: Option<u32>) -> Result<(), TestCaseError> {
        let allowance = self.planner.allowance();
        let mut spent = Duration::ZERO;
        for read in reads {
            if allowance.is_some_and(|allowance| spent >= allowance) {
                break;
            }
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
        self.check_budget()
    }

    fn check_bounds(&self, pid: u32, read: &Read) -> Result<(), TestCaseError> {
        if let Some(max) = self.limits.max_hold {
            prop_assert!(read.predicted <= max, "{read:?} although it is too long");
        }
        if let Some((at, took, _)) = self.reads.get(&pid) {
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

    /// No sample gets too old before the next refresh, and none is older than the last change of
    /// its process, unless a limit is named.
    fn check_samples(&self, next: Instant) -> Result<(), TestCaseError> {
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
                    prop_assert!(next.duration_since(*at) <= self.limits.memory_max_age);
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

fn process() -> impl Strategy<Value = Process> {
    (1..20u32, 0..4u64, 1..300u64, 0..300u64, takes()).prop_map(
        |(parent, program, rss_mib, shared_mib, takes)| Process {
            parent,
            program,
            faults: 1,
            rss_mib,
            shared_mib: shared_mib.min(rss_mib),
            takes,
        },
    )
}

fn takes() -> impl Strategy<Value = Duration> {
    prop_oneof![
        9 => (10..3_000u64).prop_map(Duration::from_micros),
        1 => (10..500u64).prop_map(Duration::from_millis),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => process().prop_map(Event::Start),
        1 => Just(Event::Exit),
        4 => (0..300u64).prop_map(|shared_mib| Event::Change { shared_mib }),
        1 => prop_oneof![1..50u64, Just(100 * 1024)].prop_map(|rss_mib| Event::Grow { rss_mib }),
        1 => (0..4u64).prop_map(|program| Event::Exec { program }),
        1 => takes().prop_map(|takes| Event::Slow { takes }),
    ]
}

fn refresh() -> impl Strategy<Value = Refresh> {
    (
        prop::collection::vec((2..20u32, event()), 0..8),
        1..60u64,
        any::<bool>(),
        prop::option::weighted(0.3, 2..20u32),
        prop_oneof![5 => Just(0u64), 1 => 0..3u64],
    )
        .prop_map(|(events, gap, backwards, fails, ksm)| Refresh {
            events,
            gap: Duration::from_secs(gap),
            backwards,
            fails,
            ksm,
        })
}

fn refreshes() -> impl Strategy<Value = Vec<Refresh>> {
    prop::collection::vec(refresh(), 1..40)
}

fn limits() -> impl Strategy<Value = PlanLimits> {
    (
        10..600u64,
        prop_oneof![Just(1.0), Just(0.01), Just(0.001)],
        prop::option::of((1..1_000u64).prop_map(Duration::from_millis)),
        prop::option::of(prop_oneof![Just(0.02), Just(0.001), Just(0.000_01)]),
    )
        .prop_map(|(max_age, hold_ratio, max_hold, cpu_budget)| PlanLimits {
            memory_max_age: Duration::from_secs(max_age),
            hold_ratio: ratio(hold_ratio),
            max_hold,
            cpu_budget: cpu_budget.map(ratio),
        })
}

/// When each refresh is, and when the one after it is.
fn times(start: Instant, refreshes: &[Refresh]) -> Vec<(Instant, Instant)> {
    let mut now = start;
    let mut times = Vec::new();
    for (index, refresh) in refreshes.iter().enumerate() {
        now += refresh.gap;
        let gap = refreshes
            .get(index + 1)
            .map_or(refresh.gap, |next| next.gap);
        times.push((now, now + gap));
    }
    times
}

proptest! {
    #[test]
    fn every_limit_holds_and_what_is_put_off_is_named(
        limits in limits(),
        refreshes in refreshes(),
    ) {
        let mut run = Run::new(limits);
        for (refresh, (now, next)) in refreshes.iter().zip(times(run.epoch, &refreshes)) {
            for &(pid, event) in &refresh.events {
                run.happen(pid, event);
            }
            run.now = now;
            run.refresh(refresh, next)?;
            run.check_samples(next)?;
        }
    }

    #[test]
    fn the_order_of_observations_does_not_matter(
        limits in limits(),
        refreshes in refreshes(),
    ) {
        let mut forwards = Run::new(limits);
        let mut backwards = Run::new(limits);
        backwards.epoch = forwards.epoch;
        backwards.planner = Planner::new(limits, forwards.epoch);
        for (refresh, (now, next)) in refreshes.iter().zip(times(forwards.epoch, &refreshes)) {
            let mut tallies = Vec::new();
            for (run, order) in [(&mut forwards, false), (&mut backwards, true)] {
                for &(pid, event) in &refresh.events {
                    run.happen(pid, event);
                }
                run.now = now;
                let refresh = Refresh { backwards: order, ..refresh.clone() };
                tallies.push(run.refresh(&refresh, next)?);
            }
            prop_assert_eq!(tallies[0], tallies[1]);
            for &pid in forwards.processes.keys() {
                let decision = forwards.planner.decision(key(pid));
                prop_assert_eq!(decision, backwards.planner.decision(key(pid)));
                let sample = forwards.planner.sample(key(pid));
                prop_assert_eq!(sample, backwards.planner.sample(key(pid)));
            }
        }
    }

    /// Some change all the time and some never, and the budget does not suffice for those that
    /// do: still each is read, again and again.
    #[test]
    fn nobody_starves(busy in 1..10u32, quiet in 1..10u32, per_refresh in 1..4u32) {
        let gap = Duration::from_secs(10);
        let max_age = gap * 10;
        let budget = PROCESS.takes.as_secs_f64() * f64::from(per_refresh) / gap.as_secs_f64();
        let mut run = Run::new(PlanLimits {
            memory_max_age: max_age,
            hold_ratio: ratio(1.0),
            max_hold: None,
            cpu_budget: Some(ratio(budget)),
        });
        for pid in 2..2 + busy + quiet {
            run.happen(pid, Event::Start(Process { rss_mib: 1, shared_mib: 0, ..PROCESS }));
        }
        // Beyond twice the age a process is in the queue, which takes so long at most.
        let queue = (busy + quiet).div_ceil(per_refresh) + 2;
        let patience = max_age * 2 + gap * queue;
        for round in 0..100 {
            for pid in 2..2 + busy {
                run.happen(pid, Event::Change { shared_mib: 0 });
            }
            run.now += gap;
            let refresh = Refresh {
                events: Vec::new(),
                gap,
                backwards: round % 2 == 0,
                fails: None,
                ksm: 0,
            };
            run.refresh(&refresh, run.now + gap)?;
            for pid in 2..2 + busy + quiet {
                let last = run.reads.get(&pid).map_or(run.epoch, |read| read.0);
                let waited = run.now.duration_since(last);
                prop_assert!(waited <= patience, "{pid} has waited {waited:?} of {patience:?}");
            }
        }
    }

    /// Limits at the edge of what a type can hold do no harm.
    #[test]
    fn no_limit_is_too_extreme(
        max_age in any::<Duration>(),
        max_hold in prop::option::of(any::<Duration>()),
        hold_ratio in any::<f64>(),
        cpu_budget in any::<f64>(),
        took in any::<Duration>(),
        resident_bytes in any::<u64>(),
    ) {
        let Some(hold_ratio) = herakles_plan::Ratio::new(hold_ratio) else { return Ok(()) };
        let mut run = Run::new(PlanLimits {
            memory_max_age: max_age,
            hold_ratio,
            max_hold,
            cpu_budget: herakles_plan::Ratio::new(cpu_budget),
        });
        for second in 0..4u64 {
            let mut seen = PROCESS.seen_as(10);
            seen.fingerprint.resident_bytes = resident_bytes / (second + 1);
            run.planner.observe(&seen, run.now);
            let next = run.now + Duration::from_secs(1);
            let moment = Moment { now: run.now, next, ksm_pages_sharing: None };
            let mut reads = Vec::new();
            run.planner.plan(&moment, &mut reads);
            for read in reads {
                let usage = Process { rss_mib: 1 + resident_bytes / MIB, ..PROCESS }.usage();
                run.planner.record(read.key, &usage, run.now, took);
            }
            run.planner.finish();
            run.now = next;
        }
        prop_assert_eq!(run.planner.len(), 1);
    }
}

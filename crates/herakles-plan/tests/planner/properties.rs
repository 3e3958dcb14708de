//! What holds for every sequence of refreshes.

use std::time::{Duration, Instant};

use herakles_plan::{Moment, PlanLimits, Planner, Ratio};
use proptest::prelude::*;

use crate::host::{MIB, PROCESS, Process, key, ratio};
use crate::run::{Event, Refresh, Run};

fn process() -> impl Strategy<Value = Process> {
    (1..20u32, 0..4u64, 0..4u64, 1..300u64, 0..300u64, takes()).prop_map(
        |(parent, program, image, rss_mib, shared_mib, takes)| Process {
            parent,
            program,
            image,
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
        any::<bool>(),
    )
        .prop_map(|(events, gap, backwards, fails, ksm, ahead)| Refresh {
            events,
            gap: Duration::from_secs(gap),
            backwards,
            fails,
            ksm,
            ahead,
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
                ahead: round % 3 == 0,
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
        let Some(hold_ratio) = Ratio::new(hold_ratio) else { return Ok(()) };
        let mut run = Run::new(PlanLimits {
            memory_max_age: max_age,
            hold_ratio,
            max_hold,
            cpu_budget: Ratio::new(cpu_budget),
        });
        for second in 0..4u64 {
            let mut seen = PROCESS.seen_as(10);
            seen.fingerprint.resident.all_bytes = resident_bytes / (second + 1);
            run.planner.observe(&seen, run.now);
            let next = run.now + Duration::from_secs(1);
            let moment = Moment { now: run.now, next, ksm_pages: None };
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

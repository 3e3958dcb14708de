//! Samples are renewed by age, a share of all in each refresh.

use std::collections::BTreeSet;
use std::time::Duration;

use herakles_plan::{PlanLimits, Read, Reason};
use herakles_stat::ProcessKey;

use crate::host::{GAP, Host, PROCESS, crowd, key, limits, ratio};

#[test]
fn every_sample_is_renewed_once_per_max_age_and_the_load_is_spread() {
    let mut host = Host::new(limits(), &crowd(1_000));
    assert_eq!(host.refresh().len(), 1_000);
    for round in 0..3 {
        let mut read = Vec::new();
        for refresh in 0..10 {
            let reads = host.refresh();
            assert!(
                (95..=105).contains(&reads.len()),
                "{round}.{refresh}: {}",
                reads.len()
            );
            assert!(reads.iter().all(|(_, reason)| *reason == Reason::Aged));
            read.extend(reads.iter().map(|(pid, _)| *pid));
        }
        assert_eq!(read.len(), 1_000);
        read.sort_unstable();
        read.dedup();
        assert_eq!(read.len(), 1_000);
    }
}

#[test]
fn big_and_small_ones_cost_each_refresh_the_same() {
    let mut crowd = crowd(1_000);
    for (_, process) in &mut crowd {
        process.takes = Duration::from_micros(50 + 12 * process.rss_mib);
    }
    for (_, process) in crowd.iter_mut().skip(300).take(100) {
        process.rss_mib = 50;
        process.takes = Duration::from_micros(50 + 12 * process.rss_mib);
    }
    let mut host = Host::new(limits(), &crowd);
    host.refresh();
    let mut work = Vec::new();
    for _ in 0..10 {
        let reads = host.refresh();
        let takes = |(pid, _): &(u32, Reason)| host.processes[pid].takes;
        work.push(reads.iter().map(takes).sum::<Duration>());
    }
    let all: Duration = crowd.iter().map(|(_, process)| process.takes).sum();
    assert_eq!(work.iter().sum::<Duration>(), all);
    assert!(work.iter().all(|it| *it < all * 11 / 100), "{work:?}");
}

#[test]
fn turns_can_be_read_along_with_the_look_at_everybody() {
    let mut host = Host::new(limits(), &crowd(1_000));
    host.refresh();
    let mut early = Vec::new();
    for _ in 0..20 {
        let next = host.now + GAP;
        host.planner.plan_ahead(host.now, next, &mut early);
        assert!((95..=105).contains(&early.len()), "{}", early.len());
        host.observe();
        host.read(&early);
        assert_eq!(host.plan(), []);
        assert_eq!(host.planner.finish().fresh, early.len() as u64);
        host.now = next;
    }
}

#[test]
fn turns_that_were_not_taken_along_with_the_look_come_to_the_plan() {
    let mut host = Host::new(limits(), &crowd(1_000));
    host.refresh();
    let mut read = Vec::new();
    for _ in 0..10 {
        let mut early = Vec::new();
        host.planner
            .plan_ahead(host.now, host.now + GAP, &mut early);
        let keys =
            |reads: &[Read]| -> BTreeSet<ProcessKey> { reads.iter().map(|it| it.key).collect() };
        // They sleep, so that nobody looks; half of the turns are taken all the same.
        for pid in host.processes.keys() {
            let known = host.planner.idle(key(*pid));
            assert!(known);
        }
        host.read(&early[..early.len() / 2]);
        let planned = host.plan();
        assert_eq!(keys(&planned), keys(&early[early.len() / 2..]));
        host.read(&planned);
        assert_eq!(host.planner.finish().fresh, early.len() as u64);
        read.extend(keys(&early));
        host.now += GAP;
    }
    assert_eq!(read.len(), 1_000);
    read.sort_unstable();
    read.dedup();
    assert_eq!(read.len(), 1_000);
}

#[test]
fn nobody_is_read_early_while_the_budget_may_be_needed_by_others() {
    let limits = PlanLimits {
        // 100 ms for 1,000 reads of 100 us.
        cpu_budget: Some(ratio(0.000_33)),
        ..limits()
    };
    let mut host = Host::new(limits, &crowd(1_000));
    for _ in 0..5 {
        let mut early = Vec::new();
        let next = host.now + GAP;
        host.planner.plan_ahead(host.now, next, &mut early);
        assert_eq!(early, []);
        host.refresh();
    }
}

#[test]
fn who_is_read_for_changes_has_no_turn() {
    let mut host = Host::new(limits(), &crowd(100));
    host.refresh();
    for _ in 0..30 {
        for pid in 10..60 {
            host.change(pid, |process| process.faults += 1);
        }
        let reads = host.refresh();
        let turns = reads.iter().filter(|(_, reason)| *reason == Reason::Aged);
        assert!((4..=6).contains(&turns.count()), "{reads:?}");
    }
}

#[test]
fn one_that_may_not_be_read_does_not_stop_the_turns_of_others() {
    let mut crowd = crowd(100);
    // Held for 10,000 s after its first read.
    crowd[0].1.takes = Duration::from_secs(1);
    let limits = PlanLimits {
        hold_ratio: ratio(0.000_1),
        ..limits()
    };
    let mut host = Host::new(limits, &crowd);
    host.refresh();
    for _ in 0..30 {
        let reads = host.refresh();
        assert!((9..=11).contains(&reads.len()), "{reads:?}");
    }
}

#[test]
fn with_a_max_age_below_the_gap_everything_is_read_each_time() {
    let limits = PlanLimits {
        memory_max_age: GAP / 2,
        ..limits()
    };
    let mut host = Host::new(limits, &[(10, PROCESS), (11, PROCESS)]);
    for _ in 0..5 {
        assert_eq!(host.refresh().len(), 2);
    }
}

/// A scan may fail between the look ahead and the plan.
#[test]
fn turns_of_a_refresh_that_never_ended_are_not_taken_twice() {
    let mut host = Host::new(limits(), &crowd(1_000));
    host.refresh();
    let mut early = Vec::new();
    host.planner
        .plan_ahead(host.now, host.now + GAP, &mut early);
    assert!(!early.is_empty());
    host.planner.apply(limits());
    for pid in host.processes.keys() {
        assert!(host.planner.idle(key(*pid)));
    }
    let planned = host.plan();
    let once: BTreeSet<ProcessKey> = planned.iter().map(|it| it.key).collect();
    assert_eq!((planned.len(), once.len()), (early.len(), early.len()));
}

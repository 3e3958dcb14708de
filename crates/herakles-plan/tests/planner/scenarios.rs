//! What is read when, one situation at a time.

use std::time::Duration;

use herakles_plan::{Decision, Observation, PlanLimits, Reason, Tally};
use herakles_stat::ProcessKey;

use crate::host::{GAP, Host, PROCESS, Process, key, limits};

#[test]
fn a_process_is_read_once_and_then_when_it_changes() {
    let mut host = Host::new(limits(), &[(10, PROCESS), (11, PROCESS)]);
    assert_eq!(host.refresh(), [(10, Reason::New), (11, Reason::New)]);
    assert_eq!(host.refresh(), []);
    host.change(11, |process| process.faults += 1);
    let (reads, tally) = host.refresh_counted();
    assert_eq!(reads, [(11, Reason::Changed)]);
    assert_eq!(
        tally,
        Tally {
            fresh: 1,
            reused: 1,
            ..Tally::default()
        }
    );
}

#[test]
fn an_idle_process_keeps_its_sample_and_an_unmentioned_one_is_gone() {
    let mut host = Host::new(limits(), &[(10, PROCESS), (11, PROCESS)]);
    host.refresh();
    assert!(host.planner.idle(key(10)));
    assert!(!host.planner.idle(key(12)));
    assert_eq!(host.plan(), []);
    assert_eq!(
        host.planner.finish(),
        Tally {
            reused: 1,
            ..Tally::default()
        }
    );
    assert_eq!(
        host.planner.sample(key(10)).expect("kept").usage,
        PROCESS.usage()
    );
    assert_eq!(host.planner.sample(key(11)), None);
    assert_eq!(host.planner.len(), 1);
}

#[test]
fn a_reused_pid_is_a_new_process() {
    let mut host = Host::new(limits(), &[(10, PROCESS)]);
    host.refresh();
    let heir = ProcessKey {
        start_time: 5_000,
        ..key(10)
    };
    host.planner.observe(
        &Observation {
            key: heir,
            ..PROCESS.seen_as(10)
        },
        host.now,
    );
    let reads = host.plan();
    assert_eq!(
        reads.iter().map(|read| read.key).collect::<Vec<_>>(),
        [heir]
    );
    assert_eq!(host.planner.sample(key(10)), None);
}

#[test]
fn exec_makes_it_new_whatever_its_last_read_took() {
    let slow = Process {
        takes: Duration::from_millis(500),
        ..PROCESS
    };
    let mut host = Host::new(limits(), &[(10, slow)]);
    host.refresh();
    host.change(10, |process| process.program = 1);
    assert_eq!(host.refresh(), [(10, Reason::New)]);
}

#[test]
fn every_sample_is_renewed_once_per_max_age_and_the_load_is_spread() {
    let crowd: Vec<(u32, Process)> = (10..1_010)
        .map(|pid| {
            (
                pid,
                Process {
                    program: pid.into(),
                    ..PROCESS
                },
            )
        })
        .collect();
    let mut host = Host::new(limits(), &crowd);
    assert_eq!(host.refresh().len(), 1_000);
    for round in 0..3 {
        let mut read = Vec::new();
        for refresh in 0..10 {
            let reads = host.refresh();
            assert!(
                (60..=140).contains(&reads.len()),
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

#[test]
fn when_ksm_moves_everything_is_read() {
    let mut host = Host::new(limits(), &[(10, PROCESS), (11, PROCESS)]);
    host.refresh();
    host.ksm = 12_800;
    assert_eq!(host.refresh(), [(10, Reason::Ksm), (11, Reason::Ksm)]);
    assert_eq!(host.refresh(), []);
}

#[test]
fn a_planned_read_that_is_not_made_is_deferred_and_still_due() {
    let mut host = Host::new(limits(), &[(10, PROCESS)]);
    host.observe();
    assert_eq!(host.plan().len(), 1);
    assert_eq!(host.plan(), []);
    assert_eq!(
        host.planner.finish(),
        Tally {
            deferred_budget: 1,
            ..Tally::default()
        }
    );
    assert_eq!(host.refresh(), [(10, Reason::New)]);
}

#[test]
fn a_failed_read_leaves_no_sample_and_is_tried_again_on_change_or_by_age() {
    let mut host = Host::new(limits(), &[(10, PROCESS)]);
    host.refresh();
    host.change(10, |process| process.faults += 1);
    let mut failures = Vec::new();
    for refresh in 0..25 {
        if refresh == 5 {
            host.change(10, |process| process.faults += 1);
        }
        host.observe();
        for read in host.plan() {
            failures.push((refresh, read.reason));
            host.planner
                .failed(read.key, host.now, Duration::from_micros(5));
        }
        assert_eq!(host.planner.sample(key(10)), None);
        assert_eq!(host.planner.decision(key(10)), Some(Decision::Unreadable));
        assert_eq!(
            host.planner.finish(),
            Tally {
                unreadable: 1,
                ..Tally::default()
            }
        );
        host.now += GAP;
    }
    let (changes, ages): (Vec<_>, Vec<_>) = failures
        .into_iter()
        .partition(|(_, reason)| *reason == Reason::Changed);
    assert_eq!(changes, [(0, Reason::Changed), (5, Reason::Changed)]);
    assert!(ages.iter().all(|(_, reason)| *reason == Reason::Aged));
    assert!((2..=3).contains(&ages.len()), "{ages:?}");
}

#[test]
fn other_limits_apply_at_once_and_keep_the_samples() {
    let mut host = Host::new(limits(), &[(10, PROCESS)]);
    host.refresh();
    host.planner.apply(PlanLimits {
        memory_max_age: GAP,
        ..limits()
    });
    assert!(host.planner.sample(key(10)).is_some());
    assert_eq!(host.refresh(), [(10, Reason::Aged)]);
}

#[test]
fn the_result_for_an_unknown_process_is_ignored() {
    let mut host = Host::new(limits(), &[(10, PROCESS)]);
    host.planner
        .record(key(99), &PROCESS.usage(), host.now, PROCESS.takes);
    host.planner.failed(key(99), host.now, PROCESS.takes);
    assert_eq!(host.refresh(), [(10, Reason::New)]);
    assert_eq!(host.planner.sample(key(99)), None);
}

#[test]
fn a_process_takes_at_most_200_bytes() {
    let crowd: Vec<(u32, Process)> = (10..5_010)
        .map(|pid| {
            (
                pid,
                Process {
                    program: pid.into(),
                    ..PROCESS
                },
            )
        })
        .collect();
    let mut host = Host::new(limits(), &crowd);
    for _ in 0..3 {
        host.refresh();
    }
    let each = host.planner.heap_bytes() / host.planner.len();
    assert!(each <= 200, "{each} bytes");
}

#[test]
fn refreshes_that_come_a_little_early_or_late_cost_no_second_read() {
    let crowd: Vec<(u32, Process)> = (10..1_010)
        .map(|pid| {
            let program = pid.into();
            (pid, Process { program, ..PROCESS })
        })
        .collect();
    let mut host = Host::new(limits(), &crowd);
    let mut reads = 0;
    for refresh in 0..50_u32 {
        let jitter = Duration::from_millis(u64::from(refresh * 37 % 101));
        host.now += jitter;
        let read = host.refresh().len();
        host.now -= jitter;
        if refresh >= 20 {
            reads += read;
        }
    }
    // Three times 1,000 are due in thirty refreshes.
    assert!((2_800..=3_500).contains(&reads), "{reads}");
}

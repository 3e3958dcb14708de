//! What is read when, one situation at a time.

use std::time::Duration;

use crate::host::{GAP, Host, PROCESS, Process, key, limits, patient, ratio};
use herakles_plan::{Bound, Decision, Observation, PlanLimits, Reason, Tally};
use herakles_stat::ProcessKey;

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

/// 21 with its parent, sibling, child, another instance, a stranger, and one that shares little.
fn family() -> Vec<(u32, Process)> {
    let of = |parent, program| Process {
        parent,
        program,
        rss_mib: 100,
        shared_mib: 90,
        ..PROCESS
    };
    vec![
        (20, of(1, 9)),
        (21, of(20, 7)),
        (22, of(20, 8)),
        (23, of(21, 6)),
        (24, of(1, 7)),
        (25, of(1, 5)),
        (
            26,
            Process {
                parent: 20,
                program: 7,
                ..PROCESS
            },
        ),
    ]
}

fn pids(reads: &[(u32, Reason)], reason: Reason) -> Vec<u32> {
    let mut pids: Vec<u32> = reads
        .iter()
        .filter(|read| read.1 == reason)
        .map(|read| read.0)
        .collect();
    pids.sort_unstable();
    pids
}

#[test]
fn when_a_sharer_exits_its_relatives_are_read() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    assert_eq!(host.refresh(), []);
    host.processes.remove(&21);
    assert_eq!(pids(&host.refresh(), Reason::Sharer), [20, 22, 23, 24]);
}

#[test]
fn when_a_sharer_calls_exec_its_relatives_are_read() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    host.change(21, |process| {
        (process.program, process.shared_mib) = (77, 1)
    });
    let reads = host.refresh();
    assert_eq!(pids(&reads, Reason::New), [21]);
    assert_eq!(pids(&reads, Reason::Sharer), [20, 22, 23, 24]);
}

#[test]
fn when_a_sharer_writes_shared_pages_its_relatives_are_read_in_the_same_refresh() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    host.change(21, |process| (process.faults, process.shared_mib) = (2, 60));
    let reads = host.refresh();
    assert_eq!(pids(&reads, Reason::Changed), [21]);
    assert_eq!(pids(&reads, Reason::Sharer), [20, 22, 23, 24]);
    assert_eq!(host.refresh(), []);
}

#[test]
fn when_a_sharer_changes_private_memory_nobody_else_is_read() {
    let mut host = Host::new(patient(), &family());
    host.refresh();
    host.change(21, |process| (process.faults, process.rss_mib) = (2, 120));
    host.change(21, |process| assert_eq!(process.shared_mib, 90));
    assert_eq!(host.refresh(), [(21, Reason::Changed)]);
}

#[test]
fn when_a_sharer_appears_even_those_that_shared_nothing_are_read() {
    let alone = Process {
        rss_mib: 100,
        shared_mib: 1,
        ..PROCESS
    };
    let mut host = Host::new(
        limits(),
        &[
            (20, alone),
            (
                30,
                Process {
                    program: 3,
                    ..PROCESS
                },
            ),
        ],
    );
    host.refresh();
    // Forked by 20, which is blocked and does not notice that its pages are shared now.
    host.processes.insert(
        40,
        Process {
            parent: 20,
            shared_mib: 99,
            program: 1,
            ..alone
        },
    );
    assert_eq!(host.refresh(), [(40, Reason::New), (20, Reason::Sharer)]);
}

#[test]
fn children_of_init_are_no_siblings() {
    let of = |program| Process {
        program,
        rss_mib: 100,
        shared_mib: 90,
        ..PROCESS
    };
    let mut host = Host::new(patient(), &[(20, of(1)), (21, of(2))]);
    host.refresh();
    host.processes.remove(&20);
    assert_eq!(host.refresh(), []);
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
fn a_process_whose_read_took_long_is_left_alone_for_long() {
    let slow = Process {
        takes: Duration::from_millis(100),
        ..PROCESS
    };
    let mut host = Host::new(limits(), &[(10, slow)]);
    host.refresh();
    // 100 ms at a ratio of 0.001: not before 100 s.
    for _ in 0..3 {
        host.change(10, |process| process.faults += 1);
        let (reads, tally) = host.refresh_counted();
        assert_eq!(reads, []);
        assert_eq!(
            tally,
            Tally {
                deferred_hold: 1,
                ..Tally::default()
            }
        );
        assert_eq!(
            host.planner.decision(key(10)),
            Some(Decision::Defer(Bound::Hold))
        );
        assert!(host.planner.sample(key(10)).is_some());
    }
    assert_eq!(host.refresh(), [(10, Reason::Changed)]);
}

#[test]
fn a_process_too_big_to_read_is_skipped_from_the_first_sight_on() {
    let huge = Process {
        rss_mib: 200 * 1024,
        ..PROCESS
    };
    let mut host = Host::new(limits(), &[(10, huge), (11, PROCESS)]);
    let (reads, tally) = host.refresh_counted();
    assert_eq!(reads, [(11, Reason::New)]);
    assert_eq!(
        tally,
        Tally {
            fresh: 1,
            skipped_size: 1,
            ..Tally::default()
        }
    );
    assert_eq!(host.planner.decision(key(10)), Some(Decision::TooBig));
    host.change(10, |process| process.rss_mib = 1024);
    assert_eq!(host.refresh(), [(10, Reason::New)]);
}

#[test]
fn without_max_hold_nothing_is_too_big() {
    let huge = Process {
        rss_mib: 200 * 1024,
        ..PROCESS
    };
    let mut host = Host::new(
        PlanLimits {
            max_hold: None,
            ..limits()
        },
        &[(10, huge)],
    );
    assert_eq!(host.refresh(), [(10, Reason::New)]);
}

#[test]
fn a_process_that_was_too_slow_by_accident_gets_another_chance() {
    let limits = PlanLimits {
        hold_ratio: ratio(0.1),
        ..limits()
    };
    let mut host = Host::new(
        limits,
        &[(
            10,
            Process {
                takes: GAP / 10,
                ..PROCESS
            },
        )],
    );
    host.refresh();
    host.change(10, |process| {
        (process.faults, process.takes) = (2, PROCESS.takes)
    });
    for _ in 1..10 {
        assert_eq!(host.refresh(), []);
        assert_eq!(host.planner.decision(key(10)), Some(Decision::TooBig));
    }
    // memory_max_age has passed.
    assert_eq!(host.refresh(), [(10, Reason::Changed)]);
    host.change(10, |process| process.faults += 1);
    assert_eq!(host.refresh(), [(10, Reason::Changed)]);
}

#[test]
fn the_budget_goes_to_new_then_changed_then_sharers() {
    // 6 s at the start, 0.6 s more per refresh.
    let takes = Duration::from_millis(600);
    let family: Vec<(u32, Process)> = family()
        .into_iter()
        .map(|(pid, process)| (pid, Process { takes, ..process }))
        .collect();
    let mut host = Host::new(
        PlanLimits {
            hold_ratio: ratio(1.0),
            ..limits()
        },
        &family,
    );
    assert_eq!(host.refresh().len(), 7);
    host.processes.remove(&24); // shares with 21
    host.change(22, |process| process.faults += 1);
    host.processes.insert(50, Process { takes, ..PROCESS });
    let reads = host.refresh();
    assert_eq!(
        reads,
        [
            (50, Reason::New),
            (22, Reason::Changed),
            (21, Reason::Sharer)
        ]
    );
}

#[test]
fn an_empty_budget_defers_and_names_it() {
    let limits = PlanLimits {
        cpu_budget: Some(ratio(0.000_001)),
        ..limits()
    };
    let crowd = [(10, PROCESS), (11, PROCESS), (12, PROCESS), (13, PROCESS)];
    let mut host = Host::new(limits, &crowd);
    // 300 µs at the start, 30 µs more per refresh, and 100 µs per read.
    let (reads, tally) = host.refresh_counted();
    assert_eq!(reads.len(), 3);
    assert_eq!(
        tally,
        Tally {
            fresh: 3,
            deferred_budget: 1,
            ..Tally::default()
        }
    );
    assert_eq!(
        host.planner.decision(key(13)),
        Some(Decision::Defer(Bound::Budget))
    );
    assert_eq!(host.planner.sample(key(13)), None);
    assert_eq!(host.refresh(), [(13, Reason::New)]);
}

#[test]
fn without_a_budget_there_is_no_allowance_and_nothing_is_deferred() {
    let limits = PlanLimits {
        cpu_budget: None,
        ..limits()
    };
    let mut host = Host::new(
        limits,
        &[(
            10,
            Process {
                takes: GAP,
                ..PROCESS
            },
        )],
    );
    assert_eq!(host.planner.allowance(), None);
    assert_eq!(host.refresh().len(), 1);
    host.processes.insert(11, PROCESS);
    assert_eq!(host.refresh(), [(11, Reason::New)]);
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

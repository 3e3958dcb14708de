//! What is not read although it is due.

use std::time::Duration;

use herakles_plan::{Bound, Decision, PlanLimits, PlanSummary, Reason};

use crate::host::{GAP, Host, PROCESS, Process, family, key, limits, ratio};

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
            PlanSummary {
                deferred_hold: 1,
                ..PlanSummary::default()
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
        PlanSummary {
            fresh: 1,
            skipped_size: 1,
            ..PlanSummary::default()
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
    assert_eq!(host.refresh(), []);
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
        PlanSummary {
            fresh: 3,
            deferred_budget: 1,
            ..PlanSummary::default()
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

/// The smallest process that `hold_ratio` protects, by its size or by the time of its read.
#[test]
fn reads_that_hold_nobody_up_to_speak_of_are_never_put_off_for_it() {
    let limits = PlanLimits {
        hold_ratio: ratio(0.000_001),
        ..limits()
    };
    let sized = |rss_mib, micros| Process {
        rss_mib,
        takes: Duration::from_micros(micros),
        ..PROCESS
    };
    let crowd = [
        (10, sized(63, 999)),
        (11, sized(64, 999)),
        (12, sized(63, 1_000)),
    ];
    let mut host = Host::new(limits, &crowd);
    assert_eq!(host.refresh().len(), 3);
    for _ in 0..3 {
        for pid in 10..=12 {
            host.change(pid, |process| process.faults += 1);
        }
        assert_eq!(host.refresh(), [(10, Reason::Changed)]);
        for pid in 11..=12 {
            let decision = host.planner.decision(key(pid));
            assert_eq!(decision, Some(Decision::Defer(Bound::Hold)));
        }
    }
}

//! What is read when, one situation at a time.

use std::time::{Duration, Instant};

use herakles_plan::{
    Decision, Moment, Observation, PlanLimits, PlanSummary, Planner, Reason, Resident,
};
use herakles_stat::ProcessKey;

use crate::host::{GAP, Host, MIB, PROCESS, Process, crowd, key, limits};

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
        PlanSummary {
            fresh: 1,
            reused: 1,
            ..PlanSummary::default()
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
        PlanSummary {
            reused: 1,
            ..PlanSummary::default()
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
        PlanSummary {
            deferred_budget: 1,
            ..PlanSummary::default()
        }
    );
    assert_eq!(host.refresh(), [(10, Reason::New)]);
}

#[test]
fn without_a_plan_nothing_counts_as_read() {
    let mut host = Host::new(limits(), &[(10, PROCESS)]);
    host.refresh();
    host.observe();
    assert_eq!(
        host.planner.finish(),
        PlanSummary {
            reused: 1,
            ..PlanSummary::default()
        }
    );
    assert_eq!(host.planner.decision(key(10)), Some(Decision::Reuse));
}

#[test]
fn a_failed_read_leaves_no_sample_and_is_tried_again_on_change_or_by_age() {
    let mut host = Host::new(limits(), &[(10, PROCESS)]);
    host.refresh();
    host.change(10, |process| process.faults += 1);
    let mut failures = Vec::new();
    for refresh in 0..36 {
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
            PlanSummary {
                unreadable: 1,
                ..PlanSummary::default()
            }
        );
        host.now += GAP;
    }
    let (changes, ages): (Vec<_>, Vec<_>) = failures
        .into_iter()
        .partition(|(_, reason)| *reason == Reason::Changed);
    assert_eq!(changes, [(0, Reason::Changed), (5, Reason::Changed)]);
    let aged = [15, 25, 35].map(|refresh| (refresh, Reason::Aged));
    assert_eq!(ages, aged);
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

/// What `statm` says is off by some MB on some kernels: it tells what has moved.
#[test]
fn rss_is_that_of_the_sample_and_what_statm_has_moved_since() {
    let mut planner = Planner::new(limits(), Instant::now());
    let now = Instant::now();
    let moment = |now| Moment {
        now,
        next: now + GAP,
        ksm_pages: None,
    };
    let resident = |mib| Resident {
        all_bytes: mib * MIB,
        shared_bytes: 0,
    };
    let mut seen = PROCESS.seen_as(10);
    seen.fingerprint.resident = resident(1);
    planner.observe(&seen, now);
    planner.plan(&moment(now), &mut Vec::new());
    planner.record(key(10), &PROCESS.usage(), now, PROCESS.takes);
    let rss = |planner: &Planner| planner.sample(key(10)).expect("read").rss_bytes / MIB;
    assert_eq!(rss(&planner), 4);
    planner.finish();

    // One that has not run may still be changed by others.
    for (statm, expected, reads) in [(3, 6, 1), (0, 3, 1), (1, 4, 0)] {
        planner.idle(key(10));
        planner.resident(key(10), resident(statm));
        assert_eq!(rss(&planner), expected);
        let mut due = Vec::new();
        planner.plan(&moment(now + GAP), &mut due);
        assert_eq!(due.len(), reads, "{statm} MiB");
        planner.finish();
    }
}

#[test]
fn a_process_takes_at_most_200_bytes() {
    let crowd = crowd(5_000);
    let mut host = Host::new(limits(), &crowd);
    for _ in 0..3 {
        host.refresh();
    }
    let each = host.planner.heap_bytes() / host.planner.len();
    assert!(each <= 200, "{each} bytes");
}

#[test]
fn refreshes_that_come_a_little_early_or_late_cost_no_second_read() {
    let crowd = crowd(1_000);
    let mut host = Host::new(limits(), &crowd);
    for refresh in 0..50_u32 {
        let jitter = Duration::from_millis(u64::from(refresh * 37 % 101));
        host.now += jitter;
        let read = host.refresh().len();
        host.now -= jitter;
        if refresh > 0 {
            assert!((95..=105).contains(&read), "{refresh}: {read}");
        }
    }
}

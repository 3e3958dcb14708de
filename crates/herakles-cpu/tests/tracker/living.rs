//! Processes while they live.

use std::time::{Duration, Instant};

use herakles_cpu::{CpuReading, CpuTracker, Usage, UsageSample};
use herakles_stat::{Pid, TicksPerSecond};

use crate::host::{EXPORTER_START, Host, INIT, JOB, Process, SHELL, user};

#[test]
fn an_older_process_counts_its_growth_and_a_younger_one_everything() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL, JOB.used(12)]);
    assert_eq!(
        (host.ticks("init"), host.ticks("shell"), host.ticks("job")),
        (0, 0, 12)
    );
    host.scan(&[INIT.used(501), SHELL.used(75), JOB.used(20)]);
    assert_eq!(
        (host.ticks("init"), host.ticks("shell"), host.ticks("job")),
        (1, 5, 20)
    );
}

#[test]
fn a_younger_process_brings_what_it_has_reaped_already() {
    let mut host = Host::new();
    host.scan(&[INIT]);
    host.scan(&[INIT, JOB.used(3).reaped(40)]);
    assert_eq!(host.ticks("job"), 43);
}

#[test]
fn usage_is_in_cores_and_absent_at_first_sight() {
    let mut host = Host::new();
    assert_eq!(host.read(JOB.used(10)).usage, None);
    host.tracker.finish();
    host.now += Duration::from_millis(1_999);
    let reading = host.read(JOB.used(310));
    assert_eq!(
        reading,
        CpuReading {
            total: user(310).cpu,
            usage: Some(1.5)
        }
    );
}

#[test]
fn after_a_failed_read_usage_covers_the_whole_interval() {
    let mut host = Host::new();
    host.scan(&[JOB.used(10)]);
    assert!(host.tracker.keep(JOB.key().pid));
    host.finish();
    host.now -= Duration::from_millis(1);
    assert_eq!(host.read(JOB.used(110)).usage, Some(0.5));
    assert_eq!(host.ticks("job"), 110);
}

#[test]
fn an_unknown_process_cannot_be_kept_or_idle() {
    let mut host = Host::new();
    assert!(!host.tracker.keep(JOB.key().pid));
    assert_eq!(host.tracker.idle(JOB.key().pid, host.now), None);
    assert!(host.tracker.is_empty());
}

#[test]
fn an_idle_process_uses_nothing_and_is_still_there() {
    let mut host = Host::new();
    host.scan(&[JOB.used(10)]);
    let idle = host.tracker.idle(JOB.key().pid, host.now);
    assert_eq!(
        idle,
        Some(CpuReading {
            total: user(10).cpu,
            usage: Some(0.0)
        })
    );
    host.finish();
    // Only what it used since, over the time since.
    host.now -= Duration::from_millis(1);
    assert_eq!(host.read(JOB.used(60)).usage, Some(0.5));
}

#[test]
fn a_counter_that_falls_adds_nothing_and_is_never_shown_lower() {
    let mut host = Host::new();
    host.scan(&[JOB.used(100)]);
    let reading = host.read(JOB.used(90));
    assert_eq!(
        reading,
        CpuReading {
            total: user(100).cpu,
            usage: Some(0.0)
        }
    );
    host.finish();
    host.scan(&[JOB.used(105)]);
    assert_eq!(host.ticks("job"), 105);
}

#[test]
fn two_reads_at_the_same_moment_give_no_usage() {
    let mut host = Host::new();
    host.scan(&[JOB.used(10)]);
    host.now -= Duration::from_millis(1_001);
    assert_eq!(host.read(JOB.used(20)).usage, None);
}

#[test]
fn a_reused_pid_is_another_process() {
    let mut host = Host::new();
    host.scan(&[INIT, JOB.used(100)]);
    let heir = Process {
        start_time: 3_000,
        class: "heir",
        ..JOB
    };
    let reading = host.read(heir.used(7));
    assert_eq!(
        reading,
        CpuReading {
            total: user(7).cpu,
            usage: None
        }
    );
    assert_eq!((host.ticks("job"), host.ticks("heir")), (100, 7));
    assert_eq!(host.tracker.len(), 2);
}

#[test]
fn another_class_gets_the_growth_from_then_on() {
    let mut host = Host::new();
    host.scan(&[JOB.used(100)]);
    host.scan(&[Process {
        class: "batch",
        ..JOB.used(130)
    }]);
    assert_eq!((host.ticks("job"), host.ticks("batch")), (100, 30));
}

#[test]
fn a_forgotten_class_starts_at_zero_if_it_returns() {
    let mut host = Host::new();
    host.scan(&[JOB.used(100)]);
    host.tracker.forget_class("job");
    assert_eq!(host.tracker.class("job"), None);
    host.scan(&[JOB.used(101)]);
    assert_eq!(host.ticks("job"), 1);
}

#[test]
fn a_process_takes_at_most_160_bytes() {
    let hz = TicksPerSecond::new(100).expect("a rate");
    let mut tracker = CpuTracker::<u32>::new(hz, EXPORTER_START);
    let mut scan = |size: u32| {
        for pid in 2..size + 2 {
            let process = Process { pid, ..JOB };
            tracker.observe(UsageSample {
                io: None,
                key: process.key(),
                parent: Pid::new(1),
                zombie: false,
                class: pid % 50,
                own: user(1),
                reaped: Usage::ZERO,
                at: Instant::now(),
            });
        }
        tracker.finish();
        tracker.heap_bytes()
    };
    for size in [1_000, 1_800, 3_600, 7_200, 14_337] {
        let each = scan(size) / size as usize;
        assert!(each <= 160, "{each} bytes for each of {size}");
    }
    let after_the_crowd = scan(1_000);
    assert!(
        after_the_crowd <= 300_000,
        "{after_the_crowd} bytes are kept"
    );
}

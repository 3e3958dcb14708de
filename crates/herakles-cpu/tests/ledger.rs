//! What a user of the counters notices, one situation at a time.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use herakles_cpu::{CpuReading, Exit, ExitSource, Ledger, Observation, Usage};
use herakles_stat::{CpuTicks, Pid, ProcessKey, TicksPerSecond};

const EXPORTER_START: u64 = 1_000;

/// Scans one second apart of processes given as `(pid, start time, parent)`.
struct Host {
    ledger: Ledger<&'static str>,
    now: Instant,
}

#[derive(Clone, Copy)]
struct Process {
    pid: u32,
    start_time: u64,
    parent: u32,
    class: &'static str,
    own: u64,
    reaped: u64,
}

const INIT: Process = Process {
    pid: 1,
    start_time: 1,
    parent: 0,
    class: "init",
    own: 500,
    reaped: 9_000,
};
const SHELL: Process = Process {
    pid: 10,
    start_time: 200,
    parent: 1,
    class: "shell",
    own: 70,
    reaped: 30,
};
const JOB: Process = Process {
    pid: 20,
    start_time: 2_000,
    parent: 10,
    class: "job",
    own: 0,
    reaped: 0,
};

fn user(ticks: u64) -> Usage {
    Usage {
        cpu: CpuTicks {
            user: ticks,
            system: 0,
        },
        ..Usage::ZERO
    }
}

impl Process {
    fn key(&self) -> ProcessKey {
        ProcessKey {
            pid: Pid::new(self.pid).expect("a pid"),
            start_time: self.start_time,
        }
    }

    fn used(self, own: u64) -> Self {
        Self { own, ..self }
    }

    fn reaped(self, reaped: u64) -> Self {
        Self { reaped, ..self }
    }
}

impl Host {
    fn new() -> Self {
        Self::with_exits(ExitSource::Children)
    }

    fn with_exits(exits: ExitSource) -> Self {
        let hz = TicksPerSecond::new(100).expect("a rate");
        Self {
            ledger: Ledger::new(hz, EXPORTER_START, exits),
            now: Instant::now(),
        }
    }

    fn read(&mut self, process: Process) -> CpuReading {
        self.now += Duration::from_millis(1);
        self.ledger.observe(Observation {
            key: process.key(),
            parent: Pid::new(process.parent),
            zombie: false,
            class: process.class,
            own: user(process.own),
            reaped: user(process.reaped),
            at: self.now,
        })
    }

    fn scan(&mut self, processes: &[Process]) {
        for &process in processes {
            self.read(process);
        }
        self.finish();
    }

    fn finish(&mut self) {
        self.ledger.finish();
        self.now += Duration::from_secs(1);
    }

    fn ticks(&self, class: &'static str) -> u64 {
        self.ledger.class(class).unwrap_or_default().cpu.total()
    }
}

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
    host.ledger.finish();
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
    assert!(host.ledger.keep(JOB.key().pid));
    host.finish();
    host.now -= Duration::from_millis(1);
    assert_eq!(host.read(JOB.used(110)).usage, Some(0.5));
    assert_eq!(host.ticks("job"), 110);
}

#[test]
fn an_unknown_process_cannot_be_kept_or_idle() {
    let mut host = Host::new();
    assert!(!host.ledger.keep(JOB.key().pid));
    assert_eq!(host.ledger.idle(JOB.key().pid, host.now), None);
    assert!(host.ledger.is_empty());
}

#[test]
fn an_idle_process_uses_nothing_and_is_still_there() {
    let mut host = Host::new();
    host.scan(&[JOB.used(10)]);
    let idle = host.ledger.idle(JOB.key().pid, host.now);
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
    assert_eq!(host.ledger.len(), 2);
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
fn the_tail_of_a_reaped_child_goes_to_its_parent() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL, JOB.used(40)]);
    // It used 5 more before it was waited for.
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (40, 5));
    assert_eq!(host.ledger.len(), 2);
}

#[test]
fn a_child_that_no_scan_saw_is_credited_to_its_parent_whole() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL]);
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!(host.ticks("shell"), 45);
}

#[test]
fn what_a_child_used_before_the_exporter_started_is_never_credited() {
    let mut host = Host::new();
    let old_job = Process {
        start_time: 300,
        ..JOB
    };
    host.scan(&[INIT, SHELL, old_job.used(4_000)]);
    host.scan(&[INIT, SHELL.reaped(30 + 4_001)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (0, 1));
}

#[test]
fn a_parent_read_before_it_reaped_is_charged_in_the_next_scan() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL, JOB.used(40)]);
    host.scan(&[INIT, SHELL]); // reaps the job a moment later
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (40, 5));
}

#[test]
fn a_child_read_before_its_parent_is_not_counted_twice() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL, JOB]);
    // The job is read, exits, and then the shell that has reaped it is read.
    host.scan(&[INIT, JOB.used(40), SHELL.reaped(30 + 45)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (40, 5));
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (40, 5));
}

#[test]
fn what_was_held_back_for_a_child_that_lives_is_credited_a_scan_later() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL, JOB.used(40)]);
    // Others were reaped, but for all the ledger knows it was the job.
    host.scan(&[INIT, JOB.used(40), SHELL.reaped(30 + 45)]);
    assert_eq!(host.ticks("shell"), 5);
    host.scan(&[INIT, SHELL.reaped(30 + 45), JOB.used(41)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (41, 45));
}

#[test]
fn a_parent_that_ignores_its_children_does_not_pay_for_them() {
    let mut host = Host::new();
    let daemon = Process {
        pid: 15,
        class: "daemon",
        ..SHELL
    };
    let child = Process { parent: 15, ..JOB };
    host.scan(&[INIT, SHELL, daemon, child.used(40)]);
    host.scan(&[INIT, SHELL, daemon]);
    host.scan(&[INIT, SHELL.reaped(30 + 45), daemon]);
    host.scan(&[INIT, SHELL.reaped(30 + 45), daemon.reaped(30 + 8)]);
    assert_eq!(
        (host.ticks("job"), host.ticks("shell"), host.ticks("daemon")),
        (40, 45, 8)
    );
}

#[test]
fn a_chain_that_exits_at_once_is_settled_with_the_ancestor_that_lives() {
    let mut host = Host::new();
    let step = Process {
        pid: 30,
        start_time: 2_500,
        parent: 20,
        class: "step",
        ..JOB
    };
    host.scan(&[INIT, SHELL, JOB.used(40), step.used(20)]);
    host.scan(&[INIT, SHELL.reaped(30 + 40 + 20 + 3)]);
    assert_eq!(
        (host.ticks("job"), host.ticks("step"), host.ticks("shell")),
        (40, 20, 3)
    );
}

#[test]
fn an_orphan_is_settled_with_the_init_that_adopted_it() {
    let mut host = Host::new();
    let step = Process {
        pid: 30,
        start_time: 2_500,
        parent: 20,
        class: "step",
        ..JOB
    };
    host.scan(&[INIT, SHELL, JOB.used(40), step.used(20)]);
    host.scan(&[INIT.reaped(9_000 + 22), SHELL.reaped(30 + 40)]);
    assert_eq!((host.ticks("init"), host.ticks("shell")), (2, 0));
}

#[test]
fn an_unseen_subreaper_is_found_between_the_parent_and_init() {
    let mut host = Host::new();
    let manager = Process {
        pid: 5,
        start_time: 100,
        parent: 1,
        class: "manager",
        ..SHELL
    };
    let shell = Process { parent: 5, ..SHELL };
    let step = Process {
        pid: 30,
        start_time: 2_500,
        parent: 20,
        class: "step",
        ..JOB
    };
    host.scan(&[INIT, manager, shell, JOB.used(40), step.used(20)]);
    host.scan(&[INIT, manager.reaped(30 + 22), shell.reaped(30 + 40)]);
    assert_eq!(
        (
            host.ticks("init"),
            host.ticks("manager"),
            host.ticks("shell")
        ),
        (0, 2, 0)
    );
}

#[test]
fn page_faults_are_settled_as_ticks_are() {
    let mut host = Host::new();
    let faults = |minor_faults, major_faults| Usage {
        minor_faults,
        major_faults,
        ..Usage::ZERO
    };
    let read = |host: &mut Host, process: Process, own, reaped| {
        host.now += Duration::from_millis(1);
        host.ledger.observe(Observation {
            key: process.key(),
            parent: Pid::new(process.parent),
            zombie: false,
            class: process.class,
            own,
            reaped,
            at: host.now,
        });
    };
    read(&mut host, SHELL, faults(0, 0), faults(0, 0));
    read(&mut host, JOB, faults(500, 3), faults(0, 0));
    host.finish();
    read(&mut host, SHELL, faults(7, 0), faults(512, 4));
    host.finish();
    assert_eq!(host.ledger.class("job"), Some(faults(500, 3)));
    assert_eq!(host.ledger.class("shell"), Some(faults(19, 1)));
}

#[test]
fn a_forgotten_class_starts_at_zero_if_it_returns() {
    let mut host = Host::new();
    host.scan(&[JOB.used(100)]);
    host.ledger.forget_class("job");
    assert_eq!(host.ledger.class("job"), None);
    host.scan(&[JOB.used(101)]);
    assert_eq!(host.ticks("job"), 1);
}

#[test]
fn an_exit_record_credits_the_end_to_the_process_itself() {
    let mut host = Host::with_exits(ExitSource::Records);
    host.scan(&[INIT, SHELL, JOB.used(40)]);
    let exit = |own| Exit {
        key: ProcessKey {
            start_time: 2_001,
            ..JOB.key()
        },
        parent: Pid::new(10),
        class: "other",
        own: user(own),
    };
    host.ledger.exit(exit(45));
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!(
        (host.ticks("job"), host.ticks("shell"), host.ticks("other")),
        (45, 0, 0)
    );
}

#[test]
fn an_exit_record_of_a_process_nobody_saw_counts_once_even_if_its_zombie_is_read() {
    let mut host = Host::with_exits(ExitSource::Records);
    host.scan(&[INIT, SHELL]);
    host.ledger.exit(Exit {
        key: ProcessKey {
            start_time: 1_998,
            ..JOB.key()
        },
        parent: Pid::new(10),
        class: "job",
        own: user(45),
    });
    host.scan(&[INIT, SHELL, JOB.used(45)]);
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (45, 0));
    assert_eq!(host.ledger.len(), 2);
}

#[test]
fn without_exit_records_such_a_record_is_ignored() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL]);
    let key = JOB.key();
    host.ledger.exit(Exit {
        key,
        parent: None,
        class: "job",
        own: user(45),
    });
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (0, 45));
}

#[test]
fn a_forged_tree_with_a_cycle_ends() {
    let mut host = Host::new();
    let one = Process { parent: 21, ..JOB };
    let other = Process {
        pid: 21,
        parent: 20,
        ..JOB
    };
    let child = Process {
        pid: 30,
        parent: 22,
        ..JOB
    };
    let gone = Process {
        pid: 22,
        parent: 20,
        ..JOB
    };
    host.scan(&[one, other, gone, child.used(5)]);
    host.scan(&[one, other]);
    assert_eq!(host.ticks("job"), 5);
}

#[test]
fn a_process_takes_at_most_160_bytes() {
    let hz = TicksPerSecond::new(100).expect("a rate");
    let mut ledger = Ledger::<u32>::new(hz, EXPORTER_START, ExitSource::Children);
    let mut scan = |size: u32| {
        for pid in 2..size + 2 {
            let process = Process { pid, ..JOB };
            ledger.observe(Observation {
                key: process.key(),
                parent: Pid::new(1),
                zombie: false,
                class: pid % 50,
                own: user(1),
                reaped: Usage::ZERO,
                at: Instant::now(),
            });
        }
        ledger.finish();
        ledger.heap_bytes()
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

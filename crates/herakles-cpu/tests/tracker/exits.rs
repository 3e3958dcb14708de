//! Processes that exit: whom their last ticks are credited to.

use std::time::Duration;

use herakles_cpu::{Exit, Usage, UsageSample};
use herakles_stat::{CpuTicks, Pid, ProcessKey};

use crate::host::{Host, INIT, JOB, Process, SHELL, user};

#[test]
fn the_tail_of_a_reaped_child_goes_to_its_parent() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL, JOB.used(40)]);
    // It used 5 more before it was waited for.
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (40, 5));
    assert_eq!(host.tracker.len(), 2);
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
    // Others were reaped, but for all the tracker knows it was the job.
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

/// An orphan may have gone into either of two ancestors: into the one whose growth nobody else
/// accounts for, although the other is nearer and it is the last try.
#[test]
fn an_orphan_takes_nothing_that_another_may_have_left_while_somebody_else_can_pay() {
    let mut host = Host::new();
    let job = |pid, parent| Process { pid, parent, ..JOB };
    let (middle, child, late) = (job(20, 10), job(22, 10), job(23, 10));
    let orphan = job(21, 20).used(764);
    host.scan(&[late, child, middle, orphan, SHELL, INIT]);

    // The parent of the orphan ends, and init reaps it. That may as well have been the child.
    let (child, init) = (child.used(764), INIT.reaped(INIT.reaped + 764));
    host.scan(&[late, child, SHELL, init]);
    // Both children end; one of them after it has been read.
    let shell = SHELL.reaped(SHELL.reaped + 765);
    host.scan(&[late.used(1), shell, init]);
    for _ in 0..3 {
        host.scan(&[shell, init]);
    }
    assert_eq!(host.ticks("job"), 764 + 764 + 1);
    assert_eq!((host.ticks("shell"), host.ticks("init")), (0, 0));
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
        host.tracker.observe(UsageSample {
            io: None,
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
    assert_eq!(host.tracker.class("job"), Some(faults(500, 3)));
    assert_eq!(host.tracker.class("shell"), Some(faults(19, 1)));
}

#[test]
fn an_exit_record_credits_the_end_to_the_process_itself() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL, JOB.used(40)]);
    let exit = |own| Exit {
        io: None,
        key: ProcessKey {
            start_time: 2_001,
            ..JOB.key()
        },
        parent: Pid::new(10),
        class: "other",
        own: user(own),
    };
    host.tracker.exit(exit(45));
    host.scan(&[INIT, SHELL.reaped(30 + 45)]);
    assert_eq!(
        (host.ticks("job"), host.ticks("shell"), host.ticks("other")),
        (45, 0, 0)
    );
}

#[test]
fn an_exit_record_of_a_process_nobody_saw_counts_once_even_if_its_zombie_is_read() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL]);
    host.tracker.exit(Exit {
        io: None,
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
    assert_eq!(host.tracker.len(), 2);
}

fn exit_of(job: Process, own: Usage) -> Exit<&'static str> {
    Exit {
        io: None,
        key: job.key(),
        parent: Pid::new(job.parent),
        class: "job",
        own,
    }
}

#[test]
fn what_was_used_after_the_exit_record_goes_to_who_absorbed_it() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL]);
    host.tracker.exit(exit_of(JOB, user(45)));
    host.scan(&[INIT, SHELL.reaped(30 + 45 + 3)]);
    host.scan(&[INIT, SHELL.reaped(30 + 45 + 3)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (45, 3));
}

#[test]
fn exits_that_nobody_told_of_go_to_who_absorbed_them() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL]);
    host.tracker.exit(exit_of(JOB, user(45)));
    // And another one of 20 ticks, whose record was lost.
    host.scan(&[INIT, SHELL.reaped(30 + 45 + 20)]);
    host.scan(&[INIT, SHELL.reaped(30 + 45 + 20)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (45, 20));
}

#[test]
fn a_recorded_child_that_nobody_waits_for_counts_and_takes_nothing_from_others() {
    let mut host = Host::new();
    host.scan(&[INIT, SHELL]);
    host.tracker.exit(exit_of(JOB, user(45)));
    for _ in 0..4 {
        host.scan(&[INIT, SHELL]);
    }
    host.scan(&[INIT, SHELL.reaped(30 + 50)]);
    assert_eq!((host.ticks("job"), host.ticks("shell")), (45, 50));
}

#[test]
fn a_record_and_its_reaping_may_divide_the_same_time_otherwise() {
    let modes = |user, system| Usage {
        cpu: CpuTicks { user, system },
        ..Usage::ZERO
    };
    let mut host = Host::new();
    host.scan(&[INIT, SHELL]);
    host.tracker.exit(exit_of(JOB, modes(45, 0)));
    let read = |host: &mut Host, process: Process, own, reaped| {
        host.now += Duration::from_millis(1);
        host.tracker.observe(UsageSample {
            io: None,
            key: process.key(),
            parent: Pid::new(process.parent),
            zombie: process.pid == JOB.pid,
            class: process.class,
            own,
            reaped,
            at: host.now,
        });
    };
    // As a zombie, and then in its parent's account.
    read(&mut host, SHELL, user(SHELL.own), user(30));
    read(&mut host, JOB, modes(10, 36), Usage::ZERO);
    host.finish();
    for _ in 0..2 {
        read(&mut host, SHELL, user(SHELL.own), modes(30 + 10, 37));
        host.finish();
    }
    let total = |class| host.tracker.class(class).expect("known").cpu.total();
    assert_eq!((total("job"), total("shell")), (46, 1));
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

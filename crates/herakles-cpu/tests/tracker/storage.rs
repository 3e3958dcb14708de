//! What storage did for processes.

use herakles_cpu::{Usage, UsageSample};
use herakles_stat::{IoBytes, Pid};

use crate::host::{Host, JOB, Process, SHELL, user};

const fn written(write: u64) -> Option<IoBytes> {
    Some(IoBytes { read: 0, write })
}

impl Host {
    /// Reads a process; whoever has reaped children has taken over page faults.
    fn read_io(&mut self, process: Process, minor_faults: u64, io: Option<IoBytes>) {
        self.tracker.observe(UsageSample {
            key: process.key(),
            parent: Pid::new(process.parent),
            zombie: false,
            class: process.class,
            own: user(process.own),
            reaped: Usage {
                minor_faults,
                ..Usage::ZERO
            },
            io,
            at: self.now,
        });
    }
}

#[test]
fn who_waits_for_nobody_keeps_what_it_wrote_itself() {
    let mut host = Host::new();
    host.read_io(SHELL, 9, written(1_000));
    host.read_io(JOB, 0, written(500));
    host.finish();
    // The kernel dropped the job: the shell ignores its children.
    for total in [1_200, 1_400, 1_600] {
        host.read_io(SHELL, 9, written(total));
        host.finish();
    }
    assert_eq!(host.tracker.class_io("shell"), written(600));
    assert_eq!(host.tracker.class_io("job"), written(500));
}

#[test]
fn who_waits_is_credited_with_what_nobody_saw() {
    let mut host = Host::new();
    host.read_io(SHELL, 9, written(1_000));
    host.read_io(JOB, 0, written(500));
    host.finish();
    host.read_io(SHELL, 12, written(1_000 + 700 + 30));
    host.finish();
    assert_eq!(host.tracker.class_io("shell"), written(230));
    assert_eq!(host.tracker.class_io("job"), written(500));
}

#[test]
fn what_was_not_read_at_first_counts_from_its_first_sight_if_it_is_older() {
    let mut host = Host::new();
    for io in [None, written(800), None, written(900)] {
        host.read_io(SHELL, 9, io);
        host.read_io(JOB, 0, io);
        host.finish();
    }
    assert_eq!(host.tracker.class_io("shell"), written(100));
    assert_eq!(host.tracker.class_io("job"), written(900));
    assert_eq!(host.tracker.class_io("init"), None);
}

#[test]
fn a_pid_that_is_used_again_starts_anew() {
    let mut host = Host::new();
    host.read_io(JOB, 0, written(800));
    host.finish();
    let start_time = JOB.start_time + 500;
    host.read_io(Process { start_time, ..JOB }, 0, written(50));
    host.finish();
    assert_eq!(host.tracker.class_io("job"), written(850));
}

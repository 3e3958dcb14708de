//! Open descriptors, against a listing of `/proc/PID/fd`.

use std::fs;

use herakles_scan::{ReadBuf, count_fds, peek_fds, read_max_fds};
use herakles_stat::Pid;

use crate::child::Running;
use crate::rights::as_nobody;
use crate::{live, opened, this_process};

/// What `ls /proc/PID/fd | wc -l` says.
fn listed(pid: Pid) -> Option<u64> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    u64::try_from(entries.count()).ok()
}

/// Whether the kernel counts at all: this process has some open.
fn kernel_counts() -> bool {
    count_fds(&opened(this_process())).expect("our own") > 0
}

#[test]
fn the_count_is_that_of_the_listing_for_an_ordinary_user_too() {
    if !kernel_counts() {
        return;
    }
    let children = [
        Running::shell(""),
        Running::shell("exec 7</dev/null 8</dev/null"),
        Running::python(
            "import sys; files = [open('/dev/null') for _ in range(50)]; \
             print('ready', flush=True); sys.stdin.read()",
        ),
    ];
    for child in &children {
        let pid = child.pid();
        let count = as_nobody(|| count_fds(&opened(pid)).expect("needs no rights"));
        assert_eq!(Some(count), listed(pid));
        assert_eq!(peek_fds(&live(), pid), Ok(count));
    }
}

/// Whether the count ever is what a listing says before and after; a process that opens and closes
/// files all the time, or that ends, may be between two of them at any single look.
fn is_counted_as_listed(pid: Pid) -> bool {
    (0..100).any(|_| {
        let before = listed(pid);
        let count = as_nobody(|| peek_fds(&live(), pid));
        let (Some(listed_before), Ok(count)) = (before, count) else {
            return true;
        };
        listed(pid) == before && count == listed_before
    })
}

#[test]
fn every_process_has_as_many_as_are_listed() {
    if !kernel_counts() {
        return;
    }
    let mut pids = Vec::new();
    herakles_scan::ProcSource::pids(&live(), &mut pids).expect("listed");
    for pid in pids.into_iter().filter(|pid| *pid != this_process()) {
        assert!(is_counted_as_listed(pid), "{pid}");
    }
}

#[test]
fn the_limit_is_the_soft_one() {
    let child = Running::shell("ulimit -S -n 77");
    let limit = as_nobody(|| read_max_fds(&opened(child.pid()), &mut ReadBuf::new(4096)));
    assert_eq!(limit, Ok(Some(77)));
}

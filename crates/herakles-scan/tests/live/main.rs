//! The live /proc: processes in every condition that a host has.

#![expect(clippy::expect_used, reason = "a test may fail")]

mod child;
mod conditions;
mod cost;
mod descriptors;
mod rights;
mod source;

use std::path::Path;

use herakles_scan::{ProcFs, ProcFsHandle, open_process};
use herakles_stat::Pid;

fn live() -> ProcFs {
    ProcFs::open(Path::new("/proc")).expect("a Linux host has /proc")
}

fn opened(pid: Pid) -> ProcFsHandle {
    open_process(&live(), pid).expect("the process lives")
}

fn this_process() -> Pid {
    Pid::new(std::process::id()).expect("our pid")
}

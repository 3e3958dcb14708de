//! The live procfs against another look at it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use herakles_scan::{
    KernelUnits, MemorySource, ProcFile, ProcFs, ProcHandle as _, ProcSource as _, ReadBuf,
    RootErrorKind, read_stat, read_text,
};
use herakles_stat::Pid;
use rustix::time::{ClockId, clock_gettime};

use crate::child::Running;
use crate::{live, opened, this_process};

#[test]
fn the_list_is_ascending_and_has_us_and_our_children() {
    let child = Running::shell("");
    let mut pids = vec![this_process()];
    live().pids(&mut pids).expect("listed");
    assert!(pids.is_sorted_by(|a, b| a < b), "ascending, each once");
    assert!(pids.contains(&this_process()) && pids.contains(&child.pid()));
}

#[test]
fn files_are_read_as_others_read_them() {
    let child = Running::shell("");
    let process = opened(child.pid());
    let root = format!("/proc/{}", child.pid());
    let mut buf = ReadBuf::default();
    for file in [ProcFile::Cmdline, ProcFile::Cgroup] {
        let theirs = fs::read(format!("{root}/{file}")).expect("our child");
        assert_eq!(
            read_text(&process, file, &mut buf).expect("our child"),
            theirs,
            "{file}"
        );
    }
    let exe = fs::read_link(format!("{root}/exe")).expect("our child");
    let ours = read_text(&process, ProcFile::Exe, &mut buf).expect("our child");
    assert_eq!(ours, exe.as_os_str().as_encoded_bytes());
}

#[test]
fn start_times_agree_with_the_clock() {
    let since_boot = || Duration::try_from(clock_gettime(ClockId::Boottime)).expect("positive");
    let units = KernelUnits::here().expect("sane units");
    let a_tick = units.ticks_per_second.duration(1);
    let before = since_boot();
    let child = Running::shell("");
    let mut buf = ReadBuf::default();
    let process = opened(child.pid());
    let ticks = read_stat(&process, &mut buf).expect("our child").start_time;
    let started = units.ticks_per_second.duration(ticks);
    assert!(started + a_tick >= before, "{started:?} {before:?}");
    assert!(started <= since_boot());
}

#[test]
fn a_large_file_is_read_whole_by_a_small_buffer() {
    let tree = tempfile::tempdir().expect("a directory");
    let directory = tree.path().join("42");
    fs::create_dir(&directory).expect("created");
    let lines = "0::/a/long/path\n".repeat(1000);
    fs::write(directory.join("cgroup"), &lines).expect("written");
    fs::write(directory.join("statm"), lines.repeat(10)).expect("written");
    let proc = ProcFs::open(tree.path()).expect("a tree");
    let process = proc.open(Pid::new(42).expect("not zero")).expect("there");
    let mut buf = ReadBuf::new(0);
    assert_eq!(
        process.read(ProcFile::Cgroup, &mut buf).expect("read"),
        lines.as_bytes()
    );
    assert_eq!(
        process.read(ProcFile::Statm, &mut buf).expect("read").len(),
        64 * 1024
    );
}

#[test]
fn a_recorded_tree_is_listed_in_order_and_known_as_such() {
    let tree = tempfile::tempdir().expect("a directory");
    for name in ["30", "4", "100", "sys", "007", "1a", "4294967296"] {
        fs::create_dir(tree.path().join(name)).expect("created");
    }
    let proc = ProcFs::open(tree.path()).expect("a tree");
    assert!(!proc.is_procfs() && live().is_procfs());
    let mut pids = Vec::new();
    proc.pids(&mut pids).expect("listed");
    assert_eq!(pids, [4, 30, 100].map(|id| Pid::new(id).expect("not zero")));
    assert_eq!(proc.mount_options().expect("nothing to read"), None);
    assert_eq!(
        MemorySource::probe(&proc, &pids),
        MemorySource::SmapsRollup,
        "no proof"
    );
    fs::write(tree.path().join("30/smaps"), "").expect("written");
    assert_eq!(MemorySource::probe(&proc, &pids), MemorySource::Smaps);
}

#[test]
fn what_is_no_source_of_processes_is_refused_with_its_reason() {
    let tree = tempfile::tempdir().expect("a directory");
    let kind = |path: &Path| ProcFs::open(path).expect_err("no /proc").kind;
    assert_eq!(kind(tree.path()), RootErrorKind::NoProcesses);
    assert_eq!(kind(&tree.path().join("absent")), RootErrorKind::Missing);
    fs::write(tree.path().join("file"), "").expect("written");
    assert_eq!(
        kind(&tree.path().join("file")),
        RootErrorKind::NotADirectory
    );
    let message = ProcFs::open(tree.path()).expect_err("no /proc").to_string();
    assert!(
        message.starts_with(&tree.path().display().to_string()),
        "{message}"
    );
}

#[test]
fn the_live_kernel_has_what_its_version_promises() {
    let mut pids = Vec::new();
    live().pids(&mut pids).expect("listed");
    let present = Path::new("/proc/self/smaps_rollup").exists();
    let expected = if present {
        MemorySource::SmapsRollup
    } else {
        MemorySource::Smaps
    };
    assert_eq!(MemorySource::probe(&live(), &pids), expected);
    assert!(
        live().mount_options().expect("readable").is_some(),
        "/proc is mounted"
    );
}

#[test]
fn pids_are_those_of_our_namespace_only_on_our_proc() {
    assert!(live().is_our_pid_namespace());
}

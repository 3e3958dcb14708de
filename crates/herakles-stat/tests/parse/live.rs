//! The parsers against the live /proc and what was kept of others, with the `procfs` crate as an
//! independent reader.

use herakles_stat::{IoBytes, Pid, Stat, Statm};
use procfs::FromRead as _;

fn live_files(name: &str) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("a Linux host has /proc") {
        let entry = entry.expect("readable");
        if Pid::from_name(entry.file_name().as_encoded_bytes()).is_some()
            && let Ok(bytes) = std::fs::read(entry.path().join(name))
        {
            files.push(bytes);
        }
    }
    assert!(!files.is_empty(), "at least this process has a {name}");
    files
}

#[test]
fn every_live_stat_reads_as_procfs_reads_it() {
    for line in live_files("stat") {
        compare_stat(&line);
    }
}

/// Holds what we read against what procfs reads.
pub(crate) fn compare_stat(line: &[u8]) {
    let ours = Stat::parse(line).expect("the kernel wrote it");
    let theirs = procfs::process::Stat::from_read(line).expect("the kernel wrote it");
    assert_eq!(
        ours.pid.as_u32(),
        u32::try_from(theirs.pid).expect("not negative")
    );
    // procfs keeps the name as text.
    assert_eq!(String::from_utf8_lossy(ours.comm), theirs.comm);
    assert_eq!(char::from(ours.state.letter()), theirs.state);
    assert_eq!(
        ours.parent.map_or(0, Pid::as_u32),
        u32::try_from(theirs.ppid).expect("not negative")
    );
    assert_eq!(ours.flags, theirs.flags);
    assert_eq!(ours.minor_faults, theirs.minflt);
    assert_eq!(ours.reaped_minor_faults, theirs.cminflt);
    assert_eq!(ours.major_faults, theirs.majflt);
    assert_eq!(ours.reaped_major_faults, theirs.cmajflt);
    assert_eq!(
        (ours.cpu.user, ours.cpu.system),
        (theirs.utime, theirs.stime)
    );
    assert_eq!(
        ours.reaped_cpu.user,
        u64::try_from(theirs.cutime).expect("not negative")
    );
    assert_eq!(
        ours.reaped_cpu.system,
        u64::try_from(theirs.cstime).expect("not negative")
    );
    assert_eq!(
        u64::from(ours.threads),
        u64::try_from(theirs.num_threads).expect("not negative")
    );
    assert_eq!(ours.start_time, theirs.starttime);
    assert_eq!(ours.virtual_bytes, theirs.vsize);
    assert_eq!(ours.rss_pages, theirs.rss);
    assert_eq!(ours.start_stack, theirs.startstack);
}

#[test]
fn every_live_statm_reads_as_procfs_reads_it() {
    for line in live_files("statm") {
        compare_statm(&line);
    }
}

/// Holds what we read against what procfs reads.
pub(crate) fn compare_statm(line: &[u8]) {
    let ours = Statm::parse(line).expect("the kernel wrote it");
    let theirs = procfs::process::StatM::from_read(line).expect("procfs reads it");
    assert_eq!(ours.size_pages, theirs.size);
    assert_eq!(ours.resident_pages, theirs.resident);
    assert_eq!(ours.shared_pages, theirs.shared);
}

#[test]
fn this_process_is_itself() {
    let line = std::fs::read("/proc/self/stat").expect("readable");
    let stat = Stat::parse(&line).expect("the kernel wrote it");
    assert_eq!(stat.pid.as_u32(), std::process::id());
    assert!(!stat.is_kernel_thread() && !stat.is_zombie() && !stat.leader_exited());
    assert!(stat.threads >= 1);
}

#[test]
fn every_live_io_reads_as_procfs_reads_it() {
    for file in live_files("io").iter().filter(|file| !file.is_empty()) {
        compare_io(file);
    }
}

/// Holds what we read against what procfs reads.
pub(crate) fn compare_io(file: &[u8]) {
    let ours = IoBytes::parse(file).expect("the kernel wrote it");
    let theirs = procfs::process::Io::from_read(file).expect("procfs reads it");
    assert_eq!(
        (ours.read, ours.write),
        (theirs.read_bytes, theirs.write_bytes)
    );
}

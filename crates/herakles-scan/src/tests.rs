//! What each failure means, by file, on processes in memory.

use herakles_smaps::MemoryUsage;

use crate::testing::{Gate, MemProc, Mishap, pid};
use crate::{
    Access, Buffers, MemorySource, ProcFile, ProcHandle as _, ProcSource as _, ScanError, Skip,
    live_thread, open_process, read_memory, read_stat, read_statm, read_text,
};

const EPERM: i32 = 1;
const ESRCH: i32 = 3;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;

fn memory_by(proc: &MemProc, id: u32, source: MemorySource) -> Result<MemoryUsage, ScanError> {
    read_memory(
        &open_process(proc, pid(id))?,
        source,
        &mut Buffers::default(),
    )
}

fn memory(proc: &MemProc, id: u32) -> Result<MemoryUsage, ScanError> {
    let by_rollup = memory_by(proc, id, MemorySource::SmapsRollup);
    let by_smaps = memory_by(proc, id, MemorySource::Smaps);
    match (&by_rollup, &by_smaps) {
        (Err(rollup), Err(smaps)) => assert_eq!(rollup.skip.name(), smaps.skip.name()),
        _ => assert_eq!(by_rollup, by_smaps, "both files say the same"),
    }
    by_rollup
}

/// Kind and file of the first failure on the way to a process's memory, as labels.
fn failure(proc: &MemProc, id: u32) -> (&'static str, &'static str) {
    let mut buffers = Buffers::default();
    let mut scan = || {
        let process = open_process(proc, pid(id))?;
        read_stat(&process, &mut buffers.io)?;
        read_statm(&process, &mut buffers.io)?;
        read_memory(&process, MemorySource::SmapsRollup, &mut buffers)
    };
    let error = scan().expect_err("something fails");
    (error.skip.name(), error.file_name())
}

#[test]
fn a_healthy_process_is_read_from_either_file() {
    let proc = MemProc::new();
    proc.process(7).memory_kib(3000, 2000, 1000);
    let usage = memory(&proc, 7).expect("readable");
    assert_eq!(
        (usage.rss_bytes, usage.pss_bytes, usage.uss_bytes()),
        (3000 << 10, 2000 << 10, 1000 << 10)
    );
}

#[test]
fn processes_without_memory_are_told_apart() {
    let proc = MemProc::new();
    proc.process(2).kernel_thread();
    proc.process(7).zombie();
    assert_eq!(memory(&proc, 2).unwrap_err().skip, Skip::KernelThread);
    assert_eq!(memory(&proc, 7).unwrap_err().skip, Skip::Zombie);
}

#[test]
fn a_process_whose_leader_exited_is_read_through_a_living_thread() {
    let proc = MemProc::new();
    proc.process(7)
        .memory_kib(3000, 2000, 1000)
        .cmdline(&["server", "-v"])
        .leader_exited(9);
    assert_eq!(
        memory(&proc, 7).expect("by the thread").pss_bytes,
        2000 << 10
    );

    let mut buffers = Buffers::default();
    let process = open_process(&proc, pid(7)).expect("alive");
    assert!(
        read_stat(&process, &mut buffers.io)
            .expect("readable")
            .leader_exited()
    );
    let thread = live_thread(&process, &mut buffers.io)
        .expect("listed")
        .expect("one lives");
    assert_eq!(
        thread.pid(),
        pid(7),
        "an error names the process, not the thread"
    );
    let cmdline = read_text(&thread, ProcFile::Cmdline, &mut buffers.io).expect("readable");
    assert_eq!(cmdline, b"server\0-v\0");
    assert_eq!(
        read_statm(&thread, &mut buffers.io)
            .expect("readable")
            .resident_pages,
        750
    );
}

#[test]
fn death_is_noticed_at_every_file() {
    for (file, label) in [
        (ProcFile::Stat, "stat"),
        (ProcFile::Statm, "statm"),
        // The memory file's ESRCH leads back to stat, which knows.
        (ProcFile::SmapsRollup, "stat"),
    ] {
        let proc = MemProc::new();
        proc.process(7).fail(file, Mishap::Death);
        assert_eq!(failure(&proc, 7), ("vanished", label));
        let mut pids = vec![pid(1)];
        proc.pids(&mut pids).expect("listed");
        assert!(pids.is_empty());
    }
    let proc = MemProc::new();
    proc.process(7).fail_opening(Mishap::Death);
    assert_eq!(failure(&proc, 7), ("vanished", "proc"));
    assert_eq!(
        failure(&proc, 8),
        ("vanished", "proc"),
        "there never was one"
    );
}

#[test]
fn an_open_process_is_never_mistaken_for_the_next_with_its_pid() {
    let proc = MemProc::new();
    proc.process(7).name("first");
    let first = open_process(&proc, pid(7)).expect("alive");
    proc.remove(7);
    proc.process(7).name("second");
    let mut buffers = Buffers::default();
    assert_eq!(
        read_stat(&first, &mut buffers.io).unwrap_err().skip,
        Skip::Vanished
    );
}

#[test]
fn refusals_say_which_file() {
    for errno in [EACCES, EPERM] {
        let proc = MemProc::new();
        proc.process(7)
            .fail(ProcFile::SmapsRollup, Mishap::Errno(errno));
        assert_eq!(failure(&proc, 7), ("denied", "smaps_rollup"));
        proc.process(7).fail(ProcFile::Stat, Mishap::Errno(errno));
        assert_eq!(failure(&proc, 7), ("denied", "stat"), "hidepid");
        proc.process(7).fail_opening(Mishap::Errno(errno));
        assert_eq!(failure(&proc, 7), ("denied", "proc"));
    }
}

#[test]
fn a_living_process_that_gives_esrch_twice_is_given_up() {
    let proc = MemProc::new();
    let process = proc
        .process(7)
        .fail(ProcFile::SmapsRollup, Mishap::Errno(ESRCH));
    assert!(memory_by(&proc, 7, MemorySource::SmapsRollup).is_err());
    assert_eq!(
        process.reads(ProcFile::SmapsRollup),
        2,
        "once more, since it may have exec'd"
    );
    assert_eq!(process.reads(ProcFile::Stat), 1);
}

#[test]
fn other_failures_and_damage_are_neither_death_nor_refusal() {
    let proc = MemProc::new();
    proc.process(7).fail(ProcFile::Statm, Mishap::Errno(EMFILE));
    assert_eq!(failure(&proc, 7), ("io", "statm"));
    proc.process(8).without(ProcFile::SmapsRollup);
    assert_eq!(
        failure(&proc, 8),
        ("io", "smaps_rollup"),
        "no kernel support, not a death"
    );
    for (file, cut) in [
        (ProcFile::Stat, 30),
        (ProcFile::Stat, 0),
        (ProcFile::SmapsRollup, 200),
    ] {
        let proc = MemProc::new();
        proc.process(7).fail(file, Mishap::Cut(cut));
        assert_eq!(failure(&proc, 7), ("malformed", file.name()));
    }
}

#[test]
fn the_memory_source_is_what_the_kernel_has() {
    let probe = |proc: &MemProc| {
        let mut pids = Vec::new();
        proc.pids(&mut pids).expect("listed");
        MemorySource::probe(proc, &pids)
    };
    let proc = MemProc::new();
    proc.process(2).kernel_thread();
    assert_eq!(
        probe(&proc),
        MemorySource::SmapsRollup,
        "no proof of the contrary"
    );
    proc.process(7).without(ProcFile::SmapsRollup);
    assert_eq!(probe(&proc), MemorySource::Smaps);
    let refused = proc
        .process(8)
        .fail(ProcFile::SmapsRollup, Mishap::Errno(EACCES));
    assert_eq!(
        probe(&proc),
        MemorySource::SmapsRollup,
        "what is refused exists"
    );
    assert_eq!(
        refused.reads(ProcFile::SmapsRollup),
        0,
        "probing does not walk memory"
    );
}

#[test]
fn a_long_command_line_is_read_in_part() {
    let proc = MemProc::new();
    proc.process(7).cmdline(&["x".repeat(2 << 20).as_str()]);
    let process = open_process(&proc, pid(7)).expect("alive");
    let mut buffers = Buffers::default();
    let cmdline = read_text(&process, ProcFile::Cmdline, &mut buffers.io).expect("readable");
    assert_eq!(cmdline.len(), 4096);
}

#[test]
fn access_counts_processes_with_memory_only() {
    let proc = MemProc::new();
    proc.process(2).kernel_thread();
    proc.process(6).zombie();
    proc.process(7);
    proc.process(8)
        .fail(ProcFile::SmapsRollup, Mishap::Errno(EACCES));
    proc.process(9).fail_opening(Mishap::Errno(EPERM));
    let pids = [2, 6, 7, 8, 9, 10].map(pid);
    let mut buffers = Buffers::default();
    let access = Access::probe(&proc, MemorySource::SmapsRollup, &pids, &mut buffers);
    assert_eq!((access.readable, access.denied, access.total()), (1, 2, 3));
    assert_eq!(access.denied_example, Some(pid(8)));
    assert_eq!(
        proc.process(7).reads(ProcFile::SmapsRollup),
        0,
        "asking does not walk memory"
    );
}

#[test]
fn a_stuck_reader_holds_up_nobody_else() {
    let proc = MemProc::new();
    let gate = Gate::new();
    proc.process(7)
        .fail(ProcFile::SmapsRollup, Mishap::Hang(gate.clone()));
    proc.process(8);
    let stuck = std::thread::spawn({
        let proc = proc.clone();
        move || memory_by(&proc, 7, MemorySource::SmapsRollup)
    });
    gate.wait_until_held(1);
    assert!(memory(&proc, 8).is_ok());
    let mut buffers = Buffers::default();
    let process = open_process(&proc, pid(7)).expect("alive");
    assert!(
        read_stat(&process, &mut buffers.io).is_ok(),
        "its other files are not stuck"
    );
    gate.release();
    assert!(stuck.join().expect("no panic").is_ok(), "the read goes on");
}

#[test]
fn a_panic_while_reading_leaves_the_rest_readable() {
    let proc = MemProc::new();
    proc.process(7).fail(ProcFile::Stat, Mishap::Panic);
    proc.process(8);
    let panicked = std::thread::scope(|scope| scope.spawn(|| failure(&proc, 7)).join());
    assert!(panicked.is_err());
    assert!(memory(&proc, 8).is_ok());
    proc.process(7).healthy();
    assert!(memory(&proc, 7).is_ok());
}

#[test]
fn a_failing_list_is_an_error_and_not_no_processes() {
    let proc = MemProc::new();
    proc.process(7);
    proc.fail_listing(Some(Mishap::Errno(EMFILE)));
    let mut pids = Vec::new();
    let error = proc.pids(&mut pids).expect_err("the list fails");
    assert_eq!(error.raw_os_error(), Some(EMFILE));
    proc.fail_listing(None);
    proc.pids(&mut pids).expect("listed again");
    assert_eq!(pids, [pid(7)]);
}

#[test]
fn errors_read_as_sentences() {
    let proc = MemProc::new();
    proc.process(7)
        .fail(ProcFile::SmapsRollup, Mishap::Errno(EACCES));
    let message = memory_by(&proc, 7, MemorySource::SmapsRollup)
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "process 7: smaps_rollup: not permitted: Permission denied (os error 13)"
    );
    proc.process(8).fail(ProcFile::Stat, Mishap::Cut(0));
    assert_eq!(
        read_stat(
            &proc.open(pid(8)).expect("alive"),
            &mut Buffers::default().io
        )
        .unwrap_err()
        .to_string(),
        "process 8: stat: unexpected content: the input is empty at byte 0"
    );
}

//! A file of one process that fails: what is left of the process, and that nobody else suffers.

mod facts;

use herakles_scan::ProcFile;
use herakles_scan::testing::{MemProcess, Mishap};

use super::*;
use crate::{Fault, FaultFile, FaultKind};

fn faults_of(kind: FaultKind, file: FaultFile, count: u64) -> Faults {
    Faults::from_iter([(Fault { kind, file }, count)])
}

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const EINTR: i32 = 4;
const EIO: i32 = 5;
const ENOMEM: i32 = 12;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;

const MODES: [Setting; 3] = [Setting::Exact, Setting::Adaptive, Setting::Rss];
const WITH_PSS: [Setting; 2] = [MODES[0], MODES[1]];

/// The process that fails, between two that do not.
const VICTIM: u32 = 20;
const BYSTANDERS: [u32; 2] = [10, 30];

fn populate(proc: &MemProc) {
    proc.process(10)
        .name("named-ten")
        .memory_kib(1000, 800, 600);
    proc.process(VICTIM)
        .name("named-victim")
        .memory_kib(2000, 1600, 1200)
        .cpu(5, 5);
    proc.process(30).name("other").memory_kib(3000, 2400, 1800);
}

/// A good scan, then one in which everybody's memory has moved and the victim is `spoiled`, then
/// one after the fault is over. Gives the second, having checked what holds in any case.
#[track_caller]
fn scan_with(mode: Setting, spoil: impl FnOnce(MemProcess)) -> View {
    let mut world = World::new(&[mode], populate);
    let before = world.scan();
    assert_eq!(before.faults(), [], "{mode:?}");

    for pid in [10, VICTIM, 30] {
        world.proc.process(pid).stat(|it| it.minor_faults += 1);
    }
    spoil(world.proc.process(VICTIM));
    let spoiled = world.scan();
    for pid in BYSTANDERS {
        assert_eq!(spoiled.memory(pid), before.memory(pid), "{mode:?}");
        assert_eq!(spoiled.process(pid).cpu_usage_ratio, Some(0.0), "{mode:?}");
    }

    world.proc.process(VICTIM).healthy().stat(|it| {
        it.minor_faults += 1;
        it.user_ticks += 1;
    });
    let healed = world.scan();
    assert_eq!(healed.faults(), [], "{mode:?}");
    assert_eq!(healed.memory(VICTIM), before.memory(VICTIM), "{mode:?}");
    spoiled
}

fn errno(file: ProcFile, errno: i32) -> impl Fn(MemProcess) {
    move |it| drop(it.fail(file, Mishap::Errno(errno)))
}

/// The kind of fault that an errno of a file of a living process is.
const ERRNOS: [(i32, &str); 7] = [
    (EACCES, "denied"),
    (EPERM, "denied"),
    (EINTR, "io"),
    (EIO, "io"),
    (EMFILE, "io"),
    (ENOMEM, "io"),
    (ESRCH, "vanished"),
];

#[test]
fn a_process_that_cannot_be_opened_is_not_reported() {
    for mode in MODES {
        for (number, kind) in ERRNOS.into_iter().chain([(ENOENT, "vanished")]) {
            let view = scan_with(mode, |it| drop(it.fail_opening(Mishap::Errno(number))));
            assert!(view.find(VICTIM).is_none());
            assert_eq!(view.faults(), once(&format!("{kind} proc")));
        }
    }
}

#[test]
fn a_process_without_stat_is_not_reported() {
    for mode in MODES {
        for (number, kind) in ERRNOS.into_iter().chain([(ENOENT, "vanished")]) {
            let view = scan_with(mode, errno(ProcFile::Stat, number));
            assert!(view.find(VICTIM).is_none());
            assert_eq!(view.faults(), once(&format!("{kind} stat")));
        }
    }
}

#[test]
fn without_statm_there_is_cpu_and_no_invented_rss() {
    for (number, kind) in ERRNOS.into_iter().filter(|(number, _)| *number != ESRCH) {
        let view = scan_with(MODES[2], errno(ProcFile::Statm, number));
        assert_eq!(view.memory(VICTIM), [None; 3]);
        assert_eq!(view.process(VICTIM).cpu_seconds, Some(0.1));
        assert_eq!(view.faults(), once(&format!("{kind} statm")));
        // A sample has its own RSS, so whoever reads everybody's needs no `statm`.
        for (mode, faults) in [
            (Setting::Adaptive, once(&format!("{kind} statm"))),
            (Setting::Exact, Vec::new()),
        ] {
            let view = scan_with(mode, errno(ProcFile::Statm, number));
            assert_eq!(view.memory(VICTIM), kib(2000, 1600, 1200), "{mode:?}");
            assert_eq!(view.faults(), faults, "{mode:?}");
        }
    }
}

#[test]
fn without_smaps_rollup_there_is_rss_and_cpu() {
    for mode in WITH_PSS {
        for (number, kind) in ERRNOS {
            let view = scan_with(mode, errno(ProcFile::SmapsRollup, number));
            assert_eq!(view.memory(VICTIM), [Some(2000), None, None], "{number}");
            assert_eq!(view.process(VICTIM).cpu_seconds, Some(0.1));
            assert_eq!(view.faults(), once(&format!("{kind} smaps_rollup")));
            let subgroup = view.subgroup("app/named");
            assert_eq!(subgroup.unreadable_processes, 1);
            assert_eq!(subgroup.memory.rss_bytes, Some(3000 * 1024));
            assert_eq!(subgroup.memory.pss_bytes, Some(800 * 1024));
            assert_eq!(view.snapshot.states().unreadable, 1);
            assert_eq!(view.counted(), 3);
        }
    }
}

#[test]
fn content_that_no_kernel_writes_is_no_number() {
    let garbled: [(ProcFile, &[u8]); 9] = [
        (ProcFile::Stat, b""),
        (ProcFile::Stat, b"20 (named-victim"),
        (ProcFile::Stat, b"20 (x) S 1 20 20 0 -1 4194304 zero"),
        (ProcFile::Stat, &[0xff; 70_000]),
        (ProcFile::Statm, b""),
        (ProcFile::Statm, b"12"),
        (ProcFile::Statm, b"1 99999999999999999999999 3 4"),
        (ProcFile::SmapsRollup, b"\0\0\0"),
        (ProcFile::SmapsRollup, b"Rss:  12 MB\nPss: 1 kB\n"),
    ];
    for mode in WITH_PSS {
        for (file, content) in garbled {
            let mut world = World::new(&[mode], populate);
            drop(world.proc.process(VICTIM).content(file, content));
            let view = world.scan();
            let is_read = (mode, file) != (Setting::Exact, ProcFile::Statm);
            let fault = once(&format!("malformed {file}"));
            assert_eq!(view.faults(), if is_read { fault } else { Vec::new() });
            assert_eq!(view.memory(10), kib(1000, 800, 600));
            assert_eq!(view.memory(30), kib(3000, 2400, 1800));
            match file {
                ProcFile::Stat => assert!(view.find(VICTIM).is_none()),
                ProcFile::Statm => assert_eq!(view.process(VICTIM).cpu_seconds, Some(0.1)),
                _ => assert_eq!(view.memory(VICTIM), [Some(2000), None, None]),
            }
        }
    }
}

#[test]
fn a_file_that_ends_anywhere_gives_its_whole_values_or_none() {
    let mut world = World::new(&[MODES[0]], populate);
    for file in [ProcFile::Stat, ProcFile::Statm, ProcFile::SmapsRollup] {
        for cut in 0..320 {
            drop(
                world
                    .proc
                    .process(VICTIM)
                    .healthy()
                    .fail(file, Mishap::Cut(cut)),
            );
            let view = world.scan();
            assert_eq!(view.memory(10), kib(1000, 800, 600));
            assert_eq!(view.memory(30), kib(3000, 2400, 1800));
            if let Some(it) = view.find(VICTIM) {
                assert!(
                    it.memory.uss_bytes <= it.memory.pss_bytes.or(Some(0)),
                    "{file} {cut}"
                );
                assert!(it.memory.pss_bytes <= it.memory.rss_bytes, "{file} {cut}");
                let rss = it.memory.rss_bytes;
                assert!(
                    rss.is_none_or(|it| it == 2000 * 1024),
                    "{file} {cut}: {rss:?}"
                );
                let pss = it.memory.pss_bytes;
                assert!(
                    pss.is_none_or(|it| it == 1600 * 1024),
                    "{file} {cut}: {pss:?}"
                );
                let uss = it.memory.uss_bytes;
                assert!(
                    uss.is_none_or(|it| it == 1200 * 1024),
                    "{file} {cut}: {uss:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_longer_than_it_should_be_is_read_as_far_as_it_makes_sense() {
    for mode in WITH_PSS {
        let view = scan_with(mode, |it| {
            let mut rollup =
                b"Rss: 2000 kB\nPss: 1600 kB\nShared_Clean: 0 kB\nShared_Dirty: 0 kB\n\
                Private_Clean: 0 kB\nPrivate_Dirty: 1200 kB\nSwap: 0 kB\n"
                    .to_vec();
            rollup.extend(b"NewField: 1 kB\n".repeat(50_000));
            drop(it.content(ProcFile::SmapsRollup, rollup));
        });
        assert_eq!(view.memory(VICTIM)[0], Some(2000), "{mode:?}");
        assert!(
            view.memory(VICTIM)[1].is_none_or(|it| it == 1600),
            "{mode:?}"
        );
    }
}

#[test]
fn a_process_that_ends_at_any_step_is_gone_and_nothing_else_is() {
    for mode in MODES {
        for file in [
            ProcFile::Stat,
            ProcFile::Statm,
            ProcFile::SmapsRollup,
            ProcFile::Cmdline,
        ] {
            let mut world = World::new(&[mode], |proc| {
                populate(proc);
                drop(proc.process(VICTIM).name("ends").fail(file, Mishap::Death));
            });
            let view = world.scan();
            for (pid, rss) in [(10, 1000), (30, 3000)] {
                assert_eq!(view.memory(pid)[0], Some(rss), "{mode:?} {file}");
            }
            let seen = view.find(VICTIM).is_some();
            let read = match mode {
                Setting::Exact => file != ProcFile::Statm,
                Setting::Rss => file != ProcFile::SmapsRollup,
                _ => true,
            };
            if file == ProcFile::Cmdline {
                // Memory is not asked for any more, or found to be gone.
                assert!(!seen || view.memory(VICTIM)[1].is_none(), "{mode:?}");
            } else {
                assert_eq!(seen, !read, "{mode:?} {file}");
            }
            if read {
                assert_eq!(world.scan().pids(), BTreeSet::from(BYSTANDERS), "{mode:?}");
            }
        }
    }
}

#[test]
fn when_no_process_may_be_read_the_scan_fails_and_the_next_good_one_goes_on() {
    for mode in MODES {
        let mut world = World::new(&[mode], populate);
        world.scan();
        let everybody = [10, VICTIM, 30];
        for pid in everybody {
            let it = world.proc.process(pid).fail_opening(Mishap::Errno(EPERM));
            drop(it.cpu(25, 5));
        }
        let (failure, faults) = world.try_scan().err().unwrap();
        assert_eq!(faults, faults_of(FaultKind::Denied, FaultFile::Proc, 3));
        assert!(failure.starts_with("none of 3 processes could be read; process 10"));
        assert!(world.try_scan().is_err());

        for pid in everybody {
            drop(world.proc.process(pid).healthy());
        }
        let view = world.scan();
        assert_eq!(view.pids(), BTreeSet::from(everybody));
        // 30 of process 10, and 20 more of the victim, which had used 10 before.
        assert_eq!(view.ticks("app/named"), 50);
        assert!(view.process(10).cpu_usage_ratio.is_some_and(|it| it > 0.0));
    }
}

#[test]
fn an_empty_or_failing_list_is_a_failed_scan_not_an_idle_machine() {
    let mut world = World::new(&[], populate);
    world.scan();
    world.proc.fail_listing(Some(Mishap::Errno(EMFILE)));
    let (failure, faults) = world.try_scan().err().unwrap();
    assert_eq!(faults, faults_of(FaultKind::Io, FaultFile::Proc, 1));
    assert!(
        failure.starts_with("cannot list the processes: "),
        "{failure}"
    );
    world.proc.fail_listing(None);
    drop(world.proc.process(VICTIM).cpu(10, 5));
    assert_eq!(world.scan().ticks("app/named"), 5);

    for pid in [10, VICTIM, 30] {
        world.proc.remove(pid);
    }
    let (failure, faults) = world.try_scan().err().unwrap();
    assert_eq!(faults, Faults::default());
    assert!(
        failure.starts_with("/proc lists no process at all"),
        "{failure}"
    );
    drop(world.proc.process(40).name("named-forty"));
    assert_eq!(world.scan().ticks("app/named"), 5);
}

#[test]
fn under_hidepid_the_readable_ones_are_reported() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            populate(proc);
            drop(proc.process(1).fail_opening(Mishap::Errno(EPERM)));
            drop(proc.process(2).fail_opening(Mishap::Errno(EPERM)));
        });
        let view = world.scan();
        assert_eq!(view.pids(), BTreeSet::from([10, VICTIM, 30]), "{mode:?}");
        assert_eq!(view.faults(), [("denied proc".to_owned(), 2)]);
    }
}

//! What storage did for processes, where that is asked for.

use herakles_scan::ProcFile;
use herakles_scan::testing::{Gate, Mishap};
use herakles_stat::IoBytes;

use super::*;

const BYTES: IoBytes = IoBytes {
    read: 8192,
    write: 512,
};

fn bytes(view: &View) -> Option<IoBytes> {
    view.subgroup("app/named").io_bytes
}

fn times(factor: u64) -> IoBytes {
    IoBytes {
        read: BYTES.read * factor,
        write: BYTES.write * factor,
    }
}

/// One that is older than the exporter, and one that is younger.
fn old_and_young(proc: &MemProc) {
    for pid in [7, 10_007] {
        drop(proc.process(pid).name("named-a").io(BYTES));
    }
}

#[test]
fn an_older_process_counts_its_growth_and_a_younger_one_everything() {
    for mode in [Setting::Exact, Setting::Adaptive, Setting::Rss] {
        let mut world = World::new(&[mode, Setting::Io], old_and_young);
        for _ in 0..2 {
            assert_eq!(bytes(&world.scan()), Some(BYTES), "{mode:?}");
        }
        drop(world.proc.process(7).io(times(3)));
        assert_eq!(bytes(&world.scan()), Some(times(3)), "{mode:?}");
        drop(world.proc.process(10_007).io(times(2)));
        let view = world.scan();
        assert_eq!(bytes(&view), Some(times(4)), "{mode:?}");
        assert_eq!(view.faults(), [], "{mode:?}");
    }
}

#[test]
fn nobody_is_asked_unless_it_is_wanted() {
    let mut world = World::new(&[], old_and_young);
    assert_eq!(bytes(&world.scan()), None);
    assert_eq!(world.proc.process(7).reads(ProcFile::Io), 0);
}

#[test]
fn who_reaps_a_child_is_not_credited_with_what_was_seen_of_it() {
    let mut world = World::new(&[Setting::Io], |proc| {
        old_and_young(proc);
        drop(proc.process(10_008).parent(7).name("other").io(BYTES));
    });
    world.scan();
    world.proc.remove(10_008);
    let reaper = world.proc.process(7).io(times(4));
    drop(reaper.stat(|line| line.reaped_minor_faults += 1));
    let view = world.scan();
    assert_eq!(bytes(&view), Some(times(3)));
    assert_eq!(view.subgroup("other/other").io_bytes, Some(BYTES));
}

#[test]
fn where_it_is_refused_it_is_absent_and_counted() {
    let mut world = World::new(&[Setting::Io], |proc| {
        old_and_young(proc);
        drop(proc.process(8).name("other").io(BYTES));
        for pid in [7, 10_007] {
            drop(proc.process(pid).fail(ProcFile::Io, Mishap::Errno(13)));
        }
    });
    for _ in 0..2 {
        let view = world.scan();
        assert_eq!(bytes(&view), None);
        assert_eq!(view.subgroup("other/other").io_bytes, Some(IoBytes::ZERO));
        assert_eq!(view.faults(), [("denied io".to_owned(), 2)]);
        assert_eq!(view.memory(7), kib(4096, 2048, 1024));
    }
}

#[test]
fn a_read_that_fails_once_loses_nothing() {
    let mut world = World::new(&[Setting::Io], old_and_young);
    world.scan();
    let it = world.proc.process(10_007).io(times(2));
    drop(it.fail(ProcFile::Io, Mishap::Errno(5)));
    let view = world.scan();
    assert_eq!(view.faults(), once("io io"));
    assert_eq!(bytes(&view), Some(BYTES));
    drop(world.proc.process(10_007).healthy());
    assert_eq!(bytes(&world.scan()), Some(times(2)));
}

#[test]
fn a_read_that_hangs_costs_its_process_nothing_else() {
    let patience = Duration::from_millis(300);
    let mut world = World::with_patience(patience, &[Setting::Io], old_and_young);
    world.scan();
    let gate = Gate::new();
    let it = world.proc.process(7).cpu(50, 0);
    drop(it.fail(ProcFile::Io, Mishap::Hang(gate.clone())));
    let view = world.scan();
    assert_eq!(view.faults(), once("timeout io"));
    assert_eq!(view.process(7).cpu_seconds, Some(0.5));
    assert_eq!(bytes(&view), Some(BYTES));
    assert_eq!(world.scan().faults(), []);
    gate.release();
}

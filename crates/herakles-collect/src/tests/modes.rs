//! Which files each mode reads, and which it leaves alone.

use herakles_scan::ProcFile;
use herakles_scan::testing::{Gate, MemProcess, Mishap};

use super::*;
use crate::ScanPhase;

const EXACT: Setting = Setting::Exact;
const RSS: Setting = Setting::Rss;

const MIB: u64 = 1024;

/// How often the memory of each of these has been read since the last call.
struct ReadCounter(Vec<(u32, usize)>);

impl ReadCounter {
    fn new(pids: &[u32]) -> Self {
        Self(pids.iter().map(|pid| (*pid, 0)).collect())
    }

    fn reads(&mut self, world: &World) -> Vec<usize> {
        let since = |(pid, before): &mut (u32, usize)| {
            let now = world.proc.process(*pid).reads(ProcFile::SmapsRollup);
            now - std::mem::replace(before, now)
        };
        self.0.iter_mut().map(since).collect()
    }
}

fn three(proc: &MemProc) {
    for pid in [1, 2, 3] {
        drop(proc.process(pid).name("named-x"));
    }
}

fn touch(it: MemProcess) {
    drop(it.stat(|it| it.minor_faults += 1));
}

#[test]
fn exact_reads_everybody_every_time() {
    // The second reads memory in a pass of its own.
    for settings in [&[EXACT][..], &[EXACT, Setting::MaxProcesses(3)]] {
        let mut world = World::new(settings, three);
        let mut counter = ReadCounter::new(&[1, 2, 3]);
        for _ in 0..3 {
            let view = world.scan();
            assert_eq!(counter.reads(&world), [1; 3]);
            assert_eq!((view.reads.fresh, view.reads.reused), (3, 0));
        }
    }
}

/// `statm` and `smaps_rollup` are read at two moments; what is shown together is of one.
#[test]
fn rss_is_of_the_same_read_as_pss_and_uss_where_there_is_one() {
    let statm = "4096 1000 500 5 0 123 0\n";
    let moves = |proc: &MemProc| drop(proc.process(5).content(ProcFile::Statm, statm));
    let mut exact = World::new(&[EXACT], moves);
    let mut adaptive = World::new(&[], moves);
    for world in [&mut exact, &mut adaptive] {
        assert_eq!(world.scan().memory(5), kib(4096, 2048, 1024));
    }
    assert_eq!(exact.scan().memory(5), kib(4096, 2048, 1024));
    assert_eq!(adaptive.scan().memory(5), kib(4096, 2048, 1024));
    let mut rss = World::new(&[RSS], moves);
    assert_eq!(rss.scan().memory(5), [Some(4000), None, None]);
}

#[test]
fn rss_reads_no_smaps_and_pss_and_uss_are_absent() {
    for settings in [&[RSS][..], &[EXACT, Setting::NoPssNorUss]] {
        let mut world = World::new(settings, three);
        let mut counter = ReadCounter::new(&[1, 2, 3]);
        let view = world.scan();
        assert_eq!(counter.reads(&world), [0; 3], "{settings:?}");
        assert_eq!(view.memory(2), [Some(4096), None, None]);
        assert_eq!(view.faults(), []);
        let subgroup = view.subgroup("app/named");
        assert_eq!(subgroup.memory.pss_bytes, None);
        assert_eq!(subgroup.memory.rss_bytes, Some(3 * 4096 * 1024));
        assert_eq!(subgroup.unreadable_processes, 3);
        let text = view.text();
        assert!(!text.contains("_pss_") && !text.contains("_uss_"), "{text}");
    }
}

#[test]
fn adaptive_reads_again_only_what_moved() {
    let mut world = World::new(&[], three);
    let mut counter = ReadCounter::new(&[1, 2, 3]);
    let view = world.scan();
    assert_eq!(counter.reads(&world), [1; 3]);
    assert_eq!((view.reads.fresh, view.reads.reused), (3, 0));

    let view = world.scan();
    assert_eq!(counter.reads(&world), [0; 3]);
    assert_eq!((view.reads.fresh, view.reads.reused), (0, 3));
    let age = view.process(2).memory.sample_age_seconds.unwrap();
    assert!(age > 0.0, "the sample is of the scan before");

    // CPU time alone is no reason.
    drop(world.proc.process(1).cpu(50, 50));
    world.scan();
    assert_eq!(counter.reads(&world), [0; 3]);

    touch(world.proc.process(1));
    drop(world.proc.process(2).stat(|it| it.virtual_bytes += 4096));
    world.scan();
    assert_eq!(counter.reads(&world), [1, 1, 0]);

    drop(world.proc.process(3).memory_kib(4100, 2048, 1024));
    let view = world.scan();
    assert_eq!(counter.reads(&world), [0, 0, 1]);
    assert_eq!(view.memory(3), kib(4100, 2048, 1024));
    assert!(view.process(3).memory.sample_age_seconds < view.process(1).memory.sample_age_seconds);
}

#[test]
fn adaptive_reads_new_execd_and_reborn_processes() {
    let mut world = World::new(&[], three);
    world.scan();
    let mut counter = ReadCounter::new(&[1, 2, 3, 4]);
    counter.0[0].1 = 1;
    counter.0[1].1 = 1;
    drop(world.proc.process(4));
    drop(world.proc.process(2).name("another"));
    world.proc.remove(3);
    drop(world.proc.process(3).stat(|it| it.start_time += 1));
    world.scan();
    assert_eq!(counter.reads(&world), [0, 1, 1, 1]);
}

/// Copy-on-write sharers: when the others exit, an idle one has all to itself, and nothing of its
/// own files moves.
#[test]
fn a_sharer_that_exits_has_the_others_read_again() {
    let fork = |proc: &MemProc, pid: u32| {
        let it = proc.process(pid).name("forks").parent(10);
        drop(it.memory_kib(100 * MIB, 10 * MIB, 28));
    };
    let mut world = World::new(&[], |proc| {
        drop(proc.process(1));
        drop(
            proc.process(2)
                .name("apart")
                .stat(|it| it.start_stack += 0x1000)
                .memory_kib(50 * MIB, 40 * MIB, 20 * MIB),
        );
        for pid in 10..20 {
            fork(proc, pid);
        }
    });
    world.scan();
    for pid in 11..20 {
        world.proc.remove(pid);
    }
    let page_by_page = |pss, uss| {
        format!(
            "head [rollup]\nRss: {} kB\nPss: {pss} kB\nShared_Clean: {} kB\nShared_Dirty: 0 kB\n\
             Private_Clean: 0 kB\nPrivate_Dirty: {uss} kB\nSwap: 0 kB\n",
            100 * MIB,
            100 * MIB - uss
        )
    };
    let alone = page_by_page(100 * MIB, 100 * MIB - 40);
    drop(world.proc.process(10).content(ProcFile::SmapsRollup, alone));
    let mut counter = ReadCounter::new(&[2, 10]);
    counter.reads(&world);
    let view = world.scan();
    assert_eq!(view.memory(10), kib(100 * MIB, 100 * MIB, 100 * MIB - 40));
    // Who runs another program shares nothing with them.
    assert_eq!(counter.reads(&world), [0, 1]);
}

/// A daemon leaves its parent by a second fork, and often takes another name.
#[test]
fn a_fork_that_was_adopted_and_renamed_has_who_shares_its_memory_read_again() {
    let mut world = World::new(&[], |proc| {
        drop(proc.process(10).memory_kib(100 * MIB, 100 * MIB, 99 * MIB));
    });
    world.scan();
    let half = |world: &World, pid: u32| {
        drop(world.proc.process(pid).memory_kib(100 * MIB, 50 * MIB, 28));
    };
    let daemon = world.proc.process(20).name("daemon").parent(1);
    drop(daemon);
    for pid in [10, 20] {
        half(&world, pid);
    }
    assert_eq!(world.scan().memory(10), kib(100 * MIB, 50 * MIB, 28));
    world.proc.remove(20);
    drop(
        world
            .proc
            .process(10)
            .memory_kib(100 * MIB, 100 * MIB, 99 * MIB),
    );
    assert_eq!(world.scan().memory(10), kib(100 * MIB, 100 * MIB, 99 * MIB));
}

#[test]
fn no_sample_gets_older_than_the_configured_age() {
    // The next scan, after 30 s, would be too late for every sample.
    let mut world = World::new(
        &[Setting::MaxAgeSeconds(10), Setting::IntervalSeconds(30)],
        three,
    );
    let mut counter = ReadCounter::new(&[1, 2, 3]);
    for _ in 0..3 {
        assert_eq!(world.scan().reads.fresh, 3);
        assert_eq!(counter.reads(&world), [1; 3]);
    }
}

#[test]
fn what_is_too_big_is_named_once_and_never_read() {
    // By the prior price of a walk 200 GiB take more than 2 s.
    let big = 200 * 1024 * MIB;
    let mut world = World::new(&[Setting::MaxHoldSeconds(1)], |proc| {
        three(proc);
        let it = proc.process(9).name("named-big");
        drop(it.memory_kib(big, big, big));
    });
    let view = world.scan();
    assert_eq!(view.too_big, [(9, "named-big".to_owned())]);
    assert_eq!(view.memory(9), [Some(big), None, None]);
    assert_eq!(view.reads.skipped_size, 1);
    assert_eq!(view.subgroup("app/named").unreadable_processes, 1);
    for _ in 0..2 {
        touch(world.proc.process(9));
        let view = world.scan();
        assert_eq!(view.too_big, []);
        assert_eq!(view.reads.skipped_size, 1);
        assert_eq!(view.faults(), []);
    }
    assert_eq!(world.proc.process(9).reads(ProcFile::SmapsRollup), 0);
}

#[test]
fn pss_and_uss_never_exceed_an_rss_that_shrank() {
    // The hold forbids the read for hours, whatever the first one took.
    let mut world = World::new(&[Setting::HoldRatio(0.000_001)], |proc| {
        drop(proc.process(5).memory_kib(400_000, 300_000, 200_000));
    });
    world.scan();
    let shrunk = world
        .proc
        .process(5)
        .content(ProcFile::Statm, "4096 250 5 5 0 123 0\n");
    drop(shrunk);
    let view = world.scan();
    assert_eq!(view.reads.deferred_hold, 1);
    assert_eq!(view.memory(5), kib(1000, 1000, 1000));
}

#[test]
fn a_refused_process_is_asked_again_when_it_changes_only() {
    let mut world = World::new(&[], |proc| {
        three(proc);
        drop(
            proc.process(2)
                .fail(ProcFile::SmapsRollup, Mishap::Errno(13)),
        );
    });
    let mut counter = ReadCounter::new(&[1, 2, 3]);
    assert_eq!(world.scan().faults(), once("denied smaps_rollup"));
    assert_eq!(counter.reads(&world), [1; 3]);
    let view = world.scan();
    assert_eq!(view.faults(), []);
    assert_eq!(view.snapshot.states().unreadable, 1);
    assert_eq!(counter.reads(&world), [0; 3]);

    touch(world.proc.process(2).healthy());
    assert_eq!(world.scan().memory(2), kib(4096, 2048, 1024));
    assert_eq!(counter.reads(&world), [0, 1, 0]);
}

#[test]
fn beyond_the_limit_the_smallest_are_counted_and_not_read() {
    for mode in [EXACT, Setting::Adaptive, RSS] {
        let mut world = World::new(&[mode, Setting::MaxProcesses(2)], |proc| {
            for (pid, rss) in [(1, 500), (2, 100), (3, 400), (4, 100), (5, 400)] {
                drop(proc.process(pid).name("named-x").memory_kib(rss, rss, rss));
            }
            drop(proc.process(6).kernel_thread());
        });
        let mut counter = ReadCounter::new(&[1, 2, 3, 4, 5]);
        for _ in 0..2 {
            let view = world.scan();
            let over = |pid: &u32| view.process(*pid).over_limit;
            // Of equals those with the lower pids stay.
            let beyond: Vec<u32> = (1..=5).filter(over).collect();
            assert_eq!(beyond, [2, 4, 5], "{mode:?}");
            let states = view.snapshot.states();
            assert_eq!((states.over_limit, states.kernel_thread), (3, 1));
            assert_eq!(view.counted(), 6);
            assert_eq!(view.subgroup("app/named").processes, 5);
            assert_eq!(view.memory(5), [Some(400), None, None]);
            assert_eq!(view.faults(), []);
            let reads = counter.reads(&world);
            assert_eq!(reads[1..], [0, reads[2], 0, 0], "{mode:?}");
        }
    }
}

#[test]
fn another_mode_holds_from_the_next_scan_on_and_counters_go_on() {
    let mut world = World::new(&[RSS], three);
    world.scan();
    drop(world.proc.process(1).cpu(30, 0));
    world.reconfigure(&[EXACT]);
    let view = world.scan();
    assert_eq!(view.memory(1), kib(4096, 2048, 1024));
    assert_eq!(view.ticks("app/named"), 30);
    drop(world.proc.process(1).cpu(40, 0));
    world.reconfigure(&[Setting::Adaptive]);
    assert_eq!(world.scan().ticks("app/named"), 40);
    let view = world.scan();
    assert_eq!((view.reads.fresh, view.reads.reused), (0, 3));
    world.reconfigure(&[RSS]);
    assert_eq!(world.scan().memory(1), [Some(4096), None, None]);
}

/// On a busy machine a read of a millisecond may take a hundred until its thread has a CPU again.
#[test]
fn a_reader_that_had_to_wait_has_held_nobody_up() {
    let mut world = World::new(&[Setting::HoldRatio(0.01)], |proc| {
        drop(proc.process(5).memory_kib(100 * MIB, 90 * MIB, 80 * MIB));
    });
    let gate = Gate::new();
    let it = world.proc.process(5);
    drop(it.fail(ProcFile::SmapsRollup, Mishap::Hang(gate.clone())));
    let opener = thread::spawn(move || {
        gate.wait_until_held(1);
        thread::sleep(Duration::from_millis(200));
        gate.release();
    });
    let begin = Instant::now();
    world.scan();
    opener.join().unwrap();
    // By the clock it would be held for 20 s.
    let it = world.proc.process(5).healthy();
    drop(it.memory_kib(110 * MIB, 91 * MIB, 81 * MIB));
    while world.scan().memory(5) != kib(110 * MIB, 91 * MIB, 81 * MIB) {
        assert!(begin.elapsed() < Duration::from_secs(15));
    }
}

#[test]
fn the_phases_are_told_in_their_order_and_memory_is_read_in_its_own() {
    let mut world = World::new(&[Setting::Adaptive], three);
    let mut phases = Vec::new();
    let proc = world.proc.clone();
    let mut tell = |phase: ScanPhase| {
        let reads = proc.process(1).reads(ProcFile::SmapsRollup);
        phases.push((phase.as_str(), reads));
    };
    world.collector.scan_observed(&mut tell).unwrap();
    let in_order = [
        ("list", 0),
        ("detect", 0),
        ("observe", 0),
        ("read", 1),
        ("snapshot", 1),
    ];
    assert_eq!(phases, in_order);
}

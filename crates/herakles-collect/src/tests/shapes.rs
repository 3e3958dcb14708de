//! Processes that are unlike others: without memory, without a leader, with hostile names.

use herakles_scan::ProcFile;

use super::*;

const MODES: [Setting; 2] = [Setting::Exact, Setting::Adaptive];

#[test]
fn a_kernel_without_smaps_rollup_gives_the_same_by_smaps() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            for pid in 1..=3 {
                let it = proc.process(pid).memory_kib(4000, 3000, 2000);
                drop(it.without(ProcFile::SmapsRollup));
            }
        });
        let view = world.scan();
        assert_eq!(view.faults(), [], "{mode:?}");
        for pid in 1..=3 {
            assert_eq!(view.memory(pid), kib(4000, 3000, 2000), "{mode:?}");
            assert_eq!(world.proc.process(pid).reads(ProcFile::SmapsRollup), 0);
        }
    }
}

#[test]
fn the_sum_over_65_000_mappings_is_right() {
    let mapping = "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \nRss: 12 kB\nPss: 8 kB\n\
        Shared_Clean: 8 kB\nShared_Dirty: 0 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 3 kB\n\
        Swap: 2 kB\nVmFlags: rd wr\n";
    let mut world = World::new(&[], |proc| {
        let it = proc.process(5).memory_kib(12 * 65_000, 0, 0);
        let it = it.content(ProcFile::Smaps, mapping.repeat(65_000));
        drop(it.without(ProcFile::SmapsRollup));
    });
    let view = world.scan();
    assert_eq!(view.memory(5), kib(12 * 65_000, 8 * 65_000, 4 * 65_000));
    assert_eq!(view.process(5).memory.swap_bytes, Some(2 * 65_000 * 1024));
}

#[test]
fn kernel_threads_and_zombies_have_no_memory_and_are_no_errors() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(1).name("init"));
            drop(proc.process(2).name("kthreadd").kernel_thread());
            drop(proc.process(3).name("named-dead").zombie().cpu(7, 0));
        });
        for _ in 0..2 {
            let view = world.scan();
            assert_eq!(view.faults(), [], "{mode:?}");
            assert_eq!(view.memory(2), [None; 3]);
            assert_eq!(view.memory(3), [None; 3]);
            assert_eq!(view.class(2), "system/kernel");
            assert_eq!(view.subgroup("system/kernel").unreadable_processes, 0);
            assert_eq!(view.subgroup("app/named").unreadable_processes, 0);
            let states = view.snapshot.states();
            assert_eq!((states.kernel_thread, states.zombie), (1, 1));
            assert_eq!((states.exported, view.counted()), (1, 3));
        }
        for file in [ProcFile::SmapsRollup, ProcFile::Statm, ProcFile::Cmdline] {
            assert_eq!(world.proc.process(2).reads(file), 0, "{file}");
        }
        assert_eq!(world.proc.process(3).reads(ProcFile::SmapsRollup), 0);
    }
}

#[test]
fn a_process_that_becomes_a_zombie_keeps_its_class_and_loses_its_memory() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(1));
            drop(proc.process(5).name("x").cmdline(&["x", "--role=web"]));
        });
        assert_eq!(world.scan().class(5), "app/web");
        drop(world.proc.process(5).zombie().cpu(9, 0));
        for _ in 0..2 {
            let view = world.scan();
            assert_eq!(view.faults(), [], "{mode:?}");
            assert_eq!(view.class(5), "app/web");
            assert_eq!(view.memory(5), [None; 3]);
            assert_eq!(view.snapshot.states().zombie, 1);
            assert_eq!(view.ticks("app/web"), 9);
        }
    }
}

#[test]
fn a_process_whose_leader_has_exited_is_read_through_a_living_thread() {
    for mode in MODES {
        for without in [None, Some(ProcFile::SmapsRollup)] {
            let mut world = World::new(&[mode], |proc| {
                let it = proc.process(5).name("x").memory_kib(4000, 3000, 2000);
                let it = it.cmdline(&["x", "--role=web"]);
                match without {
                    Some(file) => drop(it.without(file).leader_exited(6).healthy().without(file)),
                    None => drop(it.leader_exited(6)),
                }
            });
            let view = world.scan();
            assert_eq!(view.faults(), [], "{mode:?} {without:?}");
            assert_eq!(
                view.memory(5),
                kib(4000, 3000, 2000),
                "{mode:?} {without:?}"
            );
            assert_eq!(view.class(5), "app/web");
            assert_eq!(view.process(5).threads, 2);
            assert_eq!(view.snapshot.states().exported, 1);
        }
    }
}

/// A process that has let go of its memory and is not yet a zombie: `statm` is all zeros, there
/// is no `startstack`, `cmdline` is empty, and `smaps_rollup` gives `ESRCH`. With a big process
/// the kernel takes seconds over it.
#[test]
fn a_process_about_to_end_is_still_there_and_counted_once() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(1));
            let it = proc.process(5).name("x").cmdline(&["x", "--role=web"]);
            drop(it.stat(|it| it.start_time = COUNTS_FROM + 1).cpu(30, 0));
        });
        assert_eq!(world.scan().ticks("app/web"), 30);

        let ending = world.proc.process(5).zombie();
        let ending = ending.stat(|it| (it.state, it.start_stack) = ('R', 0));
        let view = world.scan();
        assert_eq!(view.memory(5), [None; 3], "{mode:?}");
        assert_eq!(view.counted(), 2, "{mode:?}");
        assert_eq!(view.class(5), "app/web", "{mode:?}");

        drop(ending.zombie());
        let view = world.scan();
        assert_eq!(view.ticks("app/web"), 30, "{mode:?}");
        assert_eq!(view.class(5), "app/web", "{mode:?}");
        assert_eq!(view.snapshot.states().zombie, 1);
        assert_eq!(view.faults(), [], "{mode:?}");
    }
}

#[test]
fn any_bytes_in_a_name_make_valid_labels() {
    let names: [&[u8]; 8] = [
        b"",
        b") S 1 (",
        b"a\nb{c=\"d\"} 1",
        b"\xff\xfe",
        b"\xe2\x80\xaegnp.exe",
        b"\x1b[31mred",
        b"\\\"",
        b"a b\tc\rd",
    ];
    let mut world = World::new(&[], |proc| {
        for (pid, name) in (1..).zip(names) {
            drop(proc.process(pid).name(name).memory_kib(100, 90, 80));
        }
    });
    let view = world.scan();
    assert_eq!(view.counted(), 8);
    assert_eq!(&*view.process(1).name, "unknown");
    assert_eq!(&*view.process(2).name, ") S 1 (");
    for process in view.snapshot.processes() {
        let name = &process.name;
        let hostile = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!name.is_empty() && !name.chars().any(hostile), "{name:?}");
    }
    assert_series_are_unique(&view);
}

#[test]
fn processes_whose_names_become_equal_stay_two() {
    let mut world = World::new(&[], |proc| {
        drop(proc.process(5).name(b"a\xff").memory_kib(100, 90, 80));
        drop(proc.process(6).name(b"a\xfe").memory_kib(200, 190, 180));
    });
    let view = world.scan();
    assert_eq!(view.process(5).name, view.process(6).name);
    assert_eq!(view.memory(5), kib(100, 90, 80));
    assert_eq!(view.memory(6), kib(200, 190, 180));
    assert_series_are_unique(&view);
}

#[test]
fn kernel_workers_keep_one_name_whatever_they_work_on() {
    let mut world = World::new(&[], |proc| {
        drop(proc.process(1));
        drop(proc.process(7).name("kworker/0:1-events").kernel_thread());
        drop(proc.process(8).name("kworker/u8:2+flush").kernel_thread());
    });
    for work in ["kworker/0:1-mm_percpu_wq", "kworker/0:1", "kworker/0:1+x"] {
        let view = world.scan();
        assert_eq!(&*view.process(7).name, "kworker/0:1");
        assert_eq!(&*view.process(8).name, "kworker/u8:2");
        drop(world.proc.process(7).name(work));
    }
}

/// Linux has printed `cutime` below 0, and other kernels print what they do not know as -1.
#[test]
fn a_field_below_0_costs_its_process_nothing_else() {
    for mode in [Setting::Rss, Setting::Exact, Setting::Adaptive] {
        let line = "5 (named-odd) S -1 -1 -1 0 -1 4194304 9 0 1 0 70 30 -3 -9223372036854775808 \
            -2 -20 -1 0 12000 16777216 -5 18446744073709551615 1 1 140720 0 0 0 0 0 0 0 0 0 -1 -1\n";
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(5).content(ProcFile::Stat, line));
        });
        for _ in 0..2 {
            let view = world.scan();
            assert_eq!(view.faults(), [], "{mode:?}");
            assert_eq!(view.class(5), "app/named");
            assert_eq!(view.memory(5)[0], Some(4096), "{mode:?}");
            assert_eq!(view.process(5).cpu_seconds, Some(1.0));
            assert_eq!(view.ticks("app/named"), 100);
        }
    }
}

//! Who is who: reused pids and exec, between scans and within one.

use herakles_scan::ProcFile;
use herakles_scan::testing::{Gate, MemProcess, Mishap};

use super::*;

const MODES: [Setting; 2] = [Setting::Exact, Setting::Adaptive];

/// An old process with a past, and one beside it.
fn world(mode: Setting) -> World {
    World::new(&[mode], |proc| {
        drop(proc.process(1));
        let it = proc.process(5).name("named-old").cpu(700, 300);
        drop(it.memory_kib(9000, 8000, 7000));
    })
}

/// Makes it a process that started later.
fn reborn(it: MemProcess) -> MemProcess {
    it.stat(|it| it.start_time = COUNTS_FROM + 50)
        .name("named-new")
        .cpu(4, 0)
}

/// Gives pid 5 to another process as soon as a reader is held back by the gate.
fn reuse_when_held(world: &World, gate: Gate) -> thread::JoinHandle<()> {
    let proc = world.proc.clone();
    thread::spawn(move || {
        gate.wait_until_held(1);
        proc.reuse(5, |it| reborn(it).memory_kib(100, 90, 80));
        drop(proc.process(1).healthy());
        gate.release();
    })
}

#[test]
fn a_pid_reused_between_scans_is_a_new_process() {
    for mode in MODES {
        let mut world = world(mode);
        world.scan();
        assert_eq!(world.scan().process(5).cpu_usage_ratio, Some(0.0));

        world.proc.reuse(5, |it| reborn(it).memory_kib(100, 90, 80));
        let view = world.scan();
        let it = view.process(5);
        assert_eq!(&*it.name, "named-new", "{mode:?}");
        assert_eq!(it.cpu_seconds, Some(0.04));
        assert_eq!(it.cpu_usage_ratio, None);
        assert_eq!(it.start_time_seconds, Some(1_000.0 + 100.5));
        assert_eq!(view.memory(5), kib(100, 90, 80));
        // Nothing of the old one, which was there before us, all of the new one.
        assert_eq!(view.ticks("app/named"), 4);
    }
}

/// A process of the same pid that looks the same in every file but for its start is read anew.
#[test]
fn a_reused_pid_inherits_no_sample() {
    for mode in MODES {
        let mut world = world(mode);
        world.scan();
        let it = world.proc.process(5).stat(|it| it.start_time += 1);
        drop(it.fail(ProcFile::SmapsRollup, Mishap::Errno(13)));
        let view = world.scan();
        assert_eq!(view.memory(5), [Some(9000), None, None], "{mode:?}");
        assert_eq!(view.process(5).cpu_usage_ratio, None);
    }
}

/// The survey reads one process; when the memory pass comes, the pid is another's.
#[test]
fn a_pid_reused_within_a_scan_never_mixes_two_processes() {
    // Both read memory in a pass of its own.
    for settings in [
        &[Setting::Adaptive][..],
        &[Setting::Exact, Setting::MaxProcesses(100)],
    ] {
        let mut world = World::new(settings, |proc| {
            drop(proc.process(1));
            let it = proc.process(5).name("named-old").cpu(700, 300);
            drop(it.memory_kib(9000, 8000, 7000));
        });
        world.scan();
        let gate = Gate::new();
        let it = world.proc.process(5).stat(|it| it.minor_faults += 1);
        drop(it);
        // The first memory read is held back until the other pid is another's.
        let first = world.proc.process(1).stat(|it| it.minor_faults += 1);
        drop(first.fail(ProcFile::SmapsRollup, Mishap::Hang(gate.clone())));
        drop(
            world
                .proc
                .process(5)
                .fail(ProcFile::SmapsRollup, Mishap::Hang(gate.clone())),
        );
        let swap = reuse_when_held(&world, gate);
        let view = world.scan();
        swap.join().unwrap();
        if let Some(it) = view.find(5) {
            let old = &*it.name == "named-old";
            assert_eq!(it.cpu_seconds, Some(if old { 10.0 } else { 0.04 }));
            let pss = if old { 8000 } else { 90 };
            assert!(
                it.memory.pss_bytes.is_none_or(|it| it == pss * 1024),
                "{settings:?}"
            );
        }
        let view = world.scan();
        assert_eq!(view.memory(5), kib(100, 90, 80), "{settings:?}");
        assert_eq!(&*view.process(5).name, "named-new");
        assert_eq!(view.ticks("app/named"), 4);
    }
}

/// The survey reads two files of one process; between them the pid becomes another's.
#[test]
fn a_pid_reused_within_a_look_never_mixes_two_processes() {
    let files = |mode| match mode {
        Setting::Exact => [ProcFile::Stat, ProcFile::SmapsRollup],
        _ => [ProcFile::Stat, ProcFile::Statm],
    };
    for (mode, file) in MODES
        .into_iter()
        .flat_map(|mode| files(mode).map(|file| (mode, file)))
    {
        let mut world = world(mode);
        world.scan();
        let gate = Gate::new();
        let it = world.proc.process(5);
        drop(it.fail(file, Mishap::Hang(gate.clone())));
        let swap = reuse_when_held(&world, gate);
        let view = world.scan();
        swap.join().unwrap();
        if let Some(it) = view.find(5) {
            let old = &*it.name == "named-old";
            assert_eq!(it.cpu_seconds, Some(if old { 10.0 } else { 0.04 }));
            let rss = if old { 9000 } else { 100 };
            assert_eq!(it.memory.rss_bytes, Some(rss * 1024), "{mode:?} {file}");
        }
        assert_eq!(world.scan().memory(5), kib(100, 90, 80), "{mode:?}");
    }
}

/// Neither its facts nor its past are lost while descriptors have run out.
#[test]
fn a_process_that_could_not_be_read_for_a_while_is_no_new_one() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(1));
            let it = proc.process(5).name("x").cmdline(&["x", "--role=web"]);
            drop(it.stat(|it| it.start_time = COUNTS_FROM).cpu(10, 0));
        });
        world.scan();
        let it = world
            .proc
            .process(5)
            .fail(ProcFile::Stat, Mishap::Errno(24));
        for _ in 0..3 {
            assert_eq!(world.scan().ticks("app/web"), 10, "{mode:?}");
        }
        drop(it.healthy().cpu(30, 0));
        let view = world.scan();
        assert_eq!(view.ticks("app/web"), 30, "{mode:?}");
        assert!(view.process(5).cpu_usage_ratio.is_some_and(|it| it > 0.0));
        assert_eq!(world.proc.process(5).reads(ProcFile::Cmdline), 1);
    }
}

#[test]
fn exec_changes_name_and_class_and_keeps_the_cpu_history() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(1));
            drop(proc.process(5).name("sh").cpu(10, 0));
        });
        assert_eq!(world.scan().class(5), "other/other");

        let it = world
            .proc
            .process(5)
            .cpu(12, 0)
            .cmdline(&["x", "--role=web"]);
        let it = it.name("x").memory_kib(500, 400, 300);
        drop(it.stat(|it| it.start_stack += 0x1000));
        let view = world.scan();
        assert_eq!(view.class(5), "app/web", "{mode:?}");
        assert_eq!(&*view.process(5).name, "x");
        assert_eq!(view.memory(5), kib(500, 400, 300));
        assert_eq!(view.process(5).cpu_seconds, Some(0.12));
        assert!(view.process(5).cpu_usage_ratio.is_some_and(|it| it > 0.0));
        // What it used since then counts for what it is now.
        assert_eq!(view.ticks("app/web"), 2);
        assert_eq!(view.ticks("other/other"), 0);
    }
}

#[test]
fn exec_of_a_program_with_the_same_name_is_noticed_too() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(1));
            drop(proc.process(5).name("java"));
        });
        assert_eq!(world.scan().class(5), "other/other");
        let it = world.proc.process(5).cmdline(&["java", "--role=web"]);
        let it = it.memory_kib(500, 400, 300);
        drop(it.stat(|it| {
            it.start_stack += 0x1000;
            it.minor_faults += 300;
        }));
        let view = world.scan();
        assert_eq!(view.class(5), "app/web", "{mode:?}");
        assert_eq!(view.memory(5), kib(500, 400, 300));
    }
}

/// Old memory of a program that is gone must not be shown, also if the new cannot be read.
#[test]
fn exec_inherits_no_sample() {
    for mode in MODES {
        for name in ["named-old", "sh"] {
            let mut world = world(mode);
            world.scan();
            let it = world.proc.process(5).name(name);
            let it = it.fail(ProcFile::SmapsRollup, Mishap::Errno(13));
            drop(it.stat(|it| {
                it.start_stack += 0x1000;
                it.minor_faults += 300;
            }));
            let view = world.scan();
            assert_eq!(view.memory(5), [Some(9000), None, None], "{mode:?} {name}");
        }
    }
}

/// The same where `hold_ratio` forbids for hours to read the new program.
#[test]
fn exec_inherits_no_sample_while_the_read_is_put_off() {
    let mut world = World::new(&[Setting::HoldRatio(0.000_001)], |proc| {
        drop(
            proc.process(5)
                .name("java")
                .memory_kib(90_000, 80_000, 70_000),
        );
    });
    world.scan();
    let exec = |it: MemProcess| {
        it.stat(|it| {
            it.start_stack += 0x1000;
            it.minor_faults += 300;
        })
    };
    drop(exec(world.proc.process(5)).memory_kib(6000, 100, 50));
    for _ in 0..3 {
        let view = world.scan();
        assert_eq!(view.memory(5), [Some(6000), None, None]);
        assert_eq!(view.reads.deferred_hold, 1);
        assert_eq!(view.snapshot.states().unreadable, 1);
    }
    world.reconfigure(&[]);
    assert_eq!(world.scan().memory(5), kib(6000, 100, 50));
    assert_eq!(world.scan().memory(5), kib(6000, 100, 50));
}

#[test]
fn other_rules_hold_from_the_next_scan_on_for_all_that_live() {
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            for pid in [4, 5, 6] {
                let it = proc.process(pid).name("x").cmdline(&["x", "--role=web"]);
                drop(it.stat(|it| it.start_time = COUNTS_FROM).cpu(10, 0));
            }
        });
        assert_eq!(world.scan().ticks("app/web"), 30);
        drop(world.proc.process(6).zombie());
        world.scan();

        let rules = RULES.replace("\"web\"", "\"shop\"");
        world.collector.reconfigure(options(&rules, &[mode]));
        drop(world.proc.process(4).cpu(15, 0));
        let view = world.scan();
        assert_eq!(view.class(4), "app/shop", "{mode:?}");
        assert_eq!(view.class(5), "app/shop");
        // Its command line is gone: it stays what it was.
        assert_eq!(view.class(6), "app/web");
        assert_eq!((view.ticks("app/web"), view.ticks("app/shop")), (30, 5));
        assert_eq!(view.memory(5), kib(4096, 2048, 1024));
    }
}

#[test]
fn facts_are_read_only_of_new_and_execd_processes() {
    const FACTS: [ProcFile; 3] = [ProcFile::Cmdline, ProcFile::Exe, ProcFile::Cgroup];
    for mode in MODES {
        let mut world = World::new(&[mode], |proc| {
            drop(proc.process(4).name("named-x"));
            drop(proc.process(5).name("boxed-x"));
        });
        for _ in 0..4 {
            world.scan();
            drop(
                world
                    .proc
                    .process(5)
                    .stat(|it| it.minor_faults += 1)
                    .cpu(9, 9),
            );
        }
        let reads = |world: &World, pid| FACTS.map(|file| world.proc.process(pid).reads(file));
        assert_eq!(reads(&world, 5), [1; 3], "{mode:?}");
        // Its name alone decides.
        assert_eq!(reads(&world, 4), [0; 3], "{mode:?}");

        drop(world.proc.process(5).stat(|it| it.start_stack += 0x1000));
        world.scan();
        world.scan();
        assert_eq!(reads(&world, 5), [2; 3], "{mode:?}");
    }
}

/// Without address randomisation (`setarch -R`, `kernel.randomize_va_space = 0`) the stack begins
/// where it began before.
#[test]
fn exec_without_randomisation_into_the_same_name_is_another_program() {
    for mode in [Setting::Exact, Setting::Adaptive] {
        let mut world = World::new(&[mode], |proc| {
            let it = proc
                .process(5)
                .name("python3")
                .cmdline(&["python3", "--role=bat"]);
            drop(it.stat(|it| it.start_stack = 0x7fff_ffff_e2d0));
            drop(proc.process(6));
        });
        assert_eq!(world.scan().class(5), "other/other");
        // One that does nothing but fault is asked, and has the same program.
        let faults = |it: MemProcess| it.stat(|it| it.minor_faults += 100);
        drop(faults(world.proc.process(5)));
        assert_eq!(world.scan().class(5), "other/other");

        let it = world.proc.process(5).cmdline(&["python3", "--role=web"]);
        drop(faults(it));
        assert_eq!(world.scan().class(5), "app/web", "{mode:?}");

        // The memory of another file is not that of the one before.
        let it = world
            .proc
            .process(5)
            .content(ProcFile::Exe, "/opt/tool/python3");
        let it = it.cmdline(&["python3", "--role=bat"]);
        drop(faults(it.fail(ProcFile::SmapsRollup, Mishap::Errno(13))));
        let view = world.scan();
        assert_eq!(view.class(5), "app/tool", "{mode:?}");
        assert_eq!(view.memory(5), [Some(4096), None, None]);
        // Nobody else is asked.
        assert_eq!(world.proc.process(6).reads(ProcFile::Cmdline), 1);
    }
}

#[test]
fn the_same_rules_are_not_asked_again_by_other_options() {
    let settings = [Setting::MaxAgeSeconds(60)];
    let mut world = World::new(&[], |proc| {
        drop(proc.process(5).name("x").cmdline(&["x", "--role=web"]));
    });
    let first = options(RULES, &[]);
    world.collector.reconfigure(first.clone());
    assert_eq!(world.scan().class(5), "app/web");
    let asked = |world: &World| world.proc.process(5).reads(ProcFile::Cmdline);
    let before = asked(&world);
    let mut same = options(RULES, &settings);
    same.classifier = first.classifier;
    world.collector.reconfigure(same);
    assert_eq!(world.scan().class(5), "app/web");
    assert_eq!(asked(&world), before);
    world.reconfigure(&settings);
    assert_eq!(world.scan().class(5), "app/web");
    assert_eq!(asked(&world), before + 1);
}

//! Reads that never come back, and readers that panic.

use herakles_scan::ProcFile;
use herakles_scan::testing::{Gate, Mishap};

use super::*;
use crate::{Fault, FaultFile, FaultKind};

const EXACT: &[Setting] = &[Setting::Exact];
const EXACT_APART: &[Setting] = &[Setting::Exact, Setting::MaxProcesses(100)];
const ADAPTIVE: &[Setting] = &[Setting::Adaptive];
/// Every sample is too old for the next scan.
const ADAPTIVE_AGED: &[Setting] = &[Setting::MaxAgeSeconds(10), Setting::IntervalSeconds(30)];
const WITH_PSS: [&[Setting]; 4] = [EXACT, EXACT_APART, ADAPTIVE, ADAPTIVE_AGED];

/// After which a read counts as hanging.
const PATIENCE: Duration = Duration::from_millis(300);

fn world(settings: &[Setting]) -> World {
    World::with_patience(PATIENCE, settings, |proc| {
        for pid in [1, 2, 3] {
            drop(proc.process(pid).name("x").cpu(10, 0));
        }
        drop(proc.process(2).cmdline(&["x", "--role=web"]));
    })
}

fn hang(world: &World, pid: u32, file: ProcFile, gate: &Gate) {
    let it = world.proc.process(pid).stat(|it| it.minor_faults += 1);
    drop(it.fail(file, Mishap::Hang(gate.clone())));
}

/// Scans until `holds` does, as a thread that was stuck comes back when it is scheduled.
#[track_caller]
fn scan_until(world: &mut World, holds: impl Fn(&View) -> bool) -> View {
    for _ in 0..3_000 {
        let view = world.scan();
        if holds(&view) {
            return view;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("that never came true");
}

#[test]
fn a_hanging_memory_read_costs_its_process_pss_and_uss_only() {
    for settings in WITH_PSS {
        let mut world = world(settings);
        world.scan();
        let gate = Gate::new();
        hang(&world, 2, ProcFile::SmapsRollup, &gate);
        let view = world.scan();
        assert_eq!(view.faults(), once("timeout smaps_rollup"), "{settings:?}");
        assert_eq!(view.memory(1), kib(4096, 2048, 1024));
        assert_eq!(view.memory(2), [Some(4096), None, None]);
        assert_eq!(view.memory(3), kib(4096, 2048, 1024));
        assert_eq!(view.process(2).cpu_seconds, Some(0.1));
        assert_eq!(view.class(2), "app/web");
        assert_eq!(view.subgroup("app/web").unreadable_processes, 1);
        assert_eq!(view.snapshot.states().unreadable, 1);

        let reads = world.proc.process(2).reads(ProcFile::SmapsRollup);
        for _ in 0..3 {
            let it = world.proc.process(2).stat(|it| it.minor_faults += 1);
            drop(it.cpu(20, 0));
            let view = world.scan();
            assert_eq!(view.faults(), [], "{settings:?}");
            assert_eq!(view.memory(2), [Some(4096), None, None]);
            assert_eq!(view.memory(3), kib(4096, 2048, 1024));
            assert_eq!(view.process(2).cpu_seconds, Some(0.2));
        }
        assert_eq!(world.proc.process(2).reads(ProcFile::SmapsRollup), reads);

        gate.release();
        let read = |view: &View| view.memory(2) == kib(4096, 2048, 1024);
        scan_until(&mut world, read);
    }
}

#[test]
fn a_hanging_fact_of_a_new_process_leaves_the_name_to_decide_until_it_can_be_read() {
    for (file, fault) in [
        (ProcFile::Cmdline, "timeout cmdline"),
        (ProcFile::Exe, "timeout exe"),
    ] {
        for settings in [EXACT, ADAPTIVE] {
            let mut world = world(settings);
            let gate = Gate::new();
            hang(&world, 2, file, &gate);
            drop(world.proc.process(2).content(ProcFile::Exe, "/opt/tool/x"));
            if file == ProcFile::Exe {
                drop(world.proc.process(2).cmdline(&["x"]));
            }
            let view = world.scan();
            assert_eq!(view.faults(), once(fault), "{settings:?}");
            assert_eq!(view.class(2), "other/other");
            assert_eq!(view.memory(2)[0], Some(4096));
            for pid in [1, 3] {
                assert_eq!(view.memory(pid), kib(4096, 2048, 1024), "{settings:?}");
            }
            let reads = world.proc.process(2).reads(file);
            let view = world.scan();
            assert_eq!(view.faults(), [], "{settings:?}");
            assert_eq!(view.memory(2), [Some(4096), None, None]);
            assert_eq!(world.proc.process(2).reads(file), reads);

            gate.release();
            let view = scan_until(&mut world, |view| view.class(2) != "other/other");
            let class = match file {
                ProcFile::Cmdline => "app/web",
                _ => "app/tool",
            };
            assert_eq!(view.class(2), class);
            assert_eq!(world.scan().memory(2), kib(4096, 2048, 1024));
        }
    }
}

/// There is nothing to show until the first scan is done, so it waits for nobody as long as later
/// ones do.
#[test]
fn what_hangs_at_the_start_does_not_keep_the_others_from_being_shown() {
    for settings in WITH_PSS {
        for (file, fault) in [
            (ProcFile::SmapsRollup, "timeout smaps_rollup"),
            (ProcFile::Cmdline, "timeout cmdline"),
        ] {
            let mut world = world(settings);
            let hasty = Options {
                patience: Duration::from_secs(3600),
                first_patience: PATIENCE,
                ..options(RULES, settings)
            };
            world.collector =
                Collector::with_source(world.proc.clone(), host_facts(), hasty).unwrap();
            let gate = Gate::new();
            hang(&world, 2, file, &gate);
            let view = world.scan();
            assert_eq!(view.faults(), once(fault), "{settings:?}");
            assert_eq!(view.memory(2), [Some(4096), None, None]);
            assert_eq!(view.process(2).cpu_seconds, Some(0.1));
            for pid in [1, 3] {
                assert_eq!(view.memory(pid), kib(4096, 2048, 1024), "{settings:?}");
            }
            let view = world.scan();
            assert_eq!(view.faults(), [], "it is not read again");
            assert_eq!(view.memory(2), [Some(4096), None, None]);
            gate.release();
            let is_whole =
                |view: &View| view.memory(2) == kib(4096, 2048, 1024) && view.class(2) == "app/web";
            scan_until(&mut world, is_whole);
        }
    }
}

#[test]
fn once_there_is_something_to_show_a_slow_read_is_waited_for() {
    for settings in WITH_PSS {
        let mut world = world(settings);
        let hasty = Options {
            patience: Duration::from_secs(3600),
            first_patience: PATIENCE,
            ..options(RULES, settings)
        };
        world.collector = Collector::with_source(world.proc.clone(), host_facts(), hasty).unwrap();
        world.scan();
        let gate = Gate::new();
        hang(&world, 2, ProcFile::SmapsRollup, &gate);
        let later = gate.clone();
        let releases = thread::spawn(move || {
            thread::sleep(2 * PATIENCE);
            later.release();
        });
        let view = world.scan();
        releases.join().unwrap();
        assert_eq!(view.faults(), [], "{settings:?}");
        assert_eq!(view.memory(2), kib(4096, 2048, 1024), "{settings:?}");
    }
}

/// Eight stuck threads, and as many as were reading when the eighth was found stuck.
const MOST_STUCK: usize = 9;

#[test]
fn when_eight_threads_are_stuck_memory_reads_stop_and_all_else_goes_on() {
    for settings in [EXACT, ADAPTIVE] {
        let mut world = world(settings);
        world.scan();
        let gate = Gate::new();
        for pid in 10..30 {
            hang(&world, pid, ProcFile::SmapsRollup, &gate);
        }
        let reads = |world: &World| -> usize {
            let of = |pid| world.proc.process(pid).reads(ProcFile::SmapsRollup);
            (10..30).map(of).sum()
        };
        let timeouts = |view: &View| {
            view.faults.count(Fault {
                kind: FaultKind::Timeout,
                file: FaultFile::SmapsRollup,
            })
        };
        let view = world.scan();
        assert!(
            reads(&world) <= MOST_STUCK,
            "{settings:?}: {}",
            reads(&world)
        );
        assert_eq!(timeouts(&view), reads(&world) as u64);
        assert_eq!(view.counted(), 23, "{settings:?}");

        let own = world.proc.process(1).reads(ProcFile::SmapsRollup);
        drop(
            world
                .proc
                .process(1)
                .cpu(30, 0)
                .stat(|it| it.minor_faults += 1),
        );
        let view = world.scan();
        assert_eq!(view.faults(), [], "{settings:?}");
        assert_eq!(view.counted(), 23);
        assert_eq!(view.process(1).cpu_seconds, Some(0.3));
        assert_eq!(view.memory(1)[0], Some(4096));
        assert_eq!(world.proc.process(1).reads(ProcFile::SmapsRollup), own);
        assert!(reads(&world) <= MOST_STUCK);

        gate.release();
        let whole = |view: &View| {
            let mut processes = view.snapshot.processes().iter();
            processes.all(|it| it.memory.pss_bytes == Some(2048 * 1024))
        };
        scan_until(&mut world, whole);
    }
}

#[test]
fn command_lines_that_hang_one_after_the_other_cost_no_more_threads() {
    let mut world = world(ADAPTIVE);
    world.scan();
    let gate = Gate::new();
    for pid in 10..30 {
        drop(world.proc.process(pid).cmdline(&["x", "--role=web"]));
        hang(&world, pid, ProcFile::Cmdline, &gate);
    }
    let view = world.scan();
    let reads: usize = (10..30)
        .map(|pid| world.proc.process(pid).reads(ProcFile::Cmdline))
        .sum();
    assert!(reads <= MOST_STUCK, "{reads}");
    assert_eq!(view.counted(), 23);
    assert_eq!(view.subgroup("other/other").processes, 22);
    gate.release();
    scan_until(&mut world, |view| view.subgroup("app/web").processes == 21);
}

#[test]
fn a_panic_costs_its_process_what_was_being_read() {
    for settings in WITH_PSS {
        for (file, fault) in [
            (ProcFile::Stat, "panic none"),
            (ProcFile::Cmdline, "panic cmdline"),
            (ProcFile::SmapsRollup, "panic smaps_rollup"),
        ] {
            let mut world = World::new(settings, |proc| {
                for pid in [1, 2, 3] {
                    drop(proc.process(pid).name("x").cpu(10, 0));
                }
                let it = proc.process(2).cmdline(&["x", "--role=web"]);
                drop(it.fail(file, Mishap::Panic));
            });
            let view = world.scan();
            assert_eq!(view.faults(), once(fault), "{settings:?}");
            for pid in [1, 3] {
                assert_eq!(
                    view.memory(pid),
                    kib(4096, 2048, 1024),
                    "{settings:?} {file}"
                );
            }
            match view.find(2) {
                None => assert_eq!(file, ProcFile::Stat),
                Some(it) => assert_eq!(it.cpu_seconds, Some(0.1)),
            }
            let it = world.proc.process(2).healthy();
            drop(it.stat(|it| it.minor_faults += 1));
            let view = world.scan();
            assert_eq!(view.faults(), [], "{settings:?} {file}");
            assert_eq!(view.memory(2), kib(4096, 2048, 1024), "{settings:?} {file}");
            assert_eq!(view.class(2), "app/web", "{settings:?} {file}");
        }
    }
}

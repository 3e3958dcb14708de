//! Reads for the age of a sample, which are made along with the look at the process.

use herakles_scan::ProcFile;
use herakles_scan::testing::{MemProc, Mishap};

use super::*;

/// Every scan renews every sample.
const SETTINGS: [Setting; 2] = [Setting::MaxAgeSeconds(10), Setting::IntervalSeconds(30)];

fn three(proc: &MemProc) {
    for pid in 1..=3 {
        drop(proc.process(pid));
    }
}

fn world(further: &[Setting]) -> World {
    let settings: Vec<Setting> = SETTINGS.iter().chain(further).copied().collect();
    World::new(&settings, three)
}

#[test]
fn a_turn_costs_no_second_look() {
    let mut world = world(&[]);
    world.scan();
    let looks = |world: &World| world.proc.process(2).reads(ProcFile::Stat);
    let before = looks(&world);
    drop(world.proc.process(2).memory_kib(4096, 3000, 2000));
    let view = world.scan();
    assert_eq!(view.memory(2), kib(4096, 3000, 2000));
    assert_eq!(view.reads.fresh, 3);
    assert_eq!(looks(&world), before + 1);
}

#[test]
fn a_turn_that_fails_leaves_no_memory_and_is_counted_once() {
    let mut world = world(&[]);
    world.scan();
    let it = world.proc.process(2);
    drop(it.fail(ProcFile::SmapsRollup, Mishap::Errno(13)));
    let view = world.scan();
    assert_eq!(view.memory(2), [Some(4096), None, None]);
    assert_eq!(view.memory(3), kib(4096, 2048, 1024));
    assert!(view.faults().contains(&once("denied smaps_rollup")[0]));
    drop(world.proc.process(2).healthy());
    assert_eq!(world.scan().memory(2), kib(4096, 2048, 1024));
}

#[test]
fn a_process_that_execs_in_its_turn_has_the_memory_of_the_new_program() {
    let mut world = world(&[]);
    world.scan();
    let it = world
        .proc
        .process(2)
        .name("other")
        .memory_kib(900, 800, 700);
    drop(it.stat(|it| it.start_stack += 4096));
    let view = world.scan();
    assert_eq!(&*view.process(2).name, "other");
    assert_eq!(view.memory(2), kib(900, 800, 700));
    assert_eq!(view.reads.fresh, 3);
}

#[test]
fn a_process_that_ends_in_its_turn_is_gone() {
    let mut world = world(&[]);
    world.scan();
    let it = world.proc.process(2);
    drop(it.fail(ProcFile::SmapsRollup, Mishap::Death));
    let view = world.scan();
    assert!(view.find(2).is_none() || view.memory(2)[1].is_none());
    assert!(world.scan().find(2).is_none());
}

#[test]
fn who_is_over_the_limit_has_no_turn() {
    let mut world = world(&[Setting::MaxProcesses(2)]);
    world.scan();
    let reads = |world: &World| world.proc.process(3).reads(ProcFile::SmapsRollup);
    let before = reads(&world);
    let view = world.scan();
    assert_eq!(reads(&world), before);
    assert_eq!(view.memory(3)[1..], [None, None]);
    assert_eq!(view.reads.fresh, 2);
}

/// Whether it may be read at all is for the planner to say, by its new size.
#[test]
fn who_has_outgrown_the_bounds_is_not_read_in_its_turn() {
    let mut world = world(&[Setting::MaxHoldSeconds(1)]);
    world.scan();
    let reads = |world: &World| world.proc.process(2).reads(ProcFile::SmapsRollup);
    let before = reads(&world);
    let huge = 2_000_000_000;
    drop(world.proc.process(2).memory_kib(huge, huge, huge));
    let view = world.scan();
    assert_eq!(view.reads.skipped_size, 1);
    assert_eq!(reads(&world), before);
}

//! Processes that taskstats finds idle, and whose memory others change.

use std::collections::HashMap;
use std::fs;
use std::sync::Mutex;

use herakles_scan::testing::{Gate, Mishap};
use herakles_scan::{ProcFile, ProcSource};
use herakles_stat::Pid;
use herakles_taskstats::{Error, TaskActivity};
use tempfile::NamedTempFile;

use crate::idle::{ActivitySource, IdleDetector};

use super::*;

const MIB: u64 = 1024;

/// Who is idle unless it is said to have run, on a kernel whose counters the test moves.
#[derive(Clone)]
struct Kernel {
    proc: MemProc,
    started: Instant,
    switches: Arc<Mutex<HashMap<Pid, u64>>>,
    vmstat: Arc<NamedTempFile>,
}

impl Kernel {
    /// The kernel of a world, which from now on tells who is idle.
    fn of(world: &mut World) -> Self {
        let kernel = Self {
            proc: world.proc.clone(),
            started: Instant::now(),
            switches: Arc::default(),
            vmstat: Arc::new(NamedTempFile::new().unwrap()),
        };
        kernel.counts("nr_free_pages", 1);
        let vmstat = kernel.vmstat.path().to_owned();
        let detector = IdleDetector::new(Box::new(kernel.clone()), vmstat);
        world.collector.detect_idle_by(detector);
        kernel
    }

    fn ran(&self, pid: u32) {
        let mut switches = self.switches.lock().unwrap();
        *switches.entry(Pid::new(pid).unwrap()).or_default() += 1;
    }

    fn counts(&self, counter: &str, value: u64) {
        let text = format!("pgsteal_kswapd 7\n{counter} {value}\n");
        fs::write(self.vmstat.path(), text).unwrap();
    }
}

impl ActivitySource for Kernel {
    fn query(&mut self, pids: &[Pid], out: &mut Vec<TaskActivity>) -> Result<(), Error> {
        let switches = self.switches.lock().unwrap();
        for &pid in pids {
            if self.proc.open(pid).is_ok() {
                out.push(TaskActivity {
                    pid,
                    context_switches: switches.get(&pid).copied().unwrap_or(0),
                    user: Duration::ZERO,
                    system: Duration::ZERO,
                    elapsed: self.started.elapsed(),
                });
            }
        }
        Ok(())
    }
}

/// A world in which everybody has been found idle once.
fn idle_world(settings: &[Setting], populate: impl FnOnce(&MemProc)) -> (World, Kernel) {
    let mut world = World::new(settings, populate);
    let kernel = Kernel::of(&mut world);
    for _ in 0..2 {
        world.scan();
    }
    (world, kernel)
}

/// Each sample has its turn to be renewed within ten scans.
const TEN_SCANS: [Setting; 2] = [Setting::MaxAgeSeconds(300), Setting::IntervalSeconds(30)];

fn many_small(proc: &MemProc) {
    for pid in 1..=400 {
        drop(proc.process(pid).name("named-x").memory_kib(600, 500, 400));
    }
}

/// One that holds nearly all, and forty small ones.
fn big_and_small(proc: &MemProc) {
    drop(proc.process(1).memory_kib(600 * MIB, 500 * MIB, 400 * MIB));
    for pid in 2..=41 {
        drop(proc.process(pid).name("named-x").memory_kib(600, 500, 400));
    }
}

#[test]
fn nothing_is_read_of_who_is_idle_but_a_tenth_of_statm_and_that_of_the_big() {
    let (mut world, kernel) = idle_world(&[], big_and_small);
    let reads = |world: &World, file| {
        let of = |pid| world.proc.process(pid).reads(file);
        (1..=41).map(of).sum::<usize>()
    };
    let files = [ProcFile::Stat, ProcFile::SmapsRollup, ProcFile::Statm];
    let before = files.map(|file| reads(&world, file));
    for _ in 0..10 {
        world.scan();
    }
    let after = files.map(|file| reads(&world, file));
    assert_eq!(after[..2], before[..2]);
    assert_eq!(after[2], before[2] + 40 + 10);

    kernel.ran(5);
    let before = reads(&world, ProcFile::Stat);
    world.scan();
    assert_eq!(reads(&world, ProcFile::Stat), before + 1);
}

#[test]
fn a_sample_that_is_renewed_is_a_look() {
    let (mut world, _kernel) = idle_world(&TEN_SCANS, many_small);
    let reads = |world: &World, file| {
        let of = |pid| world.proc.process(pid).reads(file);
        (1..=400).map(of).sum::<usize>()
    };
    let files = [ProcFile::Statm, ProcFile::SmapsRollup];
    for _ in 0..20 {
        let before = files.map(|file| reads(&world, file));
        world.scan();
        let after = files.map(|file| reads(&world, file));
        assert_eq!([after[0] - before[0], after[1] - before[1]], [40, 40]);
    }
}

/// On the thread that scans: the workers do nothing but look.
#[test]
fn twice_as_many_that_are_idle_cost_a_scan_no_more_allocations_than_its_lists_to_grow() {
    let allocations = |processes: u32| {
        let (mut world, _kernel) = idle_world(&[], |proc| {
            for pid in 1..=processes {
                drop(proc.process(pid).name("named-x").memory_kib(600, 500, 400));
            }
        });
        for _ in 0..10 {
            world.scan();
        }
        let scan = || drop(world.collector.scan().unwrap());
        allocation_counter::measure(scan).count_total
    };
    let (once, twice) = (allocations(300), allocations(600));
    assert!(twice <= once + 16, "{once}, then {twice}");
}

#[test]
fn nothing_is_asked_again_of_who_is_idle_but_once_if_it_is_switched_on() {
    let without = options(RULES, &[Setting::NoFds]);
    let (mut world, _kernel) = idle_world(&[Setting::NoFds], big_and_small);
    let classifier = Arc::clone(&without.classifier);
    world.collector.reconfigure(without);
    world.scan();
    let asked = |world: &World, file| {
        let of = |pid| world.proc.process(pid).reads(file);
        (1..=41).map(of).sum::<usize>()
    };
    for (settings, asked_fds, asked_io) in [
        (&[Setting::NoFds][..], 0, 0),
        (&[], 41, 0),
        (&[Setting::NoFds], 41, 0),
        (&[Setting::NoFds, Setting::Io], 41, 41),
        (&[Setting::Io], 82, 82),
        (&[], 82, 82),
    ] {
        world.collector.reconfigure(Options {
            classifier: Arc::clone(&classifier),
            ..options(RULES, settings)
        });
        let with_fds = !settings.contains(&Setting::NoFds);
        for _ in 0..3 {
            let view = world.scan();
            let subgroup = view.subgroup("app/named");
            assert_eq!(subgroup.open_fds, with_fds.then_some(40 * 3));
            assert_eq!(subgroup.worst_fd_ratio.is_some(), with_fds);
            assert_eq!(subgroup.io_bytes.is_some(), settings.contains(&Setting::Io));
        }
        assert_eq!(asked(&world, ProcFile::Fd), asked_fds, "{settings:?}");
        assert_eq!(asked(&world, ProcFile::Io), asked_io, "{settings:?}");
    }
}

#[test]
fn a_big_one_that_others_change_is_read_in_the_same_scan() {
    let (mut world, _kernel) = idle_world(&[], big_and_small);
    drop(world.proc.process(1).memory_kib(2656, 900, 800));
    assert_eq!(world.scan().memory(1), kib(2656, 900, 800));
}

#[test]
fn a_small_one_that_others_change_is_read_within_ten_scans() {
    let (mut world, _kernel) = idle_world(&[], big_and_small);
    drop(world.proc.process(7).memory_kib(66_088, 65_900, 65_800));
    let mut scans = 1;
    while world.scan().memory(7) == kib(600, 500, 400) {
        scans += 1;
    }
    assert!(scans <= 10, "{scans}");
    assert_eq!(world.scan().memory(7), kib(66_088, 65_900, 65_800));
}

#[test]
fn all_are_looked_at_when_the_kernel_has_moved_pages_of_who_sleeps() {
    for counter in ["pgsteal_direct", "pswpout", "zswpout", "thp_collapse_alloc"] {
        let (mut world, kernel) = idle_world(&[], big_and_small);
        for pid in 2..=41 {
            drop(world.proc.process(pid).memory_kib(60_020, 60_000, 59_000));
        }
        kernel.counts(counter, 1);
        let view = world.scan();
        for pid in 2..=41 {
            assert_eq!(view.memory(pid), kib(60_020, 60_000, 59_000), "{counter}");
        }
    }
}

/// A sample that is renewed by age takes over what nobody had noticed before: it must not count
/// twice when `statm` is looked at.
#[test]
fn what_a_sample_has_taken_over_is_not_added_to_it_again() {
    let settings = [Setting::MaxAgeSeconds(10), Setting::IntervalSeconds(30)];
    let (mut world, _kernel) = idle_world(&settings, big_and_small);
    drop(world.proc.process(7).memory_kib(200, 150, 100));
    for _ in 0..11 {
        assert_eq!(world.scan().memory(7), kib(200, 150, 100));
    }
}

#[test]
fn a_statm_that_lags_changes_nothing_of_who_is_idle() {
    let statm = "65536 0 0 5 0 123 0\n";
    for settings in [
        &[][..],
        &[Setting::MaxAgeSeconds(10), Setting::IntervalSeconds(30)],
    ] {
        let (mut world, kernel) = idle_world(settings, |proc| {
            big_and_small(proc);
            for pid in 1..=41 {
                drop(proc.process(pid).content(ProcFile::Statm, statm));
            }
        });
        for scan in 0..12 {
            kernel.ran(9);
            kernel.counts("pgsteal_direct", scan / 2);
            let view = world.scan();
            assert_eq!(view.memory(1), kib(600 * MIB, 500 * MIB, 400 * MIB));
            assert_eq!(view.memory(9), kib(600, 500, 400));
        }
    }
}

#[test]
fn the_age_of_an_rss_that_was_not_read_is_part_of_the_sample_age() {
    let refused = |proc: &MemProc| {
        big_and_small(proc);
        let it = proc.process(13).name("boxed-x");
        let it = it.content(ProcFile::Cgroup, "0::/box\n");
        drop(it.fail(ProcFile::SmapsRollup, Mishap::Errno(13)));
    };
    let (mut world, _kernel) = idle_world(&[], refused);
    let (mut aged, mut fresh) = (0, 0);
    for _ in 0..10 {
        let view = world.scan();
        assert_eq!(view.memory(13), [Some(600), None, None]);
        match view.subgroup("app/boxed").memory.sample_age_seconds {
            Some(age) => {
                assert!(age > 0.0);
                aged += 1;
            }
            None => fresh += 1,
        }
    }
    assert_eq!((aged, fresh), (9, 1));
}

#[test]
fn an_idle_one_that_has_let_go_of_its_memory_is_looked_at_closely() {
    let (mut world, _kernel) = idle_world(&[], big_and_small);
    drop(world.proc.process(1).zombie());
    let view = world.scan();
    assert_eq!(view.memory(1), [None; 3]);
    assert_eq!(view.snapshot.states().zombie, 1);
    world.proc.remove(1);
    assert!(world.scan().find(1).is_none());
}

/// The planner hears nothing of who cannot be observed, and forgets it.
#[test]
fn one_that_could_not_be_observed_and_sleeps_on_is_read_again() {
    let (mut world, kernel) = idle_world(&[], big_and_small);
    kernel.ran(5);
    let it = world
        .proc
        .process(5)
        .fail(ProcFile::Stat, Mishap::Errno(24));
    world.scan();
    drop(it.healthy());
    for _ in 0..3 {
        assert_eq!(world.scan().memory(5), kib(600, 500, 400));
    }
}

/// Its first thread has no memory any more: what that says is not what is resident.
#[test]
fn one_whose_leader_has_exited_is_read_by_age_as_often_as_others() {
    let (mut world, _kernel) = idle_world(&TEN_SCANS, |proc| {
        many_small(proc);
        drop(proc.process(7).leader_exited(1_000));
    });
    let mut fresh = 0;
    for _ in 0..20 {
        let view = world.scan();
        assert_eq!(view.memory(7), kib(600, 500, 400));
        fresh += view.reads.fresh;
    }
    assert_eq!(fresh, 2 * 400);
}

/// Who would have its turn to be read is looked at all the same.
#[test]
fn while_too_many_reads_hang_the_idle_are_looked_at_within_ten_scans() {
    let mut world = World::with_patience(Duration::from_millis(300), &TEN_SCANS, many_small);
    let _kernel = Kernel::of(&mut world);
    for _ in 0..2 {
        world.scan();
    }
    let gate = Gate::new();
    for pid in 500..520 {
        let it = world.proc.process(pid).name("stuck-x");
        drop(it.fail(ProcFile::SmapsRollup, Mishap::Hang(gate.clone())));
    }
    world.scan();
    let looks = |world: &World| -> Vec<usize> {
        let of = |pid| world.proc.process(pid).reads(ProcFile::Statm);
        (1..=400).map(of).collect()
    };
    let mut before = looks(&world);
    let mut waited = vec![0; before.len()];
    for _ in 0..25 {
        world.scan();
        let after = looks(&world);
        for ((waited, before), after) in waited.iter_mut().zip(&before).zip(&after) {
            *waited = if before == after { *waited + 1 } else { 0 };
            assert!(*waited < 10);
        }
        before = after;
    }
    gate.release();
}

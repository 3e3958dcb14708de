//! Kernels whose `statm` lags: Linux 6.2 to about 6.15 counts resident pages per CPU, and shows
//! small processes on many CPUs with none at all.

use herakles_scan::ProcFile;

use super::*;

/// The hold forbids a second read for hours: what is shown next is what has moved.
const HELD: Setting = Setting::HoldRatio(0.000_001);

const ROLLUP_KIB: u64 = 40_000;

/// What smaller processes hold up is not worth a hold.
const BIG_ROLLUP_KIB: u64 = 100_000;

/// What `statm` says meanwhile, in KiB.
const LAGGING: [u64; 3] = [0, 12_000, 39_000];

fn statm(proc: &MemProc, pid: u32, kib: u64) {
    let pages = kib / 4;
    let line = format!("65536 {pages} {} 5 0 123 0\n", pages / 2);
    drop(proc.process(pid).content(ProcFile::Statm, line));
}

fn lagging(rollup: u64) -> impl Fn(&MemProc) {
    move |proc| {
        for (pid, kib) in (1..).zip(LAGGING) {
            let it = proc.process(pid).name("named-x");
            drop(it.memory_kib(rollup, 30_000, 20_000));
            statm(proc, pid, kib);
        }
    }
}

/// What the process, its subgroup, the ranks and the JSON say, in KiB.
fn assert_shown(view: &View, memory: [u64; 3], whence: &str) {
    let [rss, pss, uss] = memory;
    for pid in 1..=3 {
        assert_eq!(view.memory(pid), kib(rss, pss, uss), "{whence}, {pid}");
    }
    let sums = &view.subgroup("app/named").memory;
    let sums = [sums.rss_bytes, sums.pss_bytes, sums.uss_bytes];
    assert_eq!(sums, memory.map(|kib| Some(3 * kib * 1024)), "{whence}");
    let text = view.text();
    for (family, kib) in ["rss", "pss", "uss"].iter().zip(memory) {
        let top = format!("herakles_top_process_memory_{family}_bytes{{");
        let tops: Vec<&str> = text.lines().filter(|line| line.starts_with(&top)).collect();
        let ends = format!("}} {}", kib * 1024);
        assert_eq!(tops.len(), 3, "{whence}: {text}");
        assert!(
            tops.iter().all(|line| line.ends_with(&ends)),
            "{whence}: {tops:?}"
        );
    }
}

#[test]
fn a_statm_that_lags_and_stands_still_changes_nothing() {
    let modes = [
        &[Setting::Exact][..],
        &[Setting::Exact, Setting::MaxProcesses(3)],
        &[],
        &[HELD],
        &[Setting::MaxProcesses(3)],
        &[Setting::MaxAgeSeconds(10), Setting::IntervalSeconds(30)],
    ];
    for mode in modes {
        for rollup in [ROLLUP_KIB, BIG_ROLLUP_KIB] {
            let mut world = World::new(mode, lagging(rollup));
            for _ in 0..4 {
                let view = world.scan();
                assert_shown(&view, [rollup, 30_000, 20_000], &format!("{mode:?}"));
            }
        }
    }
}

#[test]
fn what_statm_moves_is_added_to_a_sample_that_cannot_be_renewed() {
    let mut world = World::new(&[HELD], lagging(BIG_ROLLUP_KIB));
    world.scan();
    let moved = |world: &World, by: i64| {
        for (pid, kib) in (1..).zip(LAGGING) {
            statm(&world.proc, pid, kib.saturating_add_signed(by));
        }
    };
    moved(&world, 800);
    let view = world.scan();
    assert_eq!(view.reads.deferred_hold, 3);
    assert_shown(&view, [BIG_ROLLUP_KIB + 800, 30_000, 20_000], "grown");
    moved(&world, 0);
    assert_shown(&world.scan(), [BIG_ROLLUP_KIB, 30_000, 20_000], "back");

    // Of the three only the last has so much to lose by `statm`, and the sample loses no more.
    moved(&world, -39_000);
    let view = world.scan();
    assert_eq!(view.memory(1), kib(BIG_ROLLUP_KIB, 30_000, 20_000));
    assert_eq!(view.memory(2), kib(BIG_ROLLUP_KIB - 12_000, 30_000, 20_000));
    assert_eq!(view.memory(3), kib(BIG_ROLLUP_KIB - 39_000, 30_000, 20_000));
}

#[test]
fn rss_never_falls_below_0() {
    let mut world = World::new(&[HELD], |proc| {
        drop(proc.process(1).memory_kib(70_000, 60_000, 50_000));
        statm(proc, 1, 900_000);
    });
    assert_eq!(world.scan().memory(1), kib(70_000, 60_000, 50_000));
    statm(&world.proc, 1, 800_000);
    assert_eq!(world.scan().memory(1), kib(0, 0, 0));
}

#[test]
fn a_read_that_is_renewed_takes_over_what_statm_had_moved() {
    let mut world = World::new(&[], lagging(ROLLUP_KIB));
    world.scan();
    for (pid, kib) in (1..).zip(LAGGING) {
        drop(
            world
                .proc
                .process(pid)
                .memory_kib(ROLLUP_KIB + 4_000, 31_000, 20_000),
        );
        statm(&world.proc, pid, kib + 400);
    }
    for _ in 0..2 {
        let view = world.scan();
        assert_shown(&view, [ROLLUP_KIB + 4_000, 31_000, 20_000], "read again");
    }
}

#[test]
fn statm_alone_is_shown_where_there_is_no_sample() {
    let mut world = World::new(&[Setting::Rss], lagging(ROLLUP_KIB));
    for _ in 0..2 {
        let view = world.scan();
        assert_eq!(view.memory(1), [Some(0), None, None]);
        assert_eq!(view.memory(3), [Some(39_000), None, None]);
    }
}

//! A scan in which nothing is new allocates nothing for any process it looks at.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::alloc::System;
use std::num::NonZeroUsize;

use herakles_collect::{BootClock, Collector, HostFacts, MemoryMode, Options};
use herakles_plan::PlanLimits;
use herakles_scan::KernelUnits;
use herakles_scan::testing::MemProc;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PROCESSES: u32 = 400;

/// The lists that a scan fills without knowing how long they get: each grows once more for twice
/// as many processes.
const GROWING_LISTS: usize = 12;

/// Of ten processes one is a kernel thread, and one runs at a fixed place, so that its command
/// line is read again where nobody vouches for it.
fn host(processes: u32) -> MemProc {
    let proc = MemProc::new();
    for pid in 1..=processes {
        let it = proc.process(pid).name(format!("app-{}", pid % 20));
        match pid % 10 {
            0 => drop(it.kernel_thread()),
            1 => drop(it.stat(|line| line.start_stack = 0x7fff_ffff_e2d0)),
            _ => {}
        }
    }
    proc
}

/// The allocations of a scan in which nothing is new, on all threads.
fn of_a_steady_scan(mode: MemoryMode, processes: u32) -> usize {
    let mut options = Options::default();
    options.memory = mode;
    options.threads = NonZeroUsize::new(1);
    options.host = false;
    let units = KernelUnits::here().expect("it is a Linux");
    let facts = HostFacts::new(units, BootClock::fixed(Some(1_000.0)));
    let collector = Collector::with_source(host(processes), facts, options);
    let mut collector = collector.expect("there are threads");
    // Until buffers and tables have their size, and reads are spread over time.
    for _ in 0..12 {
        drop(collector.scan().expect("a scan"));
    }
    let region = Region::new(ALLOCATOR);
    let scan = collector.scan().expect("a scan");
    let change = region.change();
    assert_eq!(scan.snapshot.processes().len(), processes as usize);
    change.allocations + change.reallocations
}

#[test]
fn twice_as_many_processes_cost_a_steady_scan_no_more_than_their_lists_to_grow() {
    let adaptive = PlanLimits::default();
    for mode in [
        MemoryMode::Rss,
        MemoryMode::Exact,
        MemoryMode::Adaptive(adaptive),
    ] {
        let once = of_a_steady_scan(mode, PROCESSES);
        let twice = of_a_steady_scan(mode, 2 * PROCESSES);
        assert!(
            twice <= once + GROWING_LISTS,
            "{mode:?}: {once} allocations for {PROCESSES} processes, {twice} for twice as many"
        );
    }
}

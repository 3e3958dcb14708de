//! What a collector keeps follows from who lives now, not from how long it has run.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::alloc::System;
use std::num::NonZeroUsize;
use std::sync::Arc;

use herakles_classify::{Classifier, Rules};
use herakles_collect::{BootClock, Collector, HostFacts, MemoryMode, Options};
use herakles_plan::PlanLimits;
use herakles_scan::KernelUnits;
use herakles_scan::testing::MemProc;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PROCESSES: u32 = 60;

const RULES: &str = r#"
[[subgroups]]
group = "{comm}"
subgroup = "{user}"
matches = ["app-*"]
max_values = 40

[[subgroups]]
group = "web"
subgroup = "worker"
cmdline_matches = ["--role=\\w+"]
"#;

/// The memory that is allocated now, in bytes.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}

fn options(mode: MemoryMode) -> Options {
    let rules = Rules::parse(RULES, "rules.toml").expect("they are good");
    let mut options = Options::new(Arc::new(Classifier::new(rules)));
    options.memory = mode;
    options.threads = NonZeroUsize::new(1);
    options.host = false;
    options
}

/// A host on which each round a tenth of all ends, starts, changes its name, and faults.
struct Host {
    proc: MemProc,
    round: u32,
}

impl Host {
    fn live(&mut self) {
        self.round += 1;
        for slot in 0..PROCESSES {
            let pid = |generation: u32| 10 + slot + generation * PROCESSES;
            let generation = (self.round + slot) / 10;
            if (self.round + slot).is_multiple_of(10) && generation > 0 {
                self.proc.remove(pid(generation - 1));
            }
            let it = self.proc.process(pid(generation));
            let it = it.name(format!("app-{}", (slot + generation) % 50));
            let it = it.parent(1).cpu(self.round.into(), 0);
            drop(it.stat(|line| line.minor_faults += u64::from(slot.is_multiple_of(10))));
        }
    }
}

#[test]
fn what_is_kept_does_not_grow_with_scans_nor_with_options() {
    for mode in [
        MemoryMode::Rss,
        MemoryMode::Exact,
        MemoryMode::Adaptive(PlanLimits::default()),
    ] {
        let mut host = Host {
            proc: MemProc::new(),
            round: 0,
        };
        drop(host.proc.process(1));
        host.live();
        let units = KernelUnits::here().expect("it is a Linux");
        let facts = HostFacts::new(units, BootClock::fixed(Some(1_000.0)));
        let collector = Collector::with_source(host.proc.clone(), facts, options(mode));
        let mut collector = collector.expect("there are threads");
        let mut before = 0;
        for scan in 0..200 {
            host.live();
            drop(collector.scan().expect("a scan"));
            if scan % 2 == 0 {
                collector.reconfigure(options(mode));
            }
            if scan == 99 {
                before = held();
            }
        }
        let after = held();
        assert!(
            after <= before + before / 10,
            "{mode:?}: {before} bytes became {after}"
        );
    }
}

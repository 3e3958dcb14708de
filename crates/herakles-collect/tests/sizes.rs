//! The number of series that the page about operations gives is what a host of that size has.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::fs;
use std::sync::Arc;

use herakles_classify::{Classifier, Rules};
use herakles_collect::{BootClock, Collector, HostFacts, Options};
use herakles_metrics::ProcessSeries;
use herakles_scan::KernelUnits;
use herakles_scan::testing::MemProc;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");

/// As many subgroups as the page speaks of.
const SUBGROUPS: u32 = 30;

const RULES: &str =
    "[[subgroups]]\ngroup = 'app'\nsubgroup = '{comm}'\nmatches = ['*']\nmax_values = 1000\n";

/// The series of the processes of a host and of their subgroups, everything else at its default.
fn series(processes: u32, of_processes: ProcessSeries, created: bool) -> usize {
    let proc = MemProc::new();
    for pid in 1..=processes {
        let it = proc.process(pid).name(format!("app{}", pid % SUBGROUPS));
        let kib = 4096 + u64::from(pid);
        drop(
            it.memory_kib(2 * kib, kib, kib - 2048)
                .parent(1)
                .open_fds(3),
        );
    }
    let rules = Rules::parse(RULES, "rules.toml").expect("they are good");
    let mut options = Options::new(Arc::new(Classifier::new(rules)));
    options.host = false;
    options.limits.processes = of_processes;
    options.limits.created = created;
    let units = KernelUnits::here().expect("it is a Linux");
    let facts = HostFacts::new(units, BootClock::fixed(Some(1_000.0)));
    let collector = Collector::with_source(proc, facts, options);
    let mut collector = collector.expect("there are threads");
    drop(collector.scan().expect("the first scan"));
    let scan = collector.scan().expect("the second, which knows CPU");
    scan.snapshot.series()
}

#[test]
fn a_host_has_as_many_series_as_the_page_says() {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    for (value, of_processes) in [
        ("all", ProcessSeries::All),
        ("top", ProcessSeries::Top),
        ("none", ProcessSeries::None),
    ] {
        let counts = [100, 1_000, 5_000].map(|processes| series(processes, of_processes, true));
        let counts = counts.map(|count| count.to_string()).join(" / ");
        let start = format!("| `\"{value}\"`");
        let row = page.lines().find(|line| line.starts_with(&start));
        let row = row.expect("each value has a row").replace(',', "");
        assert!(row.ends_with(&format!("| {counts} |")), "{value}: {counts}");
    }
}

#[test]
fn so_many_are_created_samples_as_the_page_says() {
    let created = |of_processes| {
        let with = series(100, of_processes, true);
        with - series(100, of_processes, false)
    };
    let each = SUBGROUPS as usize;
    let (none, top) = (created(ProcessSeries::None), created(ProcessSeries::Top));
    let of_processes = created(ProcessSeries::All) - top;
    assert_eq!(of_processes, 100, "one of each process");
    let sentence = format!("{} of the 48 and {} of the 30", top / each, none / each);
    let page = fs::read_to_string(PAGE).expect("the page is there");
    assert!(page.contains(&sentence), "{sentence}");
}

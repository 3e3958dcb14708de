//! The families of the host and of the exporter itself.

use std::sync::Arc;

use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::*;

mod common;
use common::parse;

#[test]
fn the_host_categories_always_sum_to_the_total() {
    let memory = common::host().memory.unwrap();
    let sum = |memory: &HostMemory| {
        memory
            .categories()
            .iter()
            .map(|(_, bytes)| bytes)
            .sum::<u64>()
    };
    assert_eq!(sum(&memory), memory.total_bytes);
    // Read while pages moved from one counter to the other.
    let mut torn = memory;
    torn.free_bytes = memory.total_bytes - 1;
    assert_eq!(sum(&torn), torn.total_bytes);
    assert_eq!(torn.categories()[10], ("other", 0));
}

#[test]
fn what_the_host_does_not_give_is_absent() {
    let mut builder = SnapshotBuilder::new(common::NOW);
    let mut host = common::host();
    host.boot_time_seconds = None;
    host.memory = None;
    host.totals = MemoryTotals::default();
    builder.host(host);
    let snapshot = Arc::new(builder.finish(&common::no_limits(), &mut Selection::default()));
    let samples = parse::samples(&common::openmetrics(&snapshot));
    assert_eq!(samples.len(), snapshot.series());
    assert!(!samples.iter().any(|sample| sample.name.contains("memory")));
    assert!(
        !samples
            .iter()
            .any(|sample| sample.name.ends_with("_created"))
    );
    let waiting = samples
        .iter()
        .filter(|s| s.name == "herakles_host_pressure_waiting_seconds_total");
    let waiting: Vec<_> = waiting
        .map(|sample| sample.label("resource").to_owned())
        .collect();
    assert_eq!(waiting, ["cpu", "memory"]);
}

#[test]
fn before_the_first_refresh_the_live_part_says_only_what_it_knows() {
    let live = common::live(&ExporterStatus::default(), TextFormat::Text);
    let names: Vec<_> = parse::samples(&live)
        .into_iter()
        .map(|sample| sample.name)
        .collect();
    for absent in [
        "_success",
        "duration",
        "_processes",
        "_series",
        "_exposition",
        "_reload",
        "_fds",
    ] {
        assert!(
            !names.iter().any(|name| name.contains(absent)),
            "{absent} in {names:?}"
        );
    }
    assert!(
        names
            .iter()
            .any(|name| name == "herakles_exporter_cache_updating")
    );
}

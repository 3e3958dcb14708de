//! Rendering allocates nothing per series.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::sync::Arc;

use herakles_metrics::*;

mod common;

fn snapshot(processes: u32) -> Arc<Snapshot> {
    let mut builder = SnapshotBuilder::new(common::NOW);
    builder.host(common::host());
    let slot = builder.subgroup(common::subgroup("g", "x"));
    for pid in 1..=processes {
        builder.push(ProcessRecord {
            memory: Some(common::sample(1, 2, 3)),
            cpu_seconds: Some(1.0),
            cpu_usage_ratio: Some(0.5),
            ..common::process(slot, pid, "quo\"ted")
        });
    }
    Arc::new(builder.finish(&common::no_limits(), &mut Selection::default()))
}

/// Allocations of a rendering into buffers that are big enough.
fn allocations(snapshot: &Arc<Snapshot>) -> u64 {
    let mut rendered = Rendered::default();
    render(snapshot, Scope::Service, &mut rendered).unwrap();
    allocation_counter::measure(|| render(snapshot, Scope::Service, &mut rendered).unwrap())
        .count_total
}

#[test]
fn a_thousand_processes_cost_as_many_allocations_as_one() {
    assert_eq!(allocations(&snapshot(1000)), allocations(&snapshot(1)));
}

//! Rendering allocates nothing per series, and little per scrape.

use std::sync::Arc;

use herakles_metrics::*;

mod common;
use common::{Given, push};

fn snapshot(processes: u32) -> Arc<Snapshot> {
    let mut builder = SnapshotBuilder::new(common::NOW);
    builder.host(common::host());
    let slot = builder.subgroup(common::subgroup("g", "x"));
    for pid in 1..=processes {
        push(
            &mut builder,
            Given {
                memory: Some(common::sample(1, 2, 3)),
                cpu_seconds: Some(1.0),
                cpu_usage_ratio: Some(0.5),
                ..common::process(slot, pid, "quo\"ted")
            },
        );
    }
    Arc::new(builder.finish(&common::no_limits(), &mut Selection::default()))
}

/// Allocations of a rendering into buffers that are big enough.
fn allocations(snapshot: &Arc<Snapshot>) -> u64 {
    let mut text = common::openmetrics(snapshot);
    text.clear();
    let rendering = || render(snapshot, TextFormat::OpenMetrics, Scope::Service, &mut text);
    allocation_counter::measure(rendering).count_total
}

#[test]
fn a_thousand_processes_cost_as_many_allocations_as_one() {
    assert_eq!(allocations(&snapshot(1000)), allocations(&snapshot(1)));
}

#[test]
fn the_live_part_of_a_scrape_costs_two_lists_for_each_of_its_families_at_most() {
    for format in [TextFormat::OpenMetrics, TextFormat::Text] {
        let costs = [1, 1000].map(|processes| {
            let status = common::status(&snapshot(processes));
            let mut text = common::live(&status, format);
            text.clear();
            let rendering = || render_live(&status, format, Scope::Service, &mut text);
            allocation_counter::measure(rendering).count_total
        });
        assert_eq!(costs[0], costs[1]);
        assert!(costs[0] <= 2 * exporter::FAMILIES.len() as u64, "{costs:?}");
    }
}

#[test]
fn a_snapshot_and_its_selection_keep_at_most_256_bytes_per_process() {
    const PROCESSES: u32 = 10_000;
    let mut selection = Selection::default();
    let mut kept = None;
    let measured = allocation_counter::measure(|| {
        let mut builder = SnapshotBuilder::new(common::NOW);
        let slot = builder.subgroup(common::subgroup("g", "x"));
        let name = Arc::from("name");
        for pid in 1..=PROCESSES {
            let record = common::process(slot, pid, "");
            push(
                &mut builder,
                Given {
                    name: Arc::clone(&name),
                    ..record
                },
            );
        }
        kept = Some(builder.finish(&common::no_limits(), &mut selection));
    });
    assert_eq!(
        kept.map(|snapshot| snapshot.processes().len()),
        Some(PROCESSES as usize)
    );
    let per_process = measured.bytes_current / i64::from(PROCESSES);
    assert!(per_process <= 256, "{per_process} bytes per process");
}

#[test]
fn pieces_are_the_text_and_need_no_room_for_it() {
    let snapshot = snapshot(10_000);
    for format in [TextFormat::OpenMetrics, TextFormat::Text] {
        let mut whole = String::new();
        render(&snapshot, format, Scope::Service, &mut whole);
        let (mut buffer, mut pieces) = (String::new(), Vec::new());
        render_pieces(&snapshot, format, Scope::Service, &mut buffer, |piece| {
            pieces.push(piece.to_owned());
        });
        assert!(pieces.len() > 10, "{} pieces", pieces.len());
        assert!(pieces.concat() == whole);
        assert!(buffer.capacity() <= 4 * PIECE, "{}", buffer.capacity());
    }
}

//! What configuration shows and hides, and that no series comes twice.

use std::sync::Arc;
use std::time::Duration;

use herakles_metrics::*;

mod common;
use common::{Given, of_members, parse, process, push, said, sample, subgroup};

const KIB: u64 = 1024;

#[test]
fn a_quantity_that_is_off_is_absent_at_every_level() {
    let all = |x| {
        vec![Given {
            memory: Some(sample(1, 2, 4)),
            cpu_seconds: Some(3.0),
            cpu_usage_ratio: Some(0.5),
            ..process(x, 1, "a")
        }]
    };
    let on = Quantities::default();
    for (quantities, gone) in [
        (Quantities { rss: false, ..on }, "rss"),
        (Quantities { pss: false, ..on }, "pss"),
        (Quantities { uss: false, ..on }, "uss"),
        (Quantities { cpu: false, ..on }, "cpu"),
    ] {
        let with = common::openmetrics(&of_members(&common::no_limits(), all));
        let limits = SeriesLimits {
            quantities,
            ..common::no_limits()
        };
        let without = common::openmetrics(&of_members(&limits, all));
        let names = |text: &str| -> Vec<String> {
            parse::samples(text)
                .into_iter()
                .map(|sample| sample.name)
                .collect()
        };
        assert!(names(&with).iter().any(|name| name.contains(gone)));
        let expected: Vec<_> = names(&with)
            .into_iter()
            .filter(|n| !n.contains(gone))
            .collect();
        assert_eq!(names(&without), expected, "without {gone}");
    }
}

#[test]
fn a_hidden_subgroup_is_in_no_family_and_its_processes_are_filtered() {
    let mut builder = SnapshotBuilder::new(common::NOW);
    let slot = builder.subgroup(common::hidden("g", "x"));
    push(
        &mut builder,
        Given {
            memory: Some(sample(1, 2, 4)),
            ..process(slot, 1, "a")
        },
    );
    let snapshot = Arc::new(builder.finish(&common::no_limits(), &mut Selection::default()));
    assert_eq!(common::openmetrics(&snapshot), "");
    let mut filtered = ProcessStates::default();
    filtered.filtered = 1;
    assert_eq!(snapshot.states(), filtered);
}

#[test]
fn a_filter_hides_own_series_but_not_top_series_or_totals() {
    let off = common::no_limits().filter;
    let cases = [
        (
            Filter {
                min_uss_bytes: 1,
                ..off.clone()
            },
            "absent USS never satisfies a minimum",
        ),
        (
            Filter {
                min_rss_bytes: 4 * KIB + 1,
                ..off.clone()
            },
            "RSS too small",
        ),
        (
            Filter {
                min_cpu_ratio: 0.75,
                ..off.clone()
            },
            "too idle",
        ),
        (
            Filter {
                min_age: Duration::from_secs(3600),
                ..off.clone()
            },
            "too young",
        ),
    ];
    let member = |x| {
        let record = process(x, 1, "a");
        vec![Given {
            rss_bytes: Some(4 * KIB),
            cpu_usage_ratio: Some(0.5),
            ..record
        }]
    };
    let own = "herakles_process_memory_rss_bytes";
    assert_eq!(
        said(&of_members(&common::no_limits(), member), own),
        Some(4096.0)
    );
    for (filter, why) in cases {
        let snapshot = of_members(
            &SeriesLimits {
                filter,
                ..common::no_limits()
            },
            member,
        );
        assert_eq!(said(&snapshot, own), None, "{why}");
        assert_eq!(snapshot.states().filtered, 1, "{why}");
        assert_eq!(
            said(&snapshot, "herakles_top_process_memory_rss_bytes"),
            Some(4096.0)
        );
        assert_eq!(
            said(&snapshot, "herakles_subgroup_memory_rss_bytes"),
            Some(4096.0)
        );
    }
    let excluded = |x| {
        vec![Given {
            name_passes: false,
            ..process(x, 1, "a")
        }]
    };
    assert_eq!(
        of_members(&common::no_limits(), excluded).states().filtered,
        1
    );
}

#[test]
fn export_processes_decides_which_families_name_processes() {
    let member = |x| {
        vec![Given {
            rss_bytes: Some(1),
            ..process(x, 1, "a")
        }]
    };
    for (processes, own, top) in [
        (ProcessSeries::All, Some(1.0), Some(1.0)),
        (ProcessSeries::Top, None, Some(1.0)),
        (ProcessSeries::None, None, None),
    ] {
        let snapshot = of_members(
            &SeriesLimits {
                processes,
                ..common::no_limits()
            },
            member,
        );
        assert_eq!(
            said(&snapshot, "herakles_process_memory_rss_bytes"),
            own,
            "{processes:?}"
        );
        assert_eq!(
            said(&snapshot, "herakles_top_process_memory_rss_bytes"),
            top,
            "{processes:?}"
        );
        assert_eq!(snapshot.processes().len(), 1, "JSON has all processes");
    }
}

#[test]
fn a_pid_seen_twice_makes_one_set_of_series_of_the_later_start() {
    let snapshot = of_members(&common::no_limits(), |x| {
        let later = process(x, 1, "a");
        let mut earlier = Given {
            cpu_seconds: Some(9.0),
            ..later.clone()
        };
        earlier.key.start_time -= 1;
        vec![
            later.clone(),
            earlier,
            Given {
                cpu_seconds: Some(2.0),
                ..process(x, 2, "a")
            },
        ]
    });
    assert_eq!(
        said(&snapshot, "herakles_process_cpu_seconds_total"),
        Some(2.0)
    );
    assert_eq!(snapshot.processes().len(), 2);
}

#[test]
fn two_records_of_one_class_make_one_subgroup() {
    let mut builder = SnapshotBuilder::new(common::NOW);
    let (a, b) = (
        builder.subgroup(subgroup("g", "x")),
        builder.subgroup(subgroup("g", "x")),
    );
    push(&mut builder, process(a, 1, "a"));
    push(&mut builder, process(b, 2, "a"));
    let snapshot = builder.finish(&common::no_limits(), &mut Selection::default());
    let members: Vec<_> = snapshot
        .subgroups()
        .iter()
        .map(|subgroup| subgroup.processes)
        .collect();
    assert_eq!(members, [2]);
}

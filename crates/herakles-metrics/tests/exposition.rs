//! What any reader of the two text formats relies on.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::collections::HashSet;
use std::sync::Arc;

use herakles_metrics::*;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use proptest::prelude::*;

mod common;
use common::parse::{self, Sample};
use common::{Given, push};

fn snapshot(builder: SnapshotBuilder) -> Arc<Snapshot> {
    Arc::new(builder.finish(&common::no_limits(), &mut Selection::default()))
}

/// Both formats of the whole page, snapshot and live part.
fn page(snapshot: &Arc<Snapshot>) -> (String, String) {
    let status = common::status(snapshot);
    let openmetrics =
        common::openmetrics(snapshot) + &common::live(&status, TextFormat::OpenMetrics);
    let text = common::text(snapshot) + &common::live(&status, TextFormat::Text);
    (openmetrics, text)
}

/// The families of the whole page.
fn families() -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().chain(exporter::FAMILIES)
}

fn without_created(samples: Vec<Sample>) -> Vec<Sample> {
    samples
        .into_iter()
        .filter(|sample| !sample.name.ends_with("_created"))
        .collect()
}

/// Descriptor lines of a keyword as (family, rest).
fn descriptors<'a>(text: &'a str, keyword: &str) -> Vec<(&'a str, &'a str)> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("# ")?.strip_prefix(keyword));
    lines
        .map(|line| line[1..].split_once(' ').unwrap())
        .collect()
}

#[test]
fn every_family_of_the_table_is_on_the_page_with_its_type_help_and_unit() {
    let (openmetrics, text) = page(&snapshot(common::small_host()));
    let name = |family: &Family| family.name.strip_suffix("_total").unwrap_or(family.name);

    let types: Vec<_> = families().map(|f| (f.name, f.kind.as_str())).collect();
    assert_eq!(descriptors(&text, "TYPE"), types);
    let helps: Vec<_> = families().map(|f| (f.name, f.help)).collect();
    assert_eq!(descriptors(&text, "HELP"), helps);
    assert_eq!(descriptors(&text, "UNIT"), []);

    let types: Vec<_> = families().map(|f| (name(f), f.kind.as_str())).collect();
    assert_eq!(descriptors(&openmetrics, "TYPE"), types);
    let units: Vec<_> = families()
        .filter_map(|f| Some((name(f), f.unit.as_str()?)))
        .collect();
    assert_eq!(descriptors(&openmetrics, "UNIT"), units);
    assert!(openmetrics.ends_with("\n# EOF\n"));
    assert!(!text.contains("# EOF"));
}

#[test]
fn the_table_follows_the_naming_rules() {
    let mut names = HashSet::new();
    for family in families() {
        let Family {
            name,
            kind,
            unit,
            help,
            labels,
            ..
        } = *family;
        assert!(names.insert(name), "{name} twice");
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        );
        assert!(
            name.starts_with("herakles_") || name.starts_with("process_"),
            "{name}"
        );
        assert_eq!(
            name.ends_with("_total"),
            kind == FamilyKind::Counter,
            "{name}"
        );
        if let Some(unit) = unit.as_str() {
            let name = name.strip_suffix("_total").unwrap_or(name);
            assert!(
                name.ends_with(&format!("_{unit}")),
                "{name} does not end with {unit}"
            );
        }
        assert!(
            !help.is_empty() && !help.contains(['\n', '\\', '"']),
            "help of {name}"
        );
        assert_eq!(
            labels.iter().collect::<HashSet<_>>().len(),
            labels.len(),
            "{name}"
        );
    }
}

#[test]
fn samples_carry_the_labels_of_their_family() {
    let (openmetrics, _) = page(&snapshot(common::small_host()));
    for sample in without_created(parse::samples(&openmetrics)) {
        let family = families().find(|family| family.name == sample.name);
        let family = family.unwrap_or_else(|| panic!("{} is in no family", sample.name));
        let expected: HashSet<&str> = family.labels.iter().copied().collect();
        let labels: HashSet<&str> = sample.labels.keys().map(String::as_str).collect();
        assert_eq!(labels, expected, "{}", sample.name);
    }
}

#[test]
fn a_counter_is_followed_by_its_creation_time_and_nothing_else_is() {
    let (openmetrics, _) = page(&snapshot(common::small_host()));
    let samples = parse::samples(&openmetrics);
    for (at, sample) in samples.iter().enumerate() {
        let next = samples.get(at + 1);
        match sample.name.strip_suffix("_total") {
            Some(stem) => {
                let created = next.unwrap();
                assert_eq!(created.name, format!("{stem}_created"));
                assert_eq!(created.labels, sample.labels);
                assert!(created.value > 0.0 && created.value <= common::NOW);
            }
            None => assert!(next.is_none_or(|next| !next.name.ends_with("_created"))),
        }
    }
}

#[test]
fn the_snapshot_and_the_status_know_how_many_series_they_have() {
    let snapshot = snapshot(common::small_host());
    assert_eq!(
        parse::samples(&common::openmetrics(&snapshot)).len(),
        snapshot.series()
    );

    let status = common::status(&snapshot);
    let live = common::live(&status, TextFormat::OpenMetrics);
    assert_eq!(parse::samples(&live).len(), status.series());
}

/// What a registry of prometheus-client gives that holds only this.
fn registry_text(shared: &SharedSnapshot) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(shared.clone()));
    let mut encoded = String::new();
    encode(&mut encoded, &registry).unwrap();
    encoded
}

#[test]
fn a_registry_that_knows_the_collector_once_shows_each_new_snapshot() {
    let shared = SharedSnapshot::new();
    let text = registry_text(&shared);
    assert_eq!(parse::samples(&text), []);

    let mut registry = Registry::default();
    registry.register_collector(Box::new(shared.clone()));
    for builder in [
        common::small_host(),
        SnapshotBuilder::new(1.0),
        common::small_host(),
    ] {
        let snapshot = snapshot(builder);
        shared.store(Arc::clone(&snapshot));
        let mut encoded = String::new();
        encode(&mut encoded, &registry).unwrap();
        let ours = without_created(parse::samples(&common::openmetrics(&snapshot)));
        assert_eq!(parse::samples(&encoded), ours);
    }
}

#[test]
fn what_is_written_already_stays_and_a_second_writing_is_the_same() {
    let big = snapshot(common::small_host());
    let mut text = "# before\n".to_owned();
    render(&big, TextFormat::Text, Scope::Service, &mut text);
    let once = text.clone();
    assert_eq!(once, format!("# before\n{}", common::text(&big)));
    text.clear();
    render(&big, TextFormat::Text, Scope::Service, &mut text);
    assert_eq!(text, common::text(&big));
}

#[test]
fn without_creation_times_there_are_as_many_series_as_samples() {
    let limits = SeriesLimits {
        created: false,
        ..common::no_limits()
    };
    let small = common::small_host().finish(&limits, &mut Selection::default());
    let without = parse::samples(&common::openmetrics(&small));
    assert_eq!(without.len(), small.series());
    let with = parse::samples(&common::openmetrics(&snapshot(common::small_host())));
    assert_eq!(without, without_created(with));

    let mut status = common::status(&small);
    status.created = false;
    let live = parse::samples(&common::live(&status, TextFormat::OpenMetrics));
    assert_eq!(live.len(), status.series());
    assert_eq!(live, without_created(live.clone()));
}

proptest! {
    #[test]
    fn any_label_survives_both_formats(
        names in prop::collection::vec(hostile_text(), 1..6),
        group in hostile_text(),
    ) {
        let mut builder = SnapshotBuilder::new(common::NOW);
        let slot = builder.subgroup(common::subgroup(&group, "x"));
        let mut expected: Vec<(String, String)> = Vec::new();
        for (pid, name) in (1_u32..).zip(&names) {
            let record = common::process(slot, pid, name);
            push(&mut builder, Given {
                memory: Some(common::sample(1, 2, 3)),
                cpu_seconds: Some(1.0),
                ..record
            });
            expected.push((name.clone(), pid.to_string()));
        }
        expected.sort();
        let snapshot = snapshot(builder);
        let openmetrics = parse::samples(&common::openmetrics(&snapshot));
        let text = parse::samples(&common::text(&snapshot));
        let shared = SharedSnapshot::new();
        shared.store(Arc::clone(&snapshot));
        prop_assert_eq!(&parse::samples(&registry_text(&shared)), &text);

        prop_assert_eq!(openmetrics.len(), snapshot.series());
        let series: HashSet<_> = openmetrics.iter().map(Sample::series).collect();
        prop_assert_eq!(series.len(), openmetrics.len());
        prop_assert_eq!(&without_created(openmetrics), &text);
        let known = |sample: &Sample| families().any(|family| family.name == sample.name);
        prop_assert!(text.iter().all(known), "a line in no family");
        for family in ["herakles_process_memory_uss_bytes", "herakles_process_cpu_seconds_total"] {
            let mut seen: Vec<_> = text.iter().filter(|sample| sample.name == family).map(|sample| {
                assert_eq!(sample.label("group"), group);
                (sample.label("name").to_owned(), sample.label("pid").to_owned())
            }).collect();
            seen.sort();
            prop_assert_eq!(&seen, &expected);
        }
    }
}

/// Any text, with much of what means something in the formats.
fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        Just("\n# HELP ".to_owned()),
        Just("# HELP x y".to_owned()),
        Just("\"} 1\nevil 666\n".to_owned()),
        Just("\\".to_owned()),
        Just("_total".to_owned()),
        Just("\r\u{2028}\u{0}\t".to_owned()),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

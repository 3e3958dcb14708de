//! A snapshot as both text formats, read back by a stranger.

use std::collections::BTreeSet;

use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::{Scope, Snapshot, TextFormat, render, render_live};

use crate::input::Input;
use crate::reader::{Dialect, Samples};
use crate::snapshot::snapshot;

/// Any host as both text formats: they keep to the format, agree, and hold each name as it is.
pub fn exposition(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let scope = match input.byte() % 4 {
        0 => Scope::OneShot,
        _ => Scope::Service,
    };
    let snapshot = snapshot(&mut input);
    let open_metrics = read(
        &snapshot,
        TextFormat::OpenMetrics,
        Dialect::OpenMetrics,
        scope,
    );
    let text = read(&snapshot, TextFormat::Text, Dialect::Text, scope);
    let mut without_created = open_metrics;
    without_created
        .0
        .retain(|(name, _), _| !name.ends_with("_created"));
    assert_eq!(without_created, text);
    assert_eq!(names_in(&text), names_of(&snapshot));
}

fn read(snapshot: &Snapshot, format: TextFormat, dialect: Dialect, scope: Scope) -> Samples {
    let mut out = String::new();
    render(snapshot, format, scope, &mut out);
    render_live(&ExporterStatus::default(), format, scope, &mut out);
    Samples::read(&out, dialect).unwrap_or_else(|what| panic!("{what}\n{out}"))
}

/// Pid, group, subgroup and name of each process that has series of its own.
fn names_of(snapshot: &Snapshot) -> BTreeSet<[String; 4]> {
    let shown = snapshot
        .processes()
        .iter()
        .filter(|process| process.has_series && process.memory.rss_bytes.is_some());
    shown
        .map(|process| {
            let pid = process.key.pid.to_string();
            let (group, subgroup) = (&process.class.group, &process.class.subgroup);
            [
                pid,
                group.to_string(),
                subgroup.to_string(),
                process.name.to_string(),
            ]
        })
        .collect()
}

fn names_in(samples: &Samples) -> BTreeSet<[String; 4]> {
    let series = samples
        .0
        .keys()
        .filter(|(name, _)| name == "herakles_process_memory_rss_bytes");
    series
        .map(|(_, labels)| {
            ["pid", "group", "subgroup", "name"]
                .map(|name| labels.get(name).cloned().unwrap_or_default())
        })
        .collect()
}

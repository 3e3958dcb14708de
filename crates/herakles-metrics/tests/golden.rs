//! Golden text of a small snapshot, in both formats and as JSON.
//!
//! `UPDATE_EXPECT=1` rewrites the files.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::path::Path;
use std::time::Duration;

use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::{
    Scope, Selection, SeriesLimits, Snapshot, SnapshotJson, TextFormat, render, render_live,
};

mod common;

fn check(file: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        expected, actual,
        "{file} differs; UPDATE_EXPECT=1 rewrites it"
    );
}

fn rendered(
    snapshot: &Snapshot,
    status: &ExporterStatus,
    format: TextFormat,
    scope: Scope,
) -> String {
    let mut page = String::new();
    render(snapshot, format, scope, &mut page);
    render_live(status, format, scope, &mut page);
    page
}

#[test]
fn a_small_host_in_every_form() {
    let limits = SeriesLimits::default();
    let snapshot = common::small_host().finish(&limits, &mut Selection::default());
    let status = common::status(&snapshot);

    for (file, format, scope) in [
        (
            "small.openmetrics.txt",
            TextFormat::OpenMetrics,
            Scope::Service,
        ),
        ("small.txt", TextFormat::Text, Scope::Service),
        ("small.once.txt", TextFormat::Text, Scope::OneShot),
    ] {
        check(file, &rendered(&snapshot, &status, format, scope));
    }

    let json = SnapshotJson {
        snapshot: &snapshot,
        age: Duration::from_millis(1500),
        exporter: Some(&status),
    };
    check(
        "small.json",
        &format!("{}\n", serde_json::to_string_pretty(&json).unwrap()),
    );
}

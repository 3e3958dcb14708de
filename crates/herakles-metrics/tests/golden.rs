//! Golden text of a small snapshot, in both formats and as JSON.
//!
//! `UPDATE_EXPECT=1` rewrites the files.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::{
    Limits, Rendered, Scope, Selection, Snapshot, SnapshotJson, render, render_live,
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
    snapshot: &Arc<Snapshot>,
    status: &Arc<ExporterStatus>,
    scope: Scope,
) -> (String, String) {
    let (mut page, mut live) = (Rendered::default(), Rendered::default());
    render(snapshot, scope, &mut page).unwrap();
    render_live(status, scope, &mut live).unwrap();
    (
        [page.openmetrics(), live.openmetrics()].concat(),
        [page.text(), live.text()].concat(),
    )
}

#[test]
fn a_small_host_in_every_form() {
    let limits = Limits::default();
    let snapshot = Arc::new(common::small_host().finish(&limits, &mut Selection::default()));
    let status = Arc::new(common::status(&snapshot));

    let (openmetrics, text) = rendered(&snapshot, &status, Scope::Service);
    check("small.openmetrics.txt", &openmetrics);
    check("small.txt", &text);

    let (_, once) = rendered(&snapshot, &status, Scope::OneShot);
    check("small.once.txt", &once);

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

//! `/health`: how the exporter does, in words.

use std::fmt::Write as _;
use std::time::Duration;

use herakles_metrics::exporter::ExporterStatus;
use herakles_web::hyper::{Response, StatusCode};
use herakles_web::{Body, respond};

use crate::app::App;
use crate::cache::CachedRefresh;

/// `/health`: state, age, last error and counts, for people and probes.
pub(super) async fn health(app: &App) -> Response<Body> {
    let cached = app.cache.load();
    let (healthy, state) = health_of(app, cached.as_deref());
    let status = app.exporter_status(cached.as_deref()).await;
    let mut text = format!("{state}\n");
    describe(&mut text, app, cached.as_deref(), &status);
    let code = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    respond::text(code, text)
}

/// Whether the last good refresh is young enough, and a sentence that says so.
pub(super) fn health_of(app: &App, cached: Option<&CachedRefresh>) -> (bool, String) {
    let limit =
        (app.running_config.load().config().scan.cache_ttl * 3).max(Duration::from_secs(30));
    match cached.map(CachedRefresh::age) {
        None => (false, "Not ready: no refresh has succeeded yet.".to_owned()),
        Some(age) if age < limit => (
            true,
            format!("Healthy: the last good refresh is {} old.", seconds(age)),
        ),
        Some(age) => (
            false,
            format!(
                "Stale: the last good refresh is {} old, more than {}.",
                seconds(age),
                seconds(limit)
            ),
        ),
    }
}

fn describe(out: &mut String, app: &App, cached: Option<&CachedRefresh>, status: &ExporterStatus) {
    let updates = status.cache_updates;
    let now = if app.status.is_updating() {
        ", one is running"
    } else {
        ""
    };
    let _ = writeln!(
        out,
        "refreshes: {} good, {} failed, {} skipped{now}",
        updates.success, updates.error, updates.skipped
    );
    if let Some(took) = status.cache_update_duration_seconds {
        let _ = writeln!(
            out,
            "last refresh: took {took:.3} s; all together used {:.2} s of CPU",
            status.cache_update_cpu_seconds
        );
    }
    let error = app.status.last_error();
    let _ = writeln!(out, "last error: {}", error.as_deref().unwrap_or("none"));
    if let Some(states) = status.processes {
        let counts: Vec<String> = states
            .by_name()
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let _ = writeln!(out, "processes: {}", counts.join(", "));
    }
    if let Some(cached) = cached {
        let snapshot = &cached.snapshot;
        let unreadable: u64 = snapshot
            .subgroups()
            .iter()
            .map(|it| it.unreadable_processes)
            .sum();
        let _ = writeln!(out, "without PSS and USS: {unreadable} processes");
        let _ = writeln!(
            out,
            "series: {} exported, {} dropped by max_series",
            snapshot.series(),
            snapshot.series_dropped()
        );
    }
    if let Some(attribution) = cached.and_then(|it| it.attribution) {
        let unattributed = attribution.unattributed_seconds();
        let host = attribution.host_seconds;
        let _ = writeln!(
            out,
            "unattributed CPU: {unattributed:.2} s of the {host:.2} s that the host spent between \
             the last two refreshes ({:.1} %)",
            100.0 * unattributed / host.max(f64::MIN_POSITIVE)
        );
    }
    for ((kind, file), count) in &status.scan_errors {
        let _ = writeln!(out, "scan errors: {count} {kind} ({file})");
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

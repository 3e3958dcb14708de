//! `/health`: how the exporter does, in words.

use std::fmt::Write as _;
use std::time::Duration;

use herakles_metrics::Subgroup;
use herakles_metrics::exporter::ExporterStatus;
use herakles_scan::Capabilities;
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
    if let Some(error) = app.status.reload_error() {
        let _ = writeln!(
            out,
            "last reload: failed, the configuration before it holds: {error}"
        );
    }
    if let waiting @ [_, ..] = &*app.running_config.load().loaded.restart_needed {
        let _ = writeln!(
            out,
            "changed, waiting for a restart: {}",
            waiting.join(", ")
        );
    }
    let rights =
        Capabilities::effective().map_or_else(|error| error.to_string(), |it| it.to_string());
    let _ = writeln!(out, "capabilities: {rights}");
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
        let unreadable = |it: &Subgroup| it.unreadable_processes;
        let unreadable: u64 = snapshot.subgroups().iter().map(unreadable).sum();
        let remedy = match (cached.is_refused_memory, Capabilities::effective()) {
            (false, _) => "",
            (true, Ok(rights)) if rights.sys_ptrace => "; the kernel refuses some all the same",
            _ => "; run it with CAP_SYS_PTRACE or as root to see theirs",
        };
        let _ = writeln!(out, "without PSS and USS: {unreadable} processes{remedy}");
        let dropped = match snapshot.series_dropped() {
            0 => "none dropped".to_owned(),
            dropped => format!(
                "{dropped} dropped: raise export.max_series, or set export.processes to top"
            ),
        };
        let _ = writeln!(out, "series: {} exported, {dropped}", snapshot.series());
    }
    if let Some(attribution) = cached.and_then(|it| it.attribution) {
        let (host, rest) = (attribution.host_seconds, attribution.unattributed_seconds());
        let _ = writeln!(out, "unattributed CPU: {}", unattributed(host, rest));
    }
    for ((kind, file), count) in &status.scan_errors {
        let _ = writeln!(out, "scan errors: {count} {kind} ({file})");
    }
}

/// What became of the seconds that the host spent, and of the `rest` that nobody was credited with,
/// as far as it can be told.
fn unattributed(host: f64, rest: f64) -> String {
    /// Of less the kernel's ticks leave no share to speak of.
    const TOLD: f64 = 1.0;
    let between = "between the last two refreshes";
    if host < TOLD {
        format!("the host spent only {host:.2} s {between}, too little to tell")
    } else if rest < 0.0 {
        format!(
            "none; {:.2} s more than the {host:.2} s that the host spent {between} were credited, \
             as children are credited when they are waited for",
            -rest
        )
    } else {
        let share = 100.0 * rest / host;
        format!("{rest:.2} s of the {host:.2} s that the host spent {between} ({share:.1} %)")
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unattributed_time_is_told_only_where_there_is_some() {
        assert_eq!(
            unattributed(10.0, 1.0),
            "1.00 s of the 10.00 s that the host spent between the last two refreshes (10.0 %)"
        );
        let little = unattributed(0.02, -0.02);
        assert!(
            little.ends_with("too little to tell") && !little.contains('%'),
            "{little}"
        );
        let late = unattributed(10.0, -0.5);
        assert!(
            late.starts_with("none; 0.50 s more") && !late.contains('%'),
            "{late}"
        );
    }
}

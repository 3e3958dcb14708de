//! Many scrapers at once, while scans go on.

use std::{
    env,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::harness::{
    alone::runs_alone,
    exporter::{OPENMETRICS, Options, TEXT},
    exposition::Exposition,
    http,
};

const SCRAPERS: usize = 50;

/// Four seconds in the gate; `HERAKLES_E2E_SCRAPE_SECONDS` asks for longer.
fn duration() -> Duration {
    let seconds = env::var("HERAKLES_E2E_SCRAPE_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(4))
}

#[test]
fn every_one_of_fifty_scrapers_always_gets_a_complete_body() {
    if runs_alone() {
        return;
    }
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(2.0);
    let address = exporter.address;
    let refreshes_before = exporter.refreshes();
    let deadline = Instant::now() + duration();
    let scrapes = AtomicUsize::new(0);
    thread::scope(|scope| {
        for scraper in 0..SCRAPERS {
            let scrapes = &scrapes;
            scope.spawn(move || {
                let accept = if scraper % 2 == 0 { OPENMETRICS } else { TEXT };
                let encoding = if scraper % 4 < 2 { "gzip" } else { "identity" };
                let headers = [("Accept", accept), ("Accept-Encoding", encoding)];
                while Instant::now() < deadline {
                    let response = http::request(address, "GET", "/metrics", &headers)
                        .unwrap_or_else(|e| panic!("scraper {scraper}: {e}"));
                    assert_eq!(response.status, 200);
                    check_complete(&response.text(), accept);
                    scrapes.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(100));
                }
            });
        }
    });
    let scrapes = scrapes.into_inner();
    assert!(scrapes >= SCRAPERS, "only {scrapes} scrapes");
    assert!(
        exporter.refreshes() > refreshes_before,
        "the scans stood still"
    );
    let metrics = exporter.metrics();
    let counted = metrics.value(
        "herakles_exporter_http_requests_total",
        &[("path", "/metrics"), ("code", "200")],
    );
    assert!(
        counted >= Some(scrapes as f64),
        "{counted:?} of {scrapes} requests counted"
    );
}

/// Reading all of a body costs the machine more than serving it, so only its ends are read closely.
fn check_complete(body: &str, accept: &str) {
    assert_eq!(body.ends_with("# EOF\n"), accept == OPENMETRICS);
    for family in [
        "herakles_process_memory_rss_bytes{",
        "herakles_subgroup_processes{",
    ] {
        assert!(body.contains(family), "no {family} in the body");
    }
    let tail = &body[body
        .find("# HELP herakles_exporter_")
        .expect("the live tail is there")..];
    let tail = Exposition::parse(tail);
    assert!(tail.value("process_resident_memory_bytes", &[]) > Some(0.0));
}

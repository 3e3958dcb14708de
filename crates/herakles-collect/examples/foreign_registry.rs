//! Our families beside a metric of another program's own, in its prometheus-client registry:
//! `cargo run --example foreign_registry [SCANS]`.

#![expect(clippy::print_stderr, reason = "what it prints is its result")]

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use herakles_collect::{Collector, Options};
use herakles_metrics::SharedSnapshot;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

const INTERVAL: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scans = std::env::args().nth(1).map(|count| count.parse());
    let scans: u64 = scans.transpose()?.unwrap_or(u64::MAX);

    // The program's own metrics, and ours: registered once.
    let mut registry = Registry::default();
    let jobs: Counter = Counter::default();
    registry.register("jobs", "Jobs this program has done", jobs.clone());
    let shared = SharedSnapshot::new();
    registry.register_collector(Box::new(shared.clone()));

    let mut options = Options::default();
    options.interval = INTERVAL;
    let mut collector = Collector::open("/proc", options)?;
    for scan in 0..scans {
        if scan > 0 {
            std::thread::sleep(INTERVAL);
        }
        let scan = collector.scan()?;
        for notice in &scan.notices {
            eprintln!("{notice}");
        }
        shared.store(Arc::new(scan.snapshot));
        jobs.inc();

        // What the program would answer to a scrape.
        let mut page = String::new();
        encode(&mut page, &registry)?;
        if io::stdout().write_all(page.as_bytes()).is_err() {
            // Whoever read has gone.
            return Ok(());
        }
    }
    Ok(())
}

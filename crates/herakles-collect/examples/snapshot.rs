//! All processes as JSON, one line every ten seconds: `cargo run --example snapshot [SCANS]`.

#![expect(clippy::print_stderr, reason = "an example has no log")]

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use herakles_collect::{Collector, Options};
use herakles_metrics::SnapshotJson;

const INTERVAL: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scans = std::env::args().nth(1).map(|count| count.parse());
    let mut left: u64 = scans.transpose()?.unwrap_or(u64::MAX);

    let mut options = Options::default();
    options.interval = INTERVAL;
    let mut collector = Collector::open("/proc", options)?;
    loop {
        let begin = Instant::now();
        let scan = collector.scan()?;
        for notice in &scan.notices {
            eprintln!("{notice}");
        }
        let document = SnapshotJson {
            snapshot: &scan.snapshot,
            age: begin.elapsed(),
            exporter: None,
        };
        let line = serde_json::to_string(&document)? + "\n";
        if io::stdout().write_all(line.as_bytes()).is_err() {
            // Whoever read has gone.
            return Ok(());
        }
        left -= 1;
        if left == 0 {
            return Ok(());
        }
        std::thread::sleep(INTERVAL.saturating_sub(begin.elapsed()));
    }
}

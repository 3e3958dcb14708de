//! The biggest processes by the memory that nobody else maps: `cargo run --example top_uss`.

#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::cmp::Reverse;

use herakles_collect::{Collector, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut collector = Collector::open("/proc", Options::default())?;
    let scan = collector.scan()?;

    let mut processes: Vec<_> = scan.snapshot.processes().iter().collect();
    processes.sort_by_key(|process| Reverse(process.memory.uss_bytes));
    for process in processes.iter().take(10) {
        let Some(uss_bytes) = process.memory.uss_bytes else {
            break;
        };
        println!(
            "{:>8.1} MiB  {:>7}  {:<16} {}",
            uss_bytes as f64 / f64::from(1 << 20),
            process.key.pid,
            process.name,
            process.class,
        );
    }
    let stats = &scan.stats;
    if stats.memory_refused > 0 {
        println!(
            "the memory of {} of {} processes may not be read",
            stats.memory_refused, stats.memory_asked
        );
    }
    Ok(())
}

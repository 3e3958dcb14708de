//! What the whole program takes at the fleet, refreshed once a second.

use std::{thread, time::Duration};

use crate::{
    failure::Failure,
    fleet::Fleet,
    scrape::Scrape,
    service::{Program, Service},
};

use super::modes::{self, MAX_AGE_REFRESHES};

/// From one refresh to the next.
const INTERVAL: Duration = Duration::from_secs(1);

/// Refreshes in the time of one scrape, as at a usual interval.
const REFRESHES_PER_SCRAPE: usize = 2;

/// Prints a line for each mode, beside the floor in microseconds per process.
///
/// # Errors
/// When the program does not start or answer, or a member of the fleet has ended.
pub(super) fn run(
    program: &Program,
    fleet: &Fleet,
    refreshes: usize,
    floor_micros: f64,
) -> Result<(), Failure> {
    println!(
        "| program | start to ready, ms | CPU per refresh, ms | µs per process | ratio to the floor \
         | RSS, MiB | of it anonymous, MiB | scrape by gzip, KiB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, flags) in [
        ("exact", modes::exact_flags(INTERVAL)),
        ("adaptive", modes::adaptive_flags(INTERVAL, "off")),
        (
            "adaptive, taskstats",
            modes::adaptive_flags(INTERVAL, "auto"),
        ),
    ] {
        eprintln!("the whole program: {name}");
        let service = Service::start(program, &flags)?;
        scrape_for(&service, MAX_AGE_REFRESHES as usize + 2)?;
        let before = Sight::of(&service)?;
        let bytes = scrape_for(&service, refreshes)?;
        let after = Sight::of(&service)?;
        let processes = fleet.seen()?.iter().filter(|it| !it.bare).count();
        let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
        let per_refresh = cpu / (after.refreshes - before.refreshes).max(1.0);
        let micros = per_refresh * 1e6 / processes.max(1) as f64;
        let mib = |key| service.status_kib(key).unwrap_or_default() as f64 / 1024.0;
        println!(
            "| {name} | {} | {:.1} | {micros:.1} | {:.3} | {:.1} | {:.1} | {} |",
            service.start_to_ready.as_millis(),
            per_refresh * 1e3,
            micros / floor_micros,
            mib("VmRSS:"),
            mib("RssAnon:"),
            bytes / 1024
        );
    }
    Ok(())
}

/// Scrapes as Prometheus does, for so many refreshes. Gives the size of the last answer.
fn scrape_for(service: &Service, refreshes: usize) -> Result<usize, Failure> {
    let mut bytes = 0;
    for refresh in 0..refreshes {
        thread::sleep(INTERVAL);
        if refresh % REFRESHES_PER_SCRAPE == 0 {
            bytes = service.scrape()?;
        }
    }
    Ok(bytes)
}

/// What a moment shows of the program.
struct Sight {
    refreshes: f64,
    /// Of all threads that live.
    cpu: Duration,
}

impl Sight {
    fn of(service: &Service) -> Result<Self, Failure> {
        let scrape = Scrape::parse(&service.text("/metrics")?);
        let updates = "herakles_exporter_cache_updates_total";
        Ok(Self {
            refreshes: scrape.sum(updates, &[("result", "success")]),
            cpu: service.cpu()?,
        })
    }
}

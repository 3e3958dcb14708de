//! `cargo lab memory-accuracy`: whether memory is shown as it is.
//!
//! Processes take known amounts of memory of every kind. What the exporter shows of them is
//! compared with what they took, and with the sums that another reader of `smaps_rollup` makes.
//! Then others change the memory of processes that sleep, and it is compared again.
//! The PSS of all processes is compared with the kernel's own figures. Prints Markdown, for
//! `docs/accounting.md`.

mod case;
mod expectation;
mod holder;
mod moved;
mod totals;

use std::{
    thread,
    time::{Duration, Instant},
};

use clap::Command;

use self::{case::Case, holder::Holder, moved::Moved};
use crate::{
    failure::Failure,
    programs,
    scrape::Scrape,
    service::{Program, Service},
};

/// One subgroup per case, named after it.
const RULES: &str = "[[subgroups]]\ngroup = \"truth\"\nsubgroup = \"{comm}\"\n\
    matches = [\"mt-*\"]\n";

/// The ways in which the exporter reads memory.
const MODES: [&str; 2] = ["exact", "adaptive"];

/// The command line.
pub(crate) fn command() -> Command {
    Command::new("memory-accuracy")
        .about("Compare memory as shown with what processes are known to hold")
}

/// Starts the processes, lets the exporter read them in each mode, and compares.
///
/// # Errors
/// When something does not start, or a figure is further off than it may be.
pub(crate) fn run() -> Result<(), Failure> {
    let (program, holder) = (Program::exporter()?, programs::compile("holder")?);
    let cases = case::cases();
    let holders: Vec<(&Case, Holder)> = cases
        .iter()
        .map(|case| Ok((case, Holder::start(&holder, case)?)))
        .collect::<Result<_, Failure>>()?;

    let mut complaints = Vec::new();
    for mode in MODES {
        let mut moved = Moved::start_all()?;
        let (service, scrape) = settled(&program, mode)?;
        println!("## memory = \"{mode}\"\n");
        totals::compare(&scrape, &mut complaints)?;
        println!();
        expectation::compare(&holders, &scrape, &mut complaints);
        println!();
        moved::compare(&mut moved, &service, &mut complaints)?;
        println!();
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(complaints.join("\n")))
    }
}

/// An exporter that has seen everybody more than once, and what it shows.
fn settled(program: &Program, mode: &str) -> Result<(Service, Scrape), Failure> {
    let rules = programs::written("memory-accuracy.toml", RULES)?;
    let flags = [
        format!("--scan.memory={mode}"),
        "--scan.cache-ttl=2s".to_owned(),
        // Nothing is left out to save time.
        "--scan.cpu-budget=1".to_owned(),
        "--scan.max-hold=0s".to_owned(),
        "--filter.min-age=0s".to_owned(),
        format!("--classification.rules={}", rules.display()),
    ];
    let service = Service::start(program, &flags)?;
    let scrape = refreshed(&service, 3.0)?;
    Ok((service, scrape))
}

/// What is shown after so many refreshes in all.
pub(super) fn refreshed(service: &Service, count: f64) -> Result<Scrape, Failure> {
    let begin = Instant::now();
    loop {
        thread::sleep(Duration::from_millis(100));
        let scrape = scrape_of(service)?;
        if updates(&scrape) >= count {
            return Ok(scrape);
        }
        if begin.elapsed() > Duration::from_secs(60) {
            return Err(Failure::new("the exporter does not refresh any more"));
        }
    }
}

pub(super) fn scrape_of(service: &Service) -> Result<Scrape, Failure> {
    Ok(Scrape::parse(&service.text("/metrics")?))
}

pub(super) fn updates(scrape: &Scrape) -> f64 {
    let good = [("result", "success")];
    scrape.sum("herakles_exporter_cache_updates_total", &good)
}

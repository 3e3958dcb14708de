//! `cargo lab scan-cost`: what a refresh costs.
//!
//! A synthetic fleet of processes is scanned by the engine in turn with the least that any
//! exporter must do, which is opening, reading and closing the files, and with what others do. The
//! engine's scans are made into what a scraper gets, phase by phase; then the program itself does
//! all of it. Prints Markdown, for `docs/performance.md`.

mod accuracy;
mod contenders;
mod contest;
pub(crate) mod modes;
mod refresh;
mod report;
mod whole_program;

use std::{thread, time::Duration};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use self::contest::ContestOptions;
use crate::{
    arguments::{count, number, value},
    failure::Failure,
    fleet::Fleet,
    service::Program,
};

/// The command line.
pub(crate) fn command() -> Command {
    Command::new("scan-cost")
        .about("Compare what scans cost on a synthetic fleet of processes")
        .arg(
            number("processes", "1000")
                .value_parser(value_parser!(u64).range(50..=20_000))
                .help("Size of the fleet"),
        )
        .arg(number("refreshes", "12").help("Rounds that count"))
        .arg(
            Arg::new("interval")
                .long("interval")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64).range(1..=60))
                .help("From one round to the next [default: 4, more for larger fleets]"),
        )
        .arg(
            Arg::new("only")
                .long("only")
                .value_name("SCAN")
                .action(ArgAction::Append)
                .value_parser(contest::NAMES.to_vec())
                .help("Only this scan beside the floor (repeatable)"),
        )
}

/// Runs the contest, then the whole program at the same fleet.
///
/// # Errors
/// The first thing that does not start, scan or answer.
pub(crate) fn run(args: &ArgMatches) -> Result<(), Failure> {
    let processes = value(args, "processes");
    let interval = args
        .get_one("interval")
        .copied()
        .unwrap_or_else(|| processes.div_ceil(1_000) + 3);
    let options = ContestOptions {
        refreshes: count(args, "refreshes"),
        interval: Duration::from_secs(interval),
        only: args
            .get_many("only")
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
    };
    let program = Program::exporter()?;
    eprintln!("starting {processes} processes");
    let fleet = Fleet::start(count(args, "processes"))?;
    // The kernel's own work after so many starts.
    thread::sleep(Duration::from_secs(2));

    let entries = contest::run(&options, &fleet)?;
    println!(
        "{} processes in the fleet, {} rounds of {} s.\n",
        fleet.pids().len(),
        options.refreshes,
        interval
    );
    report::costs(&entries);
    println!();
    report::refreshes(&entries);
    println!();
    report::reads(&entries);
    println!();
    report::errors(&entries);
    println!();
    let floor = report::floor_micros(&entries);
    drop(entries);
    whole_program::run(&program, &fleet, options.refreshes, floor)
}

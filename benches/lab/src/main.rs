//! Experiments on a live host, run as `cargo lab EXPERIMENT`.
//!
//! Each experiment is one module, which prints Markdown for a page below `docs/`: [`scan_cost`]
//! measures what refreshes cost, [`interference`] what they do to others, [`cpu_accounting`] whether
//! CPU time gets lost, [`memory_accuracy`] whether memory is shown as it is, [`peers`] what other
//! exporters cost, [`soak`] whether the program grows or fails when it runs for long, [`door`]
//! whether bad clients keep scrapes waiting, [`pages`] what the pages weigh.
//! They use the engine, `herakles-collect`, and the program as it is built.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an experiment reports to the terminal it was started from"
)]

mod arguments;
mod clock;
mod cpu_accounting;
mod door;
mod failure;
mod fleet;
mod interference;
mod memory_accuracy;
mod pages;
mod peers;
mod processes;
mod programs;
mod progress;
mod scan_cost;
mod scrape;
mod service;
mod soak;
mod storm;
mod workspace;

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::failure::Failure;

fn main() -> ExitCode {
    let matches = command().get_matches();
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("lab: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    if cfg!(debug_assertions) {
        return Err(Failure::new(
            "figures of a debug build would mislead; run it as `cargo lab`",
        ));
    }
    match matches.subcommand() {
        Some(("cpu-accounting", args)) => cpu_accounting::run(args),
        Some(("door", args)) => door::run(args),
        Some(("interference", args)) => interference::run(args),
        Some(("memory-accuracy", _)) => memory_accuracy::run(),
        Some(("pages", args)) => pages::run(args),
        Some(("peers", args)) => peers::run(args),
        Some(("scan-cost", args)) => scan_cost::run(args),
        Some(("soak", args)) => soak::run(args),
        _ => Err(Failure::new(
            "no such experiment; `cargo lab --help` lists them",
        )),
    }
}

fn command() -> Command {
    Command::new("lab")
        .bin_name("cargo lab")
        .about("Experiments on a live host")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(cpu_accounting::command())
        .subcommand(door::command())
        .subcommand(interference::command())
        .subcommand(memory_accuracy::command())
        .subcommand(pages::command())
        .subcommand(peers::command())
        .subcommand(scan_cost::command())
        .subcommand(soak::command())
}

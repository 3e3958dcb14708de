//! Project tasks, run as `cargo xtask TASK`.
//!
//! Each task is one module: [`ci`] is the whole gate, [`tidy`] holds the rules about the shape of
//! the workspace that the compiler cannot know, [`metrics_doc`] and [`readmes`] keep the metric
//! table and the READMEs of the libraries equal to the code, [`corpus`] takes files of this kernel
//! for the tests of the parsers, [`bench_report`] writes the ratios of the benchmarks into their page,
//! [`instructions`] counts what fixed work takes, [`dist`] makes what is handed out. None of them uses a crate of the product, so that they compile
//! in seconds.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task reports to the terminal it was started from"
)]

mod bench_report;
mod ci;
mod command;
mod corpus;
mod dist;
mod failure;
mod instructions;
mod linux_targets;
mod metadata;
mod metrics_doc;
mod readmes;
mod tidy;
mod workspace;

use std::{path::PathBuf, process::ExitCode};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::failure::Failure;

fn main() -> ExitCode {
    let matches = command().get_matches();
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("ci", args)) => {
            let only: Vec<&str> = args
                .get_many::<String>("steps")
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect();
            ci::run(&only)
        }
        Some(("corpus", args)) => {
            let case = args.get_one::<String>("case");
            match case.zip(args.get_one::<u32>("pid")) {
                Some((case, &pid)) => corpus::take(case, pid),
                None => corpus::take_shapes(),
            }
        }
        Some(("metrics-doc", args)) => metrics_doc::run(args.get_flag("check")),
        Some(("bench-report", _)) => bench_report::run(),
        Some(("instructions", args)) => instructions::run(ci::valgrind(), args.get_flag("renew")),
        Some(("readmes", _)) => readmes::run(),
        Some(("dist", args)) => match args.get_one::<PathBuf>("check") {
            Some(program) => dist::check(program),
            None => dist::run(),
        },
        Some(("tidy", _)) => tidy::run(),
        _ => Err(Failure::new(
            "no such task; `cargo xtask --help` lists them",
        )),
    }
}

fn command() -> Command {
    Command::new("xtask")
        .bin_name("cargo xtask")
        .about("Project tasks")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("ci")
                .about("The whole gate: what a change must pass")
                .arg(
                    Arg::new("steps")
                        .value_name("STEP")
                        .num_args(0..)
                        .value_parser(ci::step_names())
                        .help("Run only these steps, in the order of the gate"),
                ),
        )
        .subcommand(Command::new("tidy").about("Check the shape of the workspace"))
        .subcommand(
            Command::new("corpus")
                .about("Add files of this kernel to the corpora of the parsers, made anonymous")
                .arg(
                    Arg::new("case").value_name("CASE").requires("pid").help(
                        "What the files of one process are called; else many shapes are made",
                    ),
                )
                .arg(
                    Arg::new("pid")
                        .value_name("PID")
                        .value_parser(value_parser!(u32))
                        .help("That process"),
                ),
        )
        .subcommand(
            Command::new("metrics-doc")
                .about("Write the metric table of docs/metrics.md from the code")
                .arg(
                    Arg::new("check")
                        .long("check")
                        .action(ArgAction::SetTrue)
                        .help("Fail if the table is stale instead of writing it"),
                ),
        )
        .subcommand(
            Command::new("bench-report")
                .about("Run the benchmarks and write their ratios into docs/performance.md"),
        )
        .subcommand(
            Command::new("instructions")
                .about("Count the instructions of fixed work and compare them with the baseline")
                .arg(
                    Arg::new("renew")
                        .long("renew")
                        .action(ArgAction::SetTrue)
                        .help("Write the baseline instead of comparing with it"),
                ),
        )
        .subcommand(
            Command::new("readmes")
                .about("Write the README of each library from the documentation of its crate"),
        )
        .subcommand(
            Command::new("dist")
                .about("Make everything that is handed out, in target/dist")
                .arg(
                    Arg::new("check")
                        .long("check")
                        .value_name("PROGRAM")
                        .value_parser(value_parser!(PathBuf))
                        .help("Only pack this build for Debian, and try package and units"),
                ),
        )
}

//! `cargo lab cpu-accounting`: whether what the host spends is what the subgroups show.
//!
//! A storm of short-lived processes rages while the exporter, and beside it process-exporter,
//! look at the host every few seconds. What they attribute is compared with what `/proc/stat`
//! says was spent, and with what the storm's own waiters were told by the kernel. Prints
//! Markdown, for `docs/accounting.md`.

mod counters;
mod report;
mod rivals;
mod round;

use std::{path::PathBuf, time::Duration};

use clap::{Arg, ArgMatches, Command, value_parser};

use self::round::{Outcome, RoundOptions};
use crate::{failure::Failure, programs, service::Program, storm::Storm};

/// Per cent of the host's time that must be attributed.
const GOAL: std::ops::RangeInclusive<f64> = 98.0..=101.0;

/// The command line.
pub(crate) fn command() -> Command {
    Command::new("cpu-accounting")
        .about("Compare attributed CPU time with the host's, in storms of short-lived processes")
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("SECONDS")
                .default_value("60")
                .value_parser(value_parser!(u64).range(1..=600))
                .help("Length of each storm"),
        )
        .arg(
            Arg::new("storm")
                .long("storm")
                .value_name("STORM")
                .default_value("all")
                .value_parser(
                    Storm::ALL
                        .map(Storm::name)
                        .into_iter()
                        .chain(["all"])
                        .collect::<Vec<_>>(),
                )
                .help("Which storm, or all in turn"),
        )
        .arg(
            Arg::new("exits")
                .long("exits")
                .value_name("SOURCE")
                .value_parser(["auto", "children", "taskstats"])
                .help("The exporter's scan.exits [default: its own]"),
        )
        .arg(
            Arg::new("process-exporter")
                .long("process-exporter")
                .value_name("PROGRAM")
                .value_parser(value_parser!(PathBuf))
                .help("process-exporter [default: that of the PATH, if any]"),
        )
}

/// Runs the storms and prints a line for each.
///
/// # Errors
/// When a program does not start or answer, a counter fell, or too little or too much was
/// attributed in a storm that the kernel itself loses nothing of.
pub(crate) fn run(args: &ArgMatches) -> Result<(), Failure> {
    let exits: Option<&String> = args.get_one("exits");
    let options = RoundOptions {
        length: Duration::from_secs(args.get_one("seconds").copied().unwrap_or(60)),
        exits: exits.cloned(),
        exporter: Program::exporter()?,
        process_exporter: Program::rival("process-exporter", args.get_one("process-exporter"))?,
        storm: programs::compile("storm")?,
    };
    let asked: Option<&String> = args.get_one("storm");
    let storms = Storm::ALL
        .into_iter()
        .filter(|storm| asked.is_none_or(|name| name == "all" || name == storm.name()));

    report::head();
    let mut complaints = Vec::new();
    for storm in storms {
        let outcome = round::run(storm, &options)?;
        report::line(storm, &outcome);
        complaints.extend(outcome.fallen.iter().cloned());
        let kept_by_kernel = !storm.is_lossy() || options.exits.as_deref() == Some("taskstats");
        if kept_by_kernel {
            complaints.extend(outside_goal(storm, &outcome));
        }
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(complaints.join("\n")))
    }
}

/// Says so if the share of the host is not as it should be. The scheduler's clock decides where
/// there is one: the host's account is drawn at ticks, and wrong by per cents in some storms.
fn outside_goal(storm: Storm, outcome: &Outcome) -> Option<String> {
    let share = 100.0 * outcome.of_scheduler().unwrap_or(outcome.herakles.of_host);
    (!GOAL.contains(&share)).then(|| {
        format!(
            "{}: {share:.2} % attributed, not {} to {} %",
            storm.name(),
            GOAL.start(),
            GOAL.end()
        )
    })
}

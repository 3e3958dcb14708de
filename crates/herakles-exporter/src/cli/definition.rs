//! The command line as clap knows it, built from the settings table. [`super::reading`] is the way
//! back.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ColorChoice, Command as Clap, value_parser};
use clap_complete::Shell;
use herakles_dashboard::Order;
use herakles_settings::{Kind, Listing, Value, with_settings};
use herakles_stat::Pid;

use super::version::BUILD;
use crate::config::Config;

/// How the layers of the configuration work together.
pub(super) const LAYERS: &str = "A setting is taken from its default, the configuration file, the \
    environment or a flag; the later wins. Its variable is HERAKLES_TABLE_KEY, such as \
    HERAKLES_SCAN_CACHE_TTL. A switch is turned off by --no-X or --X=false, such as \
    --no-export.host. All settings are accepted after a subcommand too.";

/// What the help of a subcommand says instead of listing them.
const EVERYWHERE: &str = "All settings work here too, such as --config.file and --path.procfs: \
    `herakles-exporter --help` lists them.";

/// The whole command line.
pub(super) fn program() -> Clap {
    let with_hidden =
        |subcommand| with_settings::<Config>(subcommand, Listing::Hidden).after_help(EVERYWHERE);
    let subcommands = subcommands()
        .into_iter()
        .map(|subcommand| with_hidden(subcommand).mut_subcommands(with_hidden));
    with_settings::<Config>(bare(), Listing::Full).subcommands(subcommands)
}

/// The program without settings and subcommands.
pub(super) fn bare() -> Clap {
    let version = format!(
        "{} (revision {}, rustc {})",
        BUILD.version, BUILD.revision, BUILD.rustc
    );
    Clap::new("herakles-exporter")
        .about("Prometheus exporter for per-process memory and CPU")
        .long_about(
            "Prometheus exporter for per-process memory and CPU. Without a subcommand it serves \
             metrics over HTTP until it is stopped.",
        )
        .after_help(LAYERS)
        .version(version)
        .color(ColorChoice::Never)
        .disable_help_subcommand(true)
        .subcommand_value_name("SUBCOMMAND")
        .subcommand_help_heading("Subcommands")
}

/// The subcommands with the options that are their own.
pub(super) fn subcommands() -> Vec<Clap> {
    let once = Clap::new("once")
        .about("Scan twice, then print what a scrape would see")
        .arg(
            choice("format", &["table", "json", "text", "openmetrics"])
                .help("Form of the output [default: table, with --output text]"),
        )
        .arg(path("output").help(
            "Write the text form to this file instead, for the textfile collector of node_exporter",
        ))
        .arg(
            option("interval", "DURATION")
                .value_parser(duration_parser())
                .default_value("1s")
                .help("Time between the two scans"),
        )
        .arg(
            option("watch", "DURATION")
                .value_parser(duration_parser())
                .help("Repeat with this time in between, until interrupted"),
        )
        .arg(
            option("sort", "ORDER")
                .value_parser(PossibleValuesParser::new(Order::ALL.map(Order::name)))
                .help("What the table is sorted by [default: uss]"),
        )
        .arg(
            option("top", "N")
                .value_parser(value_parser!(u32).range(1..))
                .help("Rows of each part of the table [default: as many as fit]"),
        )
        .arg(option("group", "GROUP").help("Only this group in the table"))
        .arg(
            option("subgroup", "SUBGROUP")
                .help("Only this subgroup in the table, as SUBGROUP or GROUP/SUBGROUP"),
        );
    let check = Clap::new("check")
        .about("Say what works here, and what to do about the rest")
        .arg(
            Arg::new("allow-partial")
                .long("allow-partial")
                .action(ArgAction::SetTrue)
                .help("A missing capability is no failure"),
        );
    let config = Clap::new("config")
        .about("Print the effective configuration, each value with its origin")
        .arg(
            choice("format", &["toml", "json", "template"])
                .default_value("toml")
                .help("Form of the output; template is a file with every key at its default"),
        );
    let completions = Clap::new("completions")
        .about("Print the completions for a shell")
        .arg(
            Arg::new("shell")
                .required(true)
                .value_parser(value_parser!(Shell))
                .value_name("SHELL")
                .help("The shell"),
        );
    let man = Clap::new("man").about("Print the manual page");
    let all = vec![once, check, explain(), rules(), config, completions, man];
    all.into_iter()
        .map(|subcommand| subcommand.disable_help_subcommand(true))
        .collect()
}

fn explain() -> Clap {
    let fact = |name: &'static str, help: &'static str| {
        option(name, "TEXT")
            .value_parser(value_parser!(OsString))
            .requires("comm")
            .allow_hyphen_values(true)
            .conflicts_with("pid")
            .help(help)
    };
    Clap::new("explain")
        .about("Say which rule matches a process, and why")
        .arg(
            Arg::new("pid")
                .value_name("PID")
                .value_parser(parse_pid)
                .conflicts_with("comm")
                .help("A running process"),
        )
        .arg(
            option("comm", "NAME")
                .value_parser(value_parser!(OsString))
                .allow_hyphen_values(true)
                .help("Instead of PID: the name of a process that need not exist"),
        )
        .arg(fact("exe", "Its executable"))
        .arg(fact(
            "cmdline",
            "Its command line, arguments separated by blanks",
        ))
        .arg(fact("cgroup", "Its cgroup path"))
        .arg(fact("user", "Its user").value_parser(value_parser!(String)))
        .arg(fact("parent", "The name of its parent"))
        .arg(
            choice("format", &["text", "json"])
                .default_value("text")
                .help("Form of the output"),
        )
}

fn rules() -> Clap {
    let options = |subcommand: Clap| {
        subcommand
            .arg(option("group", "GROUP").help("Only the rules of this group"))
            .arg(
                choice("format", &["table", "json", "toml"])
                    .help("Form of the output [default: table]"),
            )
    };
    options(Clap::new("rules").about("Print the effective rules in order, with their origin"))
        .subcommand(options(Clap::new("list").about("The same")))
        .subcommand(
            Clap::new("suggest")
                .about("Print rules for the biggest processes of this host that no rule matches"),
        )
        .subcommand(
            Clap::new("import")
                .about("Convert the configuration of another exporter, and print the rules")
                .arg(
                    path("process-exporter")
                        .required(true)
                        .help("The YAML file of a process-exporter"),
                ),
        )
}

fn option(name: &'static str, placeholder: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(placeholder)
}

fn choice(name: &'static str, words: &'static [&'static str]) -> Arg {
    option(name, "FORMAT").value_parser(PossibleValuesParser::new(words))
}

fn path(name: &'static str) -> Arg {
    option(name, "FILE")
        .value_parser(value_parser!(PathBuf))
        .value_hint(clap::ValueHint::FilePath)
}

fn duration_parser() -> ValueParser {
    ValueParser::new(
        |text: &str| match Kind::milliseconds_to_seconds(10, 3600).parse(&[text]) {
            Ok(Value::Duration(duration)) => Ok(duration),
            Ok(_) => Err("expected a duration".to_owned()),
            Err(reason) => Err(reason.to_string()),
        },
    )
}

fn parse_pid(text: &str) -> Result<Pid, String> {
    text.parse()
        .ok()
        .and_then(Pid::new)
        .ok_or_else(|| "a process id is a number from 1 to 2147483647".to_owned())
}

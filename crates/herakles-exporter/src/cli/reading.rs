//! From what clap found to what is to be done.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use clap_complete::Shell;
use herakles_dashboard::Order;
use herakles_settings::FlagValues;
use herakles_stat::Pid;

use super::{
    Check, Command, ConfigFormat, Description, Explain, Invocation, Once, OnceFormat, ReportFormat,
    RulesCommand, RulesFormat, Subject, TableOptions, UsageError,
};
use crate::config::Config;

/// Reads what clap found on every level of subcommands.
///
/// # Errors
/// [`UsageError`] for what clap cannot rule out by itself.
pub(super) fn invocation(matches: &ArgMatches) -> Result<Invocation, UsageError> {
    let flags = FlagValues::of::<Config>(matches);
    let mut level = matches;
    let mut path = Vec::new();
    while let Some((name, deeper)) = level.subcommand() {
        path.push((name, deeper));
        level = deeper;
    }
    let command = match path.as_slice() {
        [] => Command::Serve,
        [("once", found)] => Command::Once(once_from(found)?),
        [("check", found)] => Command::Check(Check {
            allow_partial: found.get_flag("allow-partial"),
        }),
        [("explain", found)] => Command::Explain(explain_from(found)?),
        [("config", found)] => Command::Config(match word(found, "format") {
            Some("json") => ConfigFormat::Json,
            Some("template") => ConfigFormat::Template,
            _ => ConfigFormat::Toml,
        }),
        [("completions", found)] => match found.get_one::<Shell>("shell") {
            Some(shell) => Command::Completions(*shell),
            None => return Err(UsageError("name a shell".to_owned())),
        },
        [("man", _)] => Command::Man,
        [("rules", found), nested @ ..] => Command::Rules(rules_from(found, nested.first())?),
        [(name, _), ..] => return Err(UsageError(format!("unknown subcommand `{name}`"))),
    };
    Ok(Invocation { command, flags })
}

fn word<'a>(matches: &'a ArgMatches, id: &str) -> Option<&'a str> {
    matches.get_one::<String>(id).map(String::as_str)
}

fn once_from(matches: &ArgMatches) -> Result<Once, UsageError> {
    let output = matches.get_one::<PathBuf>("output").cloned();
    let format = word(matches, "format").map(|format| match format {
        "json" => OnceFormat::Json,
        "text" => OnceFormat::Text,
        "openmetrics" => OnceFormat::OpenMetrics,
        _ => OnceFormat::Table,
    });
    if output.is_some() && format.is_some_and(|format| format != OnceFormat::Text) {
        let sentence = "--output writes the text form only: leave --format out or give text";
        return Err(UsageError(sentence.to_owned()));
    }
    let is_table = output.is_none() && format.is_none_or(|format| format == OnceFormat::Table);
    let of_table = ["sort", "top", "group", "subgroup"];
    if let Some(option) = of_table
        .into_iter()
        .find(|id| !is_table && matches.contains_id(id))
    {
        let sentence = format!("--{option} is for the table: leave --format and --output out");
        return Err(UsageError(sentence));
    }
    let top = matches.get_one::<u32>("top");
    let table = TableOptions {
        order: word(matches, "sort")
            .and_then(Order::named)
            .unwrap_or_default(),
        top: top.and_then(|top| usize::try_from(*top).ok()),
        group: word(matches, "group").map(str::to_owned),
        subgroup: word(matches, "subgroup").map(str::to_owned),
    };
    Ok(Once {
        format,
        output,
        interval: matches
            .get_one("interval")
            .copied()
            .unwrap_or(Duration::from_secs(1)),
        watch: matches.get_one("watch").copied(),
        table,
    })
}

const NO_SUBJECT: &str = "explain what? Give a PID, or --comm NAME to describe a process";

fn explain_from(matches: &ArgMatches) -> Result<Explain, UsageError> {
    let fact = |id| matches.get_one::<OsString>(id).cloned();
    let subject = match (matches.get_one::<Pid>("pid"), fact("comm")) {
        (Some(pid), _) => Subject::Process(*pid),
        (None, Some(comm)) => Subject::Described(Description {
            comm,
            exe: fact("exe"),
            cmdline: fact("cmdline"),
            cgroup: fact("cgroup"),
            user: matches.get_one::<String>("user").cloned(),
            parent: fact("parent"),
        }),
        (None, None) => return Err(UsageError(NO_SUBJECT.to_owned())),
    };
    let format = match word(matches, "format") {
        Some("json") => ReportFormat::Json,
        _ => ReportFormat::Text,
    };
    Ok(Explain { subject, format })
}

fn rules_from(
    outer: &ArgMatches,
    nested: Option<&(&str, &ArgMatches)>,
) -> Result<RulesCommand, UsageError> {
    let (name, inner) = match nested {
        Some((name, inner)) => (*name, Some(*inner)),
        None => ("list", None),
    };
    if name != "list" && (word(outer, "group").is_some() || word(outer, "format").is_some()) {
        let sentence = format!("--group and --format belong to `rules list`, not `rules {name}`");
        return Err(UsageError(sentence));
    }
    match (name, inner) {
        ("suggest", _) => return Ok(RulesCommand::Suggest),
        ("import", Some(inner)) => {
            let file = inner.get_one::<PathBuf>("process-exporter").cloned();
            return file
                .map(|process_exporter| RulesCommand::Import { process_exporter })
                .ok_or_else(|| UsageError("name the file by --process-exporter".to_owned()));
        }
        _ => {}
    }
    let option = |id| {
        inner
            .and_then(|inner| word(inner, id))
            .or_else(|| word(outer, id))
    };
    Ok(RulesCommand::List {
        group: option("group").map(str::to_owned),
        format: match option("format") {
            Some("json") => RulesFormat::Json,
            Some("toml") => RulesFormat::Toml,
            _ => RulesFormat::Table,
        },
    })
}

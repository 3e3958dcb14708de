//! `rules`: the effective rules, rules for what none matches, and rules made from those of others.

mod import;
mod suggest;

pub(crate) use import::ImportFailure;

use std::fmt::Write as _;
use std::process::ExitCode;

use herakles_classify::Rule;

use super::{Failure, output};
use crate::cli::{RulesCommand, RulesFormat};
use crate::config::ConfigSources;
use crate::config::RunningConfig;

pub(super) fn run(command: &RulesCommand, sources: &ConfigSources) -> Result<ExitCode, Failure> {
    match command {
        RulesCommand::List { group, format } => {
            list(group.as_deref(), *format, &RunningConfig::load(sources)?)
        }
        RulesCommand::Suggest => suggest::run(RunningConfig::load(sources)?),
        RulesCommand::Import { process_exporter } => import::run(process_exporter),
    }
}

fn list(
    group: Option<&str>,
    format: RulesFormat,
    running_config: &RunningConfig,
) -> Result<ExitCode, Failure> {
    let rules: Vec<&Rule> = running_config
        .options
        .classifier
        .rules()
        .iter()
        .map(AsRef::as_ref)
        .filter(|rule| group.is_none_or(|group| rule.group() == group))
        .collect();
    if let (Some(group), true) = (group, rules.is_empty()) {
        return Err(Failure::Other(format!(
            "no rule has the group {group:?}; see `rules list`"
        )));
    }
    output::print(&match format {
        RulesFormat::Table => table(&rules),
        RulesFormat::Json => {
            let json = serde_json::to_string_pretty(&rules)
                .map_err(|error| Failure::Other(format!("cannot write the rules: {error}")))?;
            json + "\n"
        }
        RulesFormat::Toml => {
            let rules: Vec<String> = rules.iter().map(|rule| rule.to_toml()).collect();
            rules.join("\n")
        }
    })
}

fn table(rules: &[&Rule]) -> String {
    let class = |rule: &Rule| format!("{}/{}", rule.group(), rule.subgroup());
    let width = rules
        .iter()
        .map(|rule| class(rule).len())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for rule in rules {
        let (class, origin, conditions) = (class(rule), rule.origin(), rule.conditions());
        let _ = writeln!(out, "{class:width$}  {origin}  {conditions}");
    }
    out
}

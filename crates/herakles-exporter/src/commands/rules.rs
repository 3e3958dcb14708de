//! `rules`: the effective rules.

use std::fmt::Write as _;
use std::process::ExitCode;

use herakles_classify::Rule;
use serde_json::json;

use super::{Failure, output};
use crate::cli::{Rules, RulesFormat};
use crate::effective::Effective;
use crate::rule_text;

pub(super) fn run(command: &Rules, effective: &Effective) -> Result<ExitCode, Failure> {
    let Rules::List { group, format } = command;
    let rules: Vec<&Rule> = effective
        .classifier
        .rules()
        .iter()
        .map(|rule| &**rule)
        .filter(|rule| group.as_deref().is_none_or(|group| rule.group() == group))
        .collect();
    if let (Some(group), true) = (group, rules.is_empty()) {
        return Err(Failure::Other(format!(
            "no rule has the group {group:?}; see `rules list`"
        )));
    }
    output::print(&match format {
        RulesFormat::Table => table(&rules),
        RulesFormat::Json => {
            let rules: Vec<_> = rules.iter().map(|rule| as_json(rule)).collect();
            format!("{:#}\n", serde_json::Value::from(rules))
        }
        RulesFormat::Toml => rules.iter().map(|rule| as_toml(rule)).collect(),
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
        let _ = write!(out, "{:width$}  {}", class(rule), rule.origin());
        rule_text::patterns(rule, &mut out);
        out.push('\n');
    }
    out
}

fn as_json(rule: &Rule) -> serde_json::Value {
    json!({
        "group": rule.group(),
        "subgroup": rule.subgroup(),
        "origin": { "file": &*rule.origin().file, "line": rule.origin().line },
        "matches": rule.matches().collect::<Vec<_>>(),
        "cmdline_matches": rule.cmdline_matches().collect::<Vec<_>>(),
        "exe_matches": rule.exe_matches().collect::<Vec<_>>(),
        "users": rule.users().collect::<Vec<_>>(),
        "cgroups": rule.cgroups().collect::<Vec<_>>(),
        "parents": rule.parents().collect::<Vec<_>>(),
        "inherit": rule.inherits(),
        "always": rule.is_always_shown(),
        "max_values": rule.max_values(),
    })
}

/// The rule as a file would hold it.
fn as_toml(rule: &Rule) -> String {
    let mut out = format!("# {}\n[[subgroups]]\n", rule.origin());
    let mut entry = |key: &str, value: toml::Value| {
        let _ = writeln!(out, "{key} = {value}");
    };
    entry("group", rule.group().into());
    entry("subgroup", rule.subgroup().into());
    let lists = [
        ("matches", rule.matches().collect::<Vec<_>>()),
        ("cmdline_matches", rule.cmdline_matches().collect()),
        ("exe_matches", rule.exe_matches().collect()),
        ("users", rule.users().collect()),
        ("cgroups", rule.cgroups().collect()),
        ("parents", rule.parents().collect()),
    ];
    for (key, items) in lists {
        if !items.is_empty() {
            entry(key, items.into());
        }
    }
    if rule.inherits() {
        entry("inherit", true.into());
    }
    if rule.is_always_shown() {
        entry("always", true.into());
    }
    if let Some(most) = rule.max_values().and_then(|most| i64::try_from(most).ok()) {
        entry("max_values", most.into());
    }
    out.push('\n');
    out
}

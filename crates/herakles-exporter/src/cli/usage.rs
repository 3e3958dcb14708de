//! Mistakes on the command line, each as one sentence.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use herakles_settings::{did_you_mean, nearest, quoted};

use super::definition;
use crate::config::settings::SETTINGS;

/// A command line that cannot be understood; `Display` is one sentence.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(super) String);

impl From<&clap::Error> for UsageError {
    fn from(error: &clap::Error) -> Self {
        let context = |kind| error.get(kind).map(text);
        let sentence = match error.kind() {
            ErrorKind::UnknownArgument => {
                let argument = context(ContextKind::InvalidArg).unwrap_or_default();
                let near = nearest_flag(&argument, context(ContextKind::SuggestedArg));
                let what = if argument.starts_with('-') {
                    "flag"
                } else {
                    "argument"
                };
                unknown(what, &argument, near)
            }
            ErrorKind::InvalidSubcommand => {
                let name = context(ContextKind::InvalidSubcommand).unwrap_or_default();
                if matches!(name.as_str(), "true" | "false") {
                    let example = "--export.host=false or --no-export.host";
                    return Self(format!(
                        "`{name}` stands alone: write a switch as {example}"
                    ));
                }
                unknown("subcommand", &name, nearest_subcommand(&name))
            }
            ErrorKind::InvalidValue => one_of_few(error).unwrap_or_else(|| first_sentence(error)),
            _ => first_sentence(error),
        };
        Self(sentence)
    }
}

fn unknown(what: &str, name: &str, near: Option<String>) -> String {
    let advice = match near {
        Some(near) => did_you_mean(Some(&near)),
        None => "; see --help".to_owned(),
    };
    format!("unknown {what} {}{advice}", quoted(name))
}

fn text(value: &ContextValue) -> String {
    value
        .to_string()
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

/// About a word that is none of those an option takes, if that is what is wrong.
fn one_of_few(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::Strings(words)) = error.get(ContextKind::ValidValue) else {
        return None;
    };
    let found = text(error.get(ContextKind::InvalidValue)?);
    if words.is_empty() || found.is_empty() {
        return None;
    }
    let option = text(error.get(ContextKind::InvalidArg)?);
    let option = option.split(' ').next()?;
    let near = nearest(&found, words.iter().map(String::as_str));
    let advice = did_you_mean(near);
    let known = words.join(", ");
    Some(format!(
        "{option}: {} is not one of {known}{advice}",
        quoted(&found)
    ))
}

/// What other exporters call these.
const CUSTOMARY: &[(&str, &str)] = &[
    ("--port", "--web.listen-address"),
    ("--listen", "--web.listen-address"),
    ("--listen-address", "--web.listen-address"),
    ("--bind", "--web.listen-address"),
    ("--config", "--config.file"),
    ("--procfs", "--path.procfs"),
    ("--interval", "--scan.cache-ttl"),
];

/// The nearest setting, clap's suggestion among the options of the subcommand, or our name for
/// what has another one elsewhere.
fn nearest_flag(flag: &str, suggested: Option<String>) -> Option<String> {
    let customary = CUSTOMARY.iter().find(|(theirs, _)| *theirs == flag);
    if let Some((_, ours)) = customary {
        return Some((*ours).to_owned());
    }
    let settings = SETTINGS
        .iter()
        .map(|setting| format!("--{}", setting.flag()));
    let config = std::iter::once("--config.file".to_owned());
    let known: Vec<String> = settings.chain(config).chain(suggested).collect();
    nearest(flag, known.iter().map(String::as_str)).map(str::to_owned)
}

fn nearest_subcommand(name: &str) -> Option<String> {
    let subcommands = definition::subcommands();
    let nested = subcommands.iter().flat_map(clap::Command::get_subcommands);
    let known = subcommands
        .iter()
        .chain(nested)
        .map(clap::Command::get_name);
    nearest(name, known).map(str::to_owned)
}

/// clap's message without its tips and usage, which stand in paragraphs of their own.
fn first_sentence(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let paragraph = rendered.split("\n\n").next().unwrap_or_default();
    let lines: Vec<&str> = paragraph.lines().map(str::trim).collect();
    let sentence = lines.join(" ");
    let sentence = sentence.strip_prefix("error: ").unwrap_or(&sentence);
    format!("{sentence}; see --help")
}

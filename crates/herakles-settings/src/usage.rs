//! Mistakes on the command line, each as one sentence.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::names::{did_you_mean, nearest, quoted};
use crate::setting::Settings;

/// What clap says is wrong, as one sentence on one line that names what was probably meant.
/// `customary` holds names that flags have in other programs, and what they are called here.
pub fn usage<S: Settings>(
    error: &clap::Error,
    program: &Command,
    customary: &[(&str, &str)],
) -> String {
    let context = |kind| error.get(kind).map(text);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let argument = context(ContextKind::InvalidArg).unwrap_or_default();
            let suggested = context(ContextKind::SuggestedArg);
            let near = match customary.iter().find(|(theirs, _)| *theirs == argument) {
                Some((_, ours)) => Some((*ours).to_owned()),
                None => nearest_flag::<S>(&argument, suggested),
            };
            let what = if argument.starts_with('-') {
                "flag"
            } else {
                "argument"
            };
            unknown(what, &argument, near.as_deref())
        }
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            unknown("subcommand", &name, nearest_subcommand(&name, program))
        }
        ErrorKind::InvalidValue => one_of_few(error).unwrap_or_else(|| first_sentence(error)),
        _ => first_sentence(error),
    }
}

fn unknown(what: &str, name: &str, near: Option<&str>) -> String {
    let advice = match near {
        Some(near) => did_you_mean(Some(near)),
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

/// The nearest setting, or clap's suggestion among the options of the subcommand.
fn nearest_flag<S: Settings>(flag: &str, suggested: Option<String>) -> Option<String> {
    let settings = S::SETTINGS
        .iter()
        .map(|setting| format!("--{}", setting.flag()));
    let config = std::iter::once("--config.file".to_owned());
    let known: Vec<String> = settings.chain(config).chain(suggested).collect();
    nearest(flag, known.iter().map(String::as_str)).map(str::to_owned)
}

fn nearest_subcommand<'a>(name: &str, program: &'a Command) -> Option<&'a str> {
    let subcommands = || program.get_subcommands();
    let nested = subcommands().flat_map(Command::get_subcommands);
    nearest(name, subcommands().chain(nested).map(Command::get_name))
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

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::settings::{did_you_mean, nearest};

/// A command line that cannot be understood; `Display` is one sentence.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(super) String);

impl From<&clap::Error> for UsageError {
    fn from(error: &clap::Error) -> Self {
        let context = |kind| error.get(kind).map(text);
        let sentence = match error.kind() {
            ErrorKind::UnknownArgument => {
                let flag = context(ContextKind::InvalidArg).unwrap_or_default();
                let near = nearest_flag(&flag).or_else(|| context(ContextKind::SuggestedArg));
                let help = if near.is_none() { "; see --help" } else { "" };
                format!(
                    "unknown flag `{flag}`{}{help}",
                    did_you_mean(near.as_deref())
                )
            }
            ErrorKind::InvalidSubcommand => {
                let name = context(ContextKind::InvalidSubcommand).unwrap_or_default();
                let near = nearest_subcommand(&name);
                let help = if near.is_none() { "; see --help" } else { "" };
                format!(
                    "unknown subcommand `{name}`{}{help}",
                    did_you_mean(near.as_deref())
                )
            }
            _ => first_sentence(error),
        };
        Self(sentence)
    }
}

fn text(value: &ContextValue) -> String {
    value
        .to_string()
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

fn nearest_flag(flag: &str) -> Option<String> {
    let name = flag.strip_prefix("--")?;
    let program = super::definition::program();
    let known: Vec<&str> = program
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .collect();
    nearest(name, known).map(|near| format!("--{near}"))
}

fn nearest_subcommand(name: &str) -> Option<String> {
    let program = super::definition::program();
    nearest(name, program.get_subcommands().map(clap::Command::get_name)).map(str::to_owned)
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

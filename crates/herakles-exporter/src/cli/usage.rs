use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::settings::{did_you_mean, nearest, quoted};

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
                let near = nearest_flag(&argument).or(context(ContextKind::SuggestedArg));
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
                let near = nearest_subcommand(&name);
                unknown(
                    "subcommand",
                    &name,
                    near.or(context(ContextKind::SuggestedSubcommand)),
                )
            }
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

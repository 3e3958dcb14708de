//! Settings as flags of clap, and what they were given.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};

use crate::kind::Kind;
use crate::load::FlagValues;
use crate::setting::{Setting, Settings};

/// Names the file.
const CONFIG_FILE: &str = "config.file";

/// Whether the help of a command lists the settings that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// All of them, each under the heading of its table.
    Full,
    /// None: the help of the program has them.
    Hidden,
}

/// Adds `--config.file`, under the heading of the first table, and every setting as a flag; for a
/// switch also its `--no-` form. Values are judged by [`Kind::parse`] later, so that a wrong one is
/// the same error from every source.
pub fn with_settings<S: Settings>(command: Command, listing: Listing) -> Command {
    let hidden = listing == Listing::Hidden;
    let file = Arg::new(CONFIG_FILE)
        .long(CONFIG_FILE)
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .help(format!(
            "Configuration file [default: {} if present] [env: {}]",
            S::PROGRAM.default_file,
            S::PROGRAM.file_variable()
        ))
        .help_heading(S::TABLES.first().map(|table| table.heading))
        .hide(hidden);
    S::SETTINGS
        .iter()
        .fold(command.arg(file), |command, setting| {
            let table = S::TABLES.iter().find(|table| table.name == setting.table);
            let flag = Arg::new(setting.path())
                .long(setting.flag().into_owned())
                .action(ArgAction::Append)
                .value_name(setting.kind.placeholder())
                .value_parser(Words(setting.kind.words()))
                .hide_possible_values(true)
                .help(help(setting))
                .help_heading(table.map(|table| table.heading))
                .hide(hidden);
            if !matches!(setting.kind, Kind::Bool) {
                return command.arg(flag.allow_hyphen_values(true));
            }
            let negated = Arg::new(negated_id(setting))
                .long(format!("no-{}", setting.flag()))
                .action(ArgAction::Count)
                .help(format!("The same as --{}=false", setting.flag()))
                .hide(true);
            let flag = flag
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true");
            command.arg(flag).arg(negated)
        })
}

/// Takes any text, but offers these words to completions.
#[derive(Clone)]
struct Words(&'static [&'static str]);

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words = self.0.iter().map(|word| PossibleValue::new(*word));
        (!self.0.is_empty()).then(|| Box::new(words) as Box<_>)
    }
}

/// The id of the `--no-` form of a switch.
fn negated_id(setting: &Setting) -> String {
    format!("no-{}", setting.path())
}

/// One line of help, with what the value may be and its default.
fn help(setting: &Setting) -> String {
    let bounds = setting
        .kind
        .bounds()
        .map(|bounds| format!(" [{bounds}]"))
        .unwrap_or_default();
    let repeatable = if setting.kind.is_list() {
        " [repeatable]"
    } else {
        ""
    };
    let default = match setting.default {
        [] => "none".to_owned(),
        items => items.join(", "),
    };
    format!("{}{bounds}{repeatable} [default: {default}]", setting.help)
}

impl FlagValues {
    /// What was given on every level of subcommands, each of which takes the flags of
    /// [`with_settings`]. What a deeper level says comes later, and so holds.
    pub fn of<S: Settings>(mut matches: &ArgMatches) -> Self {
        let mut values = Self::default();
        values.add::<S>(matches);
        while let Some((_, deeper)) = matches.subcommand() {
            matches = deeper;
            values.add::<S>(matches);
        }
        values
    }

    fn add<S: Settings>(&mut self, matches: &ArgMatches) {
        if let Some(file) = matches.get_one::<PathBuf>(CONFIG_FILE) {
            self.config_file = Some(file.clone());
        }
        for setting in S::SETTINGS {
            let values = flag_values(matches, setting);
            if !values.is_empty() {
                let all = self.settings.entry(setting.path()).or_default();
                all.extend(values);
            }
        }
    }
}

/// The values given for one setting, the one that holds last. The items of a list are one value.
fn flag_values(matches: &ArgMatches, setting: &Setting) -> Vec<Vec<String>> {
    let id = setting.path();
    let items = matches.get_many::<String>(&id).into_iter().flatten();
    let items: Vec<String> = items.cloned().collect();
    if setting.kind.is_list() {
        return Vec::from_iter((!items.is_empty()).then_some(items));
    }
    let mut values: Vec<Vec<String>> = items.into_iter().map(|item| vec![item]).collect();
    if matches!(setting.kind, Kind::Bool) && negated_last(matches, setting) {
        values.push(vec!["false".to_owned()]);
    }
    values
}

/// Whether the `--no-` form of a switch was given, and not the switch after it.
fn negated_last(matches: &ArgMatches, setting: &Setting) -> bool {
    let last = |id: &str| matches.indices_of(id).and_then(Iterator::last);
    let negated = negated_id(setting);
    // A counting flag has a default and so an index even when nobody gave it.
    matches.get_count(&negated) > 0 && last(&negated) > last(&setting.path())
}

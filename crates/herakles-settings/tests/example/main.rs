//! A small program's settings, from the table to what holds.

use std::ffi::OsString;
use std::fs;
use std::num::NonZeroUsize;
use std::time::Duration;

use herakles_settings::{
    ConfigError, Environment, FlagValues, Kind, Program, Settings, Sources, Syntax, quoted,
    settings, words,
};

#[cfg(feature = "clap")]
mod command_line;
mod layers;
mod messages;

static COLOURS: Syntax = Syntax {
    expected: "a list of colours such as red",
    placeholder: "COLOUR",
    read: |text| match text {
        "red" | "blue" => Ok(text.to_owned()),
        "Red" => Ok("red".to_owned()),
        _ => Err(format!("{} is no colour", quoted(text))),
    },
    at_least: Some("one colour, such as red"),
};

settings! {
    /// All settings.
    Config of Program {
        name: "example",
        noun: "the example",
        prefix: "EXAMPLE",
        default_file: "/nonexistent/example.toml",
        elsewhere: &[("people", "people cannot stand here: write them into people.toml")],
        contradictions: |config| {
            let idle = config.ask.workers.is_none() && config.ask.again;
            idle.then(|| "nobody asks, so nobody asks again".to_owned())
                .into_iter()
                .collect()
        },
    };

    /// `--root.*`: what no file can set.
    root: Root, "Root" {
        /// Where everything is
        folder: String = Kind::Path, ["/srv"], restart(), not_in_file();
    }

    /// `[ask]`: what is asked of others.
    ask: Ask, "Asking" {
        /// Time an answer may take
        timeout: Duration = Kind::seconds(1, 60), ["30s"];
        /// Ask again where there was no answer
        again: bool = Kind::Bool, ["true"];
        /// Who asks at once
        workers: Option<NonZeroUsize> = Kind::integer_or_zero(1, 9, "nobody"), ["2"], restart();
    }

    /// `[paint]`: how answers look.
    paint: Paint, "Painting" {
        /// Colours to use
        colours: Vec<String> = Kind::Texts(&COLOURS), ["red"], flag_name("paint.colour");
        /// Which side is up
        side: Side = Kind::choice::<Config, Side>(), ["heads"];
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Heads,
    Tails,
}

words! {
    for Config;
    Side { "heads" => Self::Heads, "tails" => Self::Tails }
}

fn variables(all: &[(&str, &str)]) -> Environment {
    let all = all.iter();
    all.map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect()
}

fn flags(all: &[(&str, &[&str])]) -> FlagValues {
    let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    FlagValues {
        settings: all
            .iter()
            .map(|(path, items)| ((*path).to_owned(), vec![owned(items)]))
            .collect(),
        ..FlagValues::default()
    }
}

fn sources(environment: &[(&str, &str)], given: &[(&str, &[&str])]) -> Sources<Config> {
    Sources::new(flags(given), variables(environment))
}

/// What is wrong with a file, if anything is.
fn sentences(text: &str) -> Vec<String> {
    let loaded = sources(&[], &[]).load_text("FILE".into(), text);
    loaded
        .err()
        .map_or_else(Vec::new, |error| error.sentences())
}

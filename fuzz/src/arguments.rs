//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use herakles_fuzz::{TARGETS, Target};

/// What is to be done.
pub(crate) struct Arguments {
    pub(crate) targets: Vec<Target>,
    pub(crate) mode: Mode,
}

pub(crate) enum Mode {
    Mutate { executions: u64, seed: u64 },
    TimeBound,
    Replay(Vec<PathBuf>),
}

impl Arguments {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
        let mut targets = Vec::new();
        let mut files = Vec::new();
        let (mut executions, mut seed, mut is_time_bound) = (1000, 0, false);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--target" => targets.push(target(&value()?)?),
                "--executions" => executions = number(&value()?)?,
                "--seed" => seed = number(&value()?)?,
                "--time-bound" => is_time_bound = true,
                option if option.starts_with('-') => {
                    return Err(format!(
                        "unknown option {option}; there are --target, --executions, --seed and \
                         --time-bound"
                    ));
                }
                file => files.push(PathBuf::from(file)),
            }
        }
        if !files.is_empty() && targets.len() != 1 {
            return Err("name the one --target that the files are for".to_owned());
        }
        if targets.is_empty() {
            targets.extend(TARGETS);
        }
        let mode = if is_time_bound {
            Mode::TimeBound
        } else if files.is_empty() {
            Mode::Mutate { executions, seed }
        } else {
            Mode::Replay(files)
        };
        Ok(Self { targets, mode })
    }
}

fn target(name: &str) -> Result<Target, String> {
    let found = TARGETS.into_iter().find(|target| target.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        format!("no target is named {name}; there are {}", names.join(", "))
    })
}

fn number(text: &str) -> Result<u64, String> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    plain
        .parse()
        .map_err(|_| format!("{text} is no whole number"))
}

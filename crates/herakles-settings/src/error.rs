//! What can be wrong with a configuration, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::invalid::Invalid;
use crate::names::{did_you_mean, quoted};
use crate::setting::Setting;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file could not be read.
    #[error("cannot read {what} {}: {source}; {remedy}", quoted(&path.to_string_lossy()))]
    Read {
        /// What it should hold: `the configuration file`.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: io::Error,
        /// What to do about it.
        remedy: String,
    },
    /// Something in it is wrong.
    #[error(transparent)]
    Invalid(#[from] Problems),
    /// Kinds, defaults and types of the settings disagree: a mistake of the program.
    #[error("the settings table contradicts itself: {0}; please report this")]
    Table(String),
}

impl ConfigError {
    /// One sentence for each thing that is wrong, the first first.
    pub fn sentences(&self) -> Vec<String> {
        match self {
            Self::Invalid(problems) => problems.0.iter().map(Problem::to_string).collect(),
            other => vec![other.to_string()],
        }
    }
}

/// Everything that is wrong, at least one thing. `Display` is one sentence: the first, and how
/// many more there are.
#[derive(Debug)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Err` if there is a problem.
    pub(crate) fn none(found: Vec<Problem>) -> Result<(), Self> {
        if found.is_empty() {
            Ok(())
        } else {
            Err(Self(found))
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.0.first() {
            first.fmt(f)?;
        }
        match self.0.len() {
            0 | 1 => Ok(()),
            2 => f.write_str(" (and one more problem)"),
            several => write!(f, " (and {} more problems)", several - 1),
        }
    }
}

impl std::error::Error for Problems {}

/// One thing that is wrong, and where.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{at}: {kind}")]
pub struct Problem {
    /// Where it is.
    pub at: Place,
    /// What it is.
    pub kind: ProblemKind,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// The configuration file.
    File {
        /// Which one.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// The name of the variable.
    Variable(String),
    /// The flag without its dashes.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// What is wrong.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file is no TOML.
    #[error("{0}")]
    Syntax(String),
    /// A table of another name.
    #[error("unknown table [{name}]{}", did_you_mean(.nearest.as_deref()))]
    UnknownTable {
        /// As it stands there.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A key of another name.
    #[error("unknown key {} in [{table}]{}", quoted(.name), did_you_mean(.nearest.as_deref()))]
    UnknownKey {
        /// The table it stands in.
        table: &'static str,
        /// As it stands there.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A key before all tables.
    #[error("unknown key {} outside a table{}", quoted(.name), did_you_mean(.nearest.as_deref()))]
    KeyOutsideTable {
        /// As it stands there.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A table that belongs elsewhere, by [`Program::elsewhere`](crate::Program::elsewhere).
    #[error("{0}")]
    Elsewhere(&'static str),
    /// A table's name with a value.
    #[error("`{0}` must be a table: write [{0}]")]
    NotATable(&'static str),
    /// What only flag and variable set.
    #[error("`{}` cannot stand in a file: use --{} or {}", .0.path(), .0.flag(), .0.variable())]
    NotInFile(&'static Setting),
    /// A value in a file.
    #[error("`{path}`: {reason}")]
    Invalid {
        /// Of which setting, by [`Setting::path`].
        path: String,
        /// What is wrong with it.
        reason: Invalid,
    },
    /// A value from a place that names the setting.
    #[error("{0}")]
    Value(Invalid),
    /// An environment variable with bytes that are no UTF-8.
    #[error("the value is not valid UTF-8")]
    NotUnicode,
}

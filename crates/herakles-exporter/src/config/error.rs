//! What can be wrong with a configuration, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

use herakles_settings::{Invalid, Setting, did_you_mean, quoted};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigError {
    /// A file could not be read.
    #[error("cannot read {what} {}: {source}; {remedy}", quoted(&path.to_string_lossy()))]
    Read {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
        remedy: &'static str,
    },
    /// Something in it is wrong.
    #[error(transparent)]
    Invalid(#[from] Problems),
    /// The settings table and the types of the configuration disagree: a mistake of the program.
    #[error("the settings table contradicts itself: {0}; please report this")]
    Table(String),
}

impl ConfigError {
    /// One sentence for each thing that is wrong, the first first.
    pub(crate) fn sentences(&self) -> Vec<String> {
        match self {
            Self::Invalid(problems) => problems.0.iter().map(Problem::to_string).collect(),
            other => vec![other.to_string()],
        }
    }
}

/// Everything that is wrong, at least one thing. `Display` is one sentence: the first, and how
/// many more there are.
#[derive(Debug)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// `Err` if there is a problem.
    pub(super) fn none(found: Vec<Problem>) -> Result<(), Self> {
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
pub(crate) struct Problem {
    pub(crate) at: Place,
    pub(crate) kind: ProblemKind,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// Line and column count from 1, the column in characters.
    File {
        path: PathBuf,
        line: usize,
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
pub(crate) enum ProblemKind {
    /// The file is no TOML.
    #[error("{0}")]
    Syntax(String),
    #[error("unknown table [{name}]{}", did_you_mean(.nearest.as_deref()))]
    UnknownTable {
        name: String,
        nearest: Option<String>,
    },
    #[error("unknown key {} in [{table}]{}", quoted(.name), did_you_mean(.nearest.as_deref()))]
    UnknownKey {
        table: &'static str,
        name: String,
        nearest: Option<String>,
    },
    #[error("unknown key {} outside a table{}", quoted(.name), did_you_mean(.nearest.as_deref()))]
    KeyOutsideTable {
        name: String,
        nearest: Option<String>,
    },
    #[error("rules cannot stand here: write [[{0}]] into a file that classification.rules names")]
    RulesInConfig(&'static str),
    #[error("`{0}` must be a table: write [{0}]")]
    NotATable(&'static str),
    #[error("`{}` cannot stand in a file: use --{} or {}", .0.path(), .0.flag(), .0.variable())]
    NotInFile(&'static Setting),
    /// A value in a file.
    #[error("`{path}`: {reason}")]
    Invalid { path: String, reason: Invalid },
    /// A value from a place that names the setting.
    #[error("{0}")]
    Value(Invalid),
    /// An environment variable with bytes that are no UTF-8.
    #[error("the value is not valid UTF-8")]
    NotUnicode,
}

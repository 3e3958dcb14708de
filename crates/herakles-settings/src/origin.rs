//! Where the value of a setting comes from.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

/// Where an effective value comes from.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Origin {
    /// Nothing sets it.
    Default,
    /// The configuration file.
    File {
        /// Which one.
        path: PathBuf,
        /// The line of the key, from 1.
        line: usize,
    },
    /// A variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// The command line.
    Flag {
        /// Its name without the leading dashes.
        flag: String,
    },
}

impl fmt::Display for Origin {
    /// One line, whatever the path holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => {
                for c in path.to_string_lossy().chars() {
                    if c.is_control() {
                        write!(f, "{}", c.escape_default())?
                    } else {
                        f.write_char(c)?
                    }
                }
                write!(f, ":{line}")
            }
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { flag } => write!(f, "--{flag}"),
        }
    }
}

//! Why there is no web configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_saphyr::Location;

/// What is wrong with a web configuration file, and where: `FILE:LINE:COLUMN: what, what to do`.
///
/// It never holds a secret of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebConfigError {
    file: PathBuf,
    position: Option<(u64, u64)>,
    message: String,
}

impl WebConfigError {
    pub(super) fn whole(file: &Path, message: String) -> Self {
        Self {
            file: file.to_owned(),
            position: None,
            message: printable(&message),
        }
    }

    /// The web configuration file, not one that it names.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Line and column, both from 1, if the fault has a place.
    #[must_use]
    pub const fn position(&self) -> Option<(u64, u64)> {
        self.position
    }
}

impl fmt::Display for WebConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file.to_string_lossy()))?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for WebConfigError {}

/// A fault of a text whose file is said later.
#[derive(Debug)]
pub(super) struct Problem {
    at: Option<Location>,
    message: String,
}

impl Problem {
    pub(super) fn at(at: Location, message: impl Into<String>) -> Self {
        Self {
            at: Some(at),
            message: message.into(),
        }
    }

    pub(super) fn somewhere(at: Option<Location>, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    pub(super) fn of_file(self, file: &Path) -> WebConfigError {
        WebConfigError {
            file: file.to_owned(),
            position: self.at.map(|at| (at.line(), at.column())),
            message: printable(&self.message),
        }
    }
}

/// A sentence that quotes the file, in one line and without what moves a terminal's cursor.
pub(super) fn printable(sentence: &str) -> String {
    let mut shown = String::with_capacity(sentence.len());
    for character in sentence.chars() {
        if character.is_control()
            || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

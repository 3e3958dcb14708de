//! Why an experiment ended without a result: a sentence for the person at the terminal.

use std::fmt;

/// Why an experiment stopped.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure that says `sentence`.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

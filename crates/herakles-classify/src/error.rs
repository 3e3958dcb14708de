//! What can be wrong with a rule file.

use std::sync::Arc;

/// Why a rule file was refused: one sentence, and the place to go and look.
///
/// Displays as `FILE:LINE:COLUMN: MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}:{line}:{column}: {message}")]
pub struct RuleError {
    /// What is wrong, for programs.
    pub kind: RuleErrorKind,
    /// The name of the text as given to [`Rules::parse`](crate::Rules::parse), usually a path.
    pub origin: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong and what to do, for people.
    pub message: String,
}

/// The kinds of mistake a rule file can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleErrorKind {
    /// The text is not TOML.
    Syntax,
    /// A key that no rule has.
    UnknownKey,
    /// A rule without `group` or `subgroup`.
    MissingKey,
    /// A value of another type than its key takes, or out of its range.
    BadValue,
    /// A rule without a single pattern, which could never match.
    EmptyRule,
    /// A pattern or name of no characters.
    EmptyPattern,
    /// A glob that cannot be read.
    BadGlob,
    /// A regular expression that cannot be read or is too big.
    BadRegex,
    /// A template in `group` or `subgroup` that cannot be read or names no known variable.
    BadTemplate,
}

//! Why a line was refused.

/// Why a line of `stat` or `statm`, or the file `io`, was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Byte offset in the input at which it was noticed.
    pub offset: usize,
}

/// What is wrong with a line. Fields are numbered from 1, as in `proc_pid_stat(5)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// There is nothing to parse.
    #[error("the input is empty")]
    Empty,
    /// The name (field 2) is not enclosed in parentheses.
    #[error("no name in parentheses")]
    NoComm,
    /// The line ends before this field, or inside it.
    #[error("field {0} is missing or cut off")]
    Missing(u8),
    /// The field holds something that is no decimal number.
    #[error("field {0} is not a number")]
    NotANumber(u8),
    /// The field holds a number that does not fit its type.
    #[error("field {0} is out of range")]
    OutOfRange(u8),
    /// There is no line of this name, or it holds no number.
    #[error("no number of `{0}`")]
    NoNumber(&'static str),
    /// The state (field 3) is not a single letter.
    #[error("the state is not a letter")]
    BadState,
}

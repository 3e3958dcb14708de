//! Why a memory file was refused.

use crate::Key;

/// Why a memory file was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Byte offset in the file of the line at fault, or of the end of what was read.
    pub offset: usize,
}

/// What is wrong with a memory file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// There is nothing to parse: the process has no memory (kernel thread, zombie), or its
    /// image changed under the reader.
    #[error("the file is empty")]
    Empty,
    /// A line that every kernel writes is not there; the file may be cut off.
    #[error("no line {0}")]
    Missing(Key),
    /// A line that stands once stands twice.
    #[error("a second line {0}")]
    Duplicate(Key),
    /// A line does not hold a number of kB, or is cut off.
    #[error("{0} is not a number of kB")]
    NotANumber(Key),
    /// A value, or the sum of values, does not fit in 64 bits of bytes.
    #[error("{0} is out of range")]
    OutOfRange(Key),
}

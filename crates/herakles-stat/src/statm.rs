//! `/proc/<pid>/statm`: the pages that a process maps and has resident.

use crate::fields::Fields;
use crate::{ParseError, ParseErrorKind};

/// The part of `/proc/<pid>/statm` that is exact and cheap (`fs/proc/array.c`, `proc_pid_statm`).
///
/// All zero for kernel threads and zombies, which have no memory of their own. A count that the
/// kernel lets fall below 0, and prints as a signed number or as nearly 2^64, is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statm {
    /// `size` (field 1): virtual size in pages.
    pub size_pages: u64,
    /// `resident` (field 2): resident set in pages, shared ones counted in full.
    pub resident_pages: u64,
    /// `shared` (field 3): resident pages of files and shared memory.
    pub shared_pages: u64,
}

impl Statm {
    /// Parses the line, with or without its newline, without allocating.
    ///
    /// ```
    /// use herakles_stat::Statm;
    /// assert_eq!(Statm::parse(b"765 441 412 5 0 123 0\n")?.resident_pages, 441);
    /// # Ok::<(), herakles_stat::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// A line that is empty, ends in or before the third field, or holds no number there.
    pub fn parse(line: &[u8]) -> Result<Self, ParseError> {
        if line.is_empty() {
            return Err(ParseError {
                kind: ParseErrorKind::Empty,
                offset: 0,
            });
        }
        let mut fields = Fields::new(line, 0, 1);
        Ok(Self {
            size_pages: fields.number()?,
            resident_pages: fields.signed_number()?,
            shared_pages: fields.signed_number()?,
        })
    }
}

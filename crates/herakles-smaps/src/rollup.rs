//! The sums that the kernel makes.

use crate::key::Entry;
use crate::line::each_entry;
use crate::tally::Tally;
use crate::{MemoryUsage, ParseError, ParseErrorKind};

/// Parses a whole `/proc/<pid>/smaps_rollup` (since Linux 4.14), without allocating.
///
/// Lines may come in any order; unknown ones are passed over.
///
/// # Errors
/// A file that is empty, lacks a line that every kernel writes (as one that was cut off does),
/// has a line twice (as a whole `smaps` does), or holds no number of kB where one belongs.
pub fn parse_rollup(file: &[u8]) -> Result<MemoryUsage, ParseError> {
    if file.is_empty() {
        return Err(ParseError {
            kind: ParseErrorKind::Empty,
            offset: 0,
        });
    }
    let mut tally = Tally::default();
    each_entry(file, 0, |entry| match entry {
        Entry::Value(key, bytes) => tally.add(key, bytes),
        Entry::Mapping => Ok(()),
    })?;
    tally.complete().map_err(|kind| ParseError {
        kind,
        offset: file.len(),
    })
}

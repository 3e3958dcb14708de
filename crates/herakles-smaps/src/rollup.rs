use memchr::memchr;

use crate::line::{Line, bytes};
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
    let mut offset = 0;
    while let Some(rest) = file.get(offset..).filter(|rest| !rest.is_empty()) {
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        if let Line::Value(key, value) = Line::parse(rest.get(..length).unwrap_or(rest)) {
            let at = |kind| ParseError { kind, offset };
            if tally.seen(key) {
                return Err(at(ParseErrorKind::Duplicate(key)));
            }
            let bytes = bytes(key, value).map_err(at)?;
            tally.add(key, bytes).map_err(at)?;
        }
        offset += length + 1;
    }
    tally.complete().map_err(|kind| ParseError {
        kind,
        offset: file.len(),
    })
}

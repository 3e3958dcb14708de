//! The same sums, made from the mappings.

use memchr::{memchr, memrchr};

use crate::key::Entry;
use crate::line::{LONGEST_LINE, each_entry};
use crate::tally::Tally;
use crate::{MemoryUsage, ParseError, ParseErrorKind};

/// Longest part of a line that is kept between two pieces: more than a line with a value has, so
/// that one which was cut is as wrong as the whole. Longer ones (paths, flags) do not matter.
const CARRY: usize = 64;
const _: () = assert!(CARRY > LONGEST_LINE);

/// Sums `/proc/<pid>/smaps` as it comes in pieces, without allocating.
///
/// The result is what `smaps_rollup` says, but for two things: `smaps` has no `Pss_Anon`,
/// `Pss_File` and `Pss_Shmem`, and since the kernel rounds the `Pss` and `SwapPss` of each
/// mapping down to kB, these sums may be up to 1 kB per mapping lower.
///
/// ```
/// use herakles_smaps::SmapsSum;
///
/// let mut sum = SmapsSum::new();
/// // A piece may end anywhere, as read(2) pleases.
/// for piece in [
///     &b"5000-6000 r--p 0 fe:00 7 /bin/sh\nRss:         8 kB\nPss:         4 kB\nShared_Cl"[..],
///     b"ean:  8 kB\nShared_Dirty:  0 kB\nPrivate_Clean:  0 kB\nPrivate_Dirty:  0 kB\n",
///     b"Swap:  0 kB\nVmFlags: rd mr mw me\n",
/// ] {
///     sum.feed(piece)?;
/// }
/// let usage = sum.finish()?;
/// assert_eq!((usage.rss_bytes, usage.pss_bytes), (8192, 4096));
/// # Ok::<(), herakles_smaps::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SmapsSum {
    tally: Tally,
    /// Whether a mapping has begun.
    in_mapping: bool,
    /// Bytes taken in so far.
    offset: usize,
    /// The beginning of a line whose end has not come yet.
    carry: [u8; CARRY],
    /// Bytes of that line so far, those beyond `carry` included.
    carried: usize,
}

impl Default for SmapsSum {
    fn default() -> Self {
        Self::new()
    }
}

impl SmapsSum {
    /// A sum of nothing yet.
    pub fn new() -> Self {
        Self {
            tally: Tally::default(),
            in_mapping: false,
            offset: 0,
            carry: [0; CARRY],
            carried: 0,
        }
    }

    /// Takes in the next piece of the file.
    ///
    /// # Errors
    /// A line that should hold a number of kB and does not, or a mapping that lacks a line which
    /// every kernel writes. The sum is of no use afterwards.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), ParseError> {
        let mut piece = piece;
        if self.carried > 0 {
            let Some((end, behind)) = split_behind(piece, memchr(b'\n', piece)) else {
                self.keep(piece);
                return Ok(());
            };
            self.keep(end);
            self.take_carried()?;
            piece = behind;
        }
        if let Some((lines, behind)) = split_behind(piece, memrchr(b'\n', piece)) {
            self.take(lines, self.offset)?;
            self.offset += lines.len();
            piece = behind;
        }
        self.keep(piece);
        Ok(())
    }

    /// The sums, once the whole file was fed.
    ///
    /// # Errors
    /// No bytes at all, which is what a kernel thread, a zombie and a process that exec'd under
    /// the reader give; or a file that was cut off.
    pub fn finish(mut self) -> Result<MemoryUsage, ParseError> {
        if self.offset == 0 {
            return Err(ParseError {
                kind: ParseErrorKind::Empty,
                offset: 0,
            });
        }
        if self.carried > 0 {
            self.take_carried()?;
        }
        self.tally.complete().map_err(|kind| ParseError {
            kind,
            offset: self.offset,
        })
    }

    /// Puts the beginning of a line aside until its end comes.
    fn keep(&mut self, part: &[u8]) {
        for (slot, &byte) in self.carry.iter_mut().skip(self.carried).zip(part) {
            *slot = byte;
        }
        self.carried += part.len();
        self.offset += part.len();
    }

    fn take_carried(&mut self) -> Result<(), ParseError> {
        let carry = self.carry;
        let line = carry.get(..self.carried).unwrap_or(&carry);
        let start = self.offset - self.carried;
        self.carried = 0;
        self.take(line, start)
    }

    fn take(&mut self, lines: &[u8], offset: usize) -> Result<(), ParseError> {
        each_entry(lines, offset, |entry| match entry {
            Entry::Value(key, bytes) => self.tally.add(key, bytes),
            Entry::Mapping if self.in_mapping => self.tally.close_mapping(),
            Entry::Mapping => {
                self.in_mapping = true;
                Ok(())
            }
        })
    }
}

/// Splits behind the byte at `last`, if there is one.
fn split_behind(piece: &[u8], last: Option<usize>) -> Option<(&[u8], &[u8])> {
    piece.split_at_checked(last? + 1)
}

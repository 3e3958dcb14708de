//! Lines as the kernel lays them out, recognised at a glance: a rollup costs 2.6 times as much without
//! (`cargo bench -p herakles-benches --bench parse -- ratios`).

use std::slice;

use crate::key::{Entry, Key};

/// Bytes of a line whose number has at most eight digits, as all have up to 95 GiB:
/// `Rss:                1704 kB\n`.
const WIDTH: usize = 28;

/// A key and its colon, with spaces up to the columns of the number.
type Title = [u8; 16];

/// The lines of a mapping in the kernel's order, `None` for those that do not matter. No kernel
/// has them all; to name one that is missing here would save time, no more.
static ORDER: [(Title, Option<Key>); 25] = [
    (title("Size:"), None),
    (title("KernelPageSize:"), None),
    (title("MMUPageSize:"), None),
    (title("Rss:"), Some(Key::Rss)),
    (title("Pss:"), Some(Key::Pss)),
    (title("Pss_Dirty:"), None),
    (title("Pss_Anon:"), Some(Key::PssAnon)),
    (title("Pss_File:"), Some(Key::PssFile)),
    (title("Pss_Shmem:"), Some(Key::PssShmem)),
    (title("Shared_Clean:"), Some(Key::SharedClean)),
    (title("Shared_Dirty:"), Some(Key::SharedDirty)),
    (title("Private_Clean:"), Some(Key::PrivateClean)),
    (title("Private_Dirty:"), Some(Key::PrivateDirty)),
    (title("Referenced:"), None),
    (title("Anonymous:"), None),
    (title("KSM:"), None),
    (title("LazyFree:"), None),
    (title("AnonHugePages:"), None),
    (title("ShmemPmdMapped:"), None),
    (title("FilePmdMapped:"), None),
    (title("Shared_Hugetlb:"), None),
    (title("Private_Hugetlb:"), Some(Key::PrivateHugetlb)),
    (title("Swap:"), Some(Key::Swap)),
    (title("SwapPss:"), Some(Key::SwapPss)),
    (title("Locked:"), None),
];

const fn title(text: &str) -> Title {
    let mut columns = [b' '; 16];
    let (start, _) = columns.split_at_mut(text.len());
    start.copy_from_slice(text.as_bytes());
    columns
}

/// The lines still to come in a mapping, if the kernel keeps its order: one comparison settles
/// what the next line is.
pub(crate) struct Expected(slice::Iter<'static, (Title, Option<Key>)>);

impl Expected {
    /// All lines.
    pub(crate) fn all() -> Self {
        Self(ORDER.iter())
    }

    /// What the first line of `text` brings, and the text behind it. `None` if the line is not an
    /// expected one in its columns; it may mean something all the same.
    #[inline]
    pub(crate) fn entry<'a>(&mut self, text: &'a [u8]) -> Option<(Option<Entry>, &'a [u8])> {
        let (line, behind) = text.split_first_chunk::<WIDTH>()?;
        let (title, value) = line.split_first_chunk()?;
        let (number, b" kB\n") = value.split_first_chunk()? else {
            return None;
        };
        let mut expected = self.0.clone();
        let entry = match expected.find(|(expected, _)| expected == title)?.1 {
            Some(key) => Some(Entry::Value(key, 1024 * aligned_right(*number)?)),
            None if holds_newline(number) => return None,
            None => None,
        };
        self.0 = expected;
        Some((entry, behind))
    }
}

/// A loop without a way out, so that all bytes are compared at once.
#[inline]
fn holds_newline(columns: &[u8; 8]) -> bool {
    columns
        .iter()
        .fold(false, |found, &byte| found | (byte == b'\n'))
}

/// The number that ends in the last column, with spaces before it: all digits at once.
#[inline]
fn aligned_right(columns: [u8; 8]) -> Option<u64> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // The first column is the lowest byte.
    let text = u64::from_le_bytes(columns);
    let spaces = (text ^ (EACH * u64::from(b' '))).trailing_zeros() / 8;
    // Eight spaces are no number, and a shift by all bits.
    let number = u64::MAX.checked_shl(spaces * 8)?;
    let digits = (text ^ (EACH * u64::from(b'0'))) & number;
    let above_nine = digits | digits.wrapping_add(EACH * (0x7f - 9));
    if above_nine & (EACH * 0x80) != 0 {
        return None;
    }
    // Neighbours are joined to numbers below 100, then 10,000, then 100,000,000.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests;

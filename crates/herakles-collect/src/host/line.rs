//! Lines of host files, each read on its own.

/// Why a line gives no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OddLine;

/// The lines of a file, without what is no text.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
}

/// A count that the kernel prints as unsigned. One that is negative, or that has passed below 0 in
/// the kernel and shows near 2^64, is no count.
pub(super) fn count(text: &str) -> Result<u64, OddLine> {
    const MOST: u64 = i64::MAX as u64;
    let count = text.parse().map_err(|_| OddLine)?;
    if count > MOST {
        Err(OddLine)
    } else {
        Ok(count)
    }
}

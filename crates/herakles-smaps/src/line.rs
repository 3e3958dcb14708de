//! What a text says line by line.

use memchr::memchr;

use crate::columns::Expected;
use crate::key::{Entry, Key};
use crate::{ParseError, ParseErrorKind};

/// Hands over what the lines of `text` bring, in their order. `text` begins `offset` bytes into
/// the file, with a line's first byte.
pub(crate) fn each_entry(
    text: &[u8],
    offset: usize,
    mut each: impl FnMut(Entry) -> Result<(), ParseErrorKind>,
) -> Result<(), ParseError> {
    let mut expected = Expected::all();
    let mut rest = text;
    while !rest.is_empty() {
        let offset = offset + (text.len() - rest.len());
        let at = |kind| ParseError { kind, offset };
        let (entry, behind) = match expected.entry(rest) {
            Some(found) => found,
            None => any_line(rest).map_err(at)?,
        };
        if let Some(entry) = entry {
            if entry == Entry::Mapping {
                expected = Expected::all();
            }
            each(entry).map_err(at)?;
        }
        rest = behind;
    }
    Ok(())
}

/// What the first line of `text` brings, whatever its columns, and the text behind it.
pub(crate) fn any_line(text: &[u8]) -> Result<(Option<Entry>, &[u8]), ParseErrorKind> {
    let (entry, end) = match Line::at_start_of(text) {
        Line::Value(key, value) => {
            let (bytes, end) = bytes(key, value)?;
            (Some(Entry::Value(key, bytes)), end)
        }
        Line::Mapping => (Some(Entry::Mapping), line_end(text)),
        Line::Other => (None, line_end(text)),
    };
    Ok((entry, end.get(1..).unwrap_or_default()))
}

/// The text from the end of its first line on.
fn line_end(text: &[u8]) -> &[u8] {
    memchr(b'\n', text)
        .and_then(|end| text.get(end..))
        .unwrap_or_default()
}

/// What the first bytes of a line say about it.
enum Line<'a> {
    /// `562a502c0000-… r--p …`: a mapping begins. Keys start with a capital, addresses never do.
    Mapping,
    /// A line that matters, with all that follows the colon, also beyond the line's end.
    Value(Key, &'a [u8]),
    /// Any other line; new kernels add some.
    Other,
}

impl<'a> Line<'a> {
    /// The kind of the line that `text` begins with.
    #[inline]
    fn at_start_of(text: &'a [u8]) -> Self {
        let (key, rest) = match text {
            [b'R', b's', rest @ ..] => (Key::Rss, rest.strip_prefix(b"s:")),
            [b'P', b's', b's', b':', rest @ ..] => (Key::Pss, Some(rest)),
            [b'P', b's', b's', b'_', rest @ ..] => return Self::pss_part(rest),
            [b'P', b'r', rest @ ..] => return Self::private(rest),
            [b'S', b'h', rest @ ..] => return Self::shared(rest),
            [b'S', b'w', b'a', b'p', b':', rest @ ..] => (Key::Swap, Some(rest)),
            [b'S', b'w', rest @ ..] => (Key::SwapPss, rest.strip_prefix(b"apPss:")),
            [b'0'..=b'9' | b'a'..=b'f', ..] => return Self::Mapping,
            _ => return Self::Other,
        };
        Self::value(key, rest)
    }

    fn pss_part(rest: &'a [u8]) -> Self {
        match rest {
            [b'A', rest @ ..] => Self::value(Key::PssAnon, rest.strip_prefix(b"non:")),
            [b'F', rest @ ..] => Self::value(Key::PssFile, rest.strip_prefix(b"ile:")),
            [b'S', rest @ ..] => Self::value(Key::PssShmem, rest.strip_prefix(b"hmem:")),
            _ => Self::Other,
        }
    }

    fn private(rest: &'a [u8]) -> Self {
        match rest.strip_prefix(b"ivate_") {
            Some([b'C', rest @ ..]) => Self::value(Key::PrivateClean, rest.strip_prefix(b"lean:")),
            Some([b'D', rest @ ..]) => Self::value(Key::PrivateDirty, rest.strip_prefix(b"irty:")),
            Some([b'H', rest @ ..]) => {
                Self::value(Key::PrivateHugetlb, rest.strip_prefix(b"ugetlb:"))
            }
            _ => Self::Other,
        }
    }

    fn shared(rest: &'a [u8]) -> Self {
        match rest.strip_prefix(b"ared_") {
            Some([b'C', rest @ ..]) => Self::value(Key::SharedClean, rest.strip_prefix(b"lean:")),
            Some([b'D', rest @ ..]) => Self::value(Key::SharedDirty, rest.strip_prefix(b"irty:")),
            _ => Self::Other,
        }
    }

    fn value(key: Key, rest: Option<&'a [u8]>) -> Self {
        rest.map_or(Self::Other, |rest| Self::Value(key, rest))
    }
}

/// Most spaces and digits of a value: sixteen columns before the number as the kernel pads them,
/// twenty digits, and some to spare.
const LONGEST_VALUE: usize = 40;

/// The longest line with a value: the longest key, spaces and digits, the unit.
pub(crate) const LONGEST_LINE: usize = "Private_Hugetlb:".len() + LONGEST_VALUE + " kB".len();

/// The bytes of a value such as `     1704 kB`, and what follows it: nothing, or the end of the
/// line.
#[inline]
fn bytes(key: Key, text: &[u8]) -> Result<(u64, &[u8]), ParseErrorKind> {
    let digits = skip_spaces(text);
    let mut rest = digits;
    let mut kib: u64 = 0;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        kib = kib
            .checked_mul(10)
            .and_then(|kib| kib.checked_add(u64::from(digit - b'0')))
            .ok_or(ParseErrorKind::OutOfRange(key))?;
        rest = behind;
    }
    let is_number = rest.len() < digits.len() && text.len() - rest.len() <= LONGEST_VALUE;
    match rest {
        [b' ', b'k', b'B', behind @ ..] if is_number && matches!(behind, [] | [b'\n', ..]) => {
            let bytes = kib
                .checked_mul(1024)
                .ok_or(ParseErrorKind::OutOfRange(key))?;
            Ok((bytes, behind))
        }
        _ => Err(ParseErrorKind::NotANumber(key)),
    }
}

/// What follows the leading spaces.
fn skip_spaces(mut text: &[u8]) -> &[u8] {
    while let [b' ', behind @ ..] = text {
        text = behind;
    }
    text
}

use std::fmt;

use crate::ParseErrorKind;

/// The lines that matter, by the kernel's names (`__show_smap` in `fs/proc/task_mmu.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Key {
    /// `Rss`
    Rss,
    /// `Pss`
    Pss,
    /// `Pss_Anon`
    PssAnon,
    /// `Pss_File`
    PssFile,
    /// `Pss_Shmem`
    PssShmem,
    /// `Shared_Clean`
    SharedClean,
    /// `Shared_Dirty`
    SharedDirty,
    /// `Private_Clean`
    PrivateClean,
    /// `Private_Dirty`
    PrivateDirty,
    /// `Private_Hugetlb`
    PrivateHugetlb,
    /// `Swap`
    Swap,
    /// `SwapPss`
    SwapPss,
}

impl Key {
    /// What every kernel writes, with or without the file's newer lines.
    pub(crate) const REQUIRED: [Self; 7] = [
        Self::Rss,
        Self::Pss,
        Self::SharedClean,
        Self::SharedDirty,
        Self::PrivateClean,
        Self::PrivateDirty,
        Self::Swap,
    ];

    /// The name as the kernel writes it, without the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rss => "Rss",
            Self::Pss => "Pss",
            Self::PssAnon => "Pss_Anon",
            Self::PssFile => "Pss_File",
            Self::PssShmem => "Pss_Shmem",
            Self::SharedClean => "Shared_Clean",
            Self::SharedDirty => "Shared_Dirty",
            Self::PrivateClean => "Private_Clean",
            Self::PrivateDirty => "Private_Dirty",
            Self::PrivateHugetlb => "Private_Hugetlb",
            Self::Swap => "Swap",
            Self::SwapPss => "SwapPss",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One line, without its newline.
pub(crate) enum Line<'a> {
    /// `562a502c0000-… r--p …`: a mapping begins. Keys start with a capital, addresses never do.
    Mapping,
    /// A line that matters, with what follows the colon.
    Value(Key, &'a [u8]),
    /// Any other line; new kernels add some.
    Other,
}

impl<'a> Line<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Self {
        // Two bytes settle most lines: the price of a file is the price of what does not matter.
        let (key, rest) = match line {
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

/// The bytes of a value such as `     1704 kB`.
pub(crate) fn bytes(key: Key, value: &[u8]) -> Result<u64, ParseErrorKind> {
    let digits = value
        .strip_suffix(b" kB")
        .map(<[u8]>::trim_ascii_start)
        .filter(|digits| !digits.is_empty())
        .ok_or(ParseErrorKind::NotANumber(key))?;
    let mut kib: u64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(ParseErrorKind::NotANumber(key));
        }
        kib = kib
            .checked_mul(10)
            .and_then(|kib| kib.checked_add(u64::from(digit - b'0')))
            .ok_or(ParseErrorKind::OutOfRange(key))?;
    }
    kib.checked_mul(1024).ok_or(ParseErrorKind::OutOfRange(key))
}

//! `/proc/<pid>/io`: what a process had storage read and write.

use crate::{ParseError, ParseErrorKind};

/// Bytes that went between a process and storage (`/proc/<pid>/io`, `do_io_accounting` in
/// `fs/proc/base.c`): its own, those of its exited threads and of the children it waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoBytes {
    /// `read_bytes`: fetched from storage, so not what the page cache had.
    pub read: u64,
    /// `write_bytes`: sent to storage, or dirtied to be sent there later.
    pub write: u64,
}

impl IoBytes {
    /// Nothing read, nothing written.
    pub const ZERO: Self = Self { read: 0, write: 0 };

    /// Parses the file, whose other lines may be anything, without allocating.
    ///
    /// ```
    /// use herakles_stat::IoBytes;
    /// let io = IoBytes::parse(b"rchar: 3012\nread_bytes: 4096\nwrite_bytes: 0\n")?;
    /// assert_eq!(io, IoBytes { read: 4096, write: 0 });
    /// # Ok::<(), herakles_stat::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// A file without one of the two lines, or with something else than a number in one.
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        Ok(Self {
            read: number(file, "read_bytes")?,
            write: number(file, "write_bytes")?,
        })
    }
}

/// The number in the line of this name, which ends with the line.
fn number(file: &[u8], name: &'static str) -> Result<u64, ParseError> {
    let mut offset = 0;
    for line in file.split_inclusive(|&byte| byte == b'\n') {
        let value = line
            .strip_suffix(b"\n")
            .and_then(|line| line.strip_prefix(name.as_bytes()))
            .and_then(|rest| rest.strip_prefix(b": "));
        if let Some(value) = value {
            let value = std::str::from_utf8(value)
                .ok()
                .filter(|value| value.starts_with(|first: char| first.is_ascii_digit()));
            return value
                .and_then(|value| value.parse().ok())
                .ok_or(ParseError {
                    kind: ParseErrorKind::NoNumber(name),
                    offset: offset + name.len(),
                });
        }
        offset += line.len();
    }
    Err(ParseError {
        kind: ParseErrorKind::NoNumber(name),
        offset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_lines_are_found_among_the_others() {
        let file = b"rchar: 323934931\nwchar: 323929600\nsyscr: 632687\nsyscw: 632675\n\
            read_bytes: 18446744073709551615\nwrite_bytes: 323932160\ncancelled_write_bytes: 7\n";
        let io = IoBytes {
            read: u64::MAX,
            write: 323_932_160,
        };
        assert_eq!(IoBytes::parse(file), Ok(io));
    }

    #[test]
    fn what_is_cut_off_or_no_number_is_refused_where_it_stands() {
        for (file, name, offset) in [
            ("", "read_bytes", 0),
            ("read_bytes: 1\nwrite_bytes: 12", "write_bytes", 29),
            ("read_bytes: 1\nwrite_bytes: \n", "write_bytes", 25),
            ("rchar: 5\nread_bytes: +1\n", "read_bytes", 19),
            ("read_bytes: 18446744073709551616\n", "read_bytes", 10),
            (
                "read_bytes: 5\ncancelled_write_bytes: 5\n",
                "write_bytes",
                39,
            ),
        ] {
            let kind = ParseErrorKind::NoNumber(name);
            let refused = Err(ParseError { kind, offset });
            assert_eq!(IoBytes::parse(file.as_bytes()), refused, "{file:?}");
        }
    }
}

//! Buffers that grow to what a file needs and are used again.

use std::io::{self, Read};

/// A buffer that one worker reads file after file into.
///
/// It allocates when it is first used and when a file is bigger than any before; it grows no
/// further than the file's limit and never shrinks.
#[derive(Clone, Debug)]
pub struct ReadBuf {
    bytes: Vec<u8>,
    initial: usize,
}

/// Less is no use: `stat` alone has up to 400 bytes.
const SMALLEST: usize = 512;

impl ReadBuf {
    /// A buffer that begins with `initial` bytes (512 at least).
    pub const fn new(initial: usize) -> Self {
        let initial = if initial < SMALLEST {
            SMALLEST
        } else {
            initial
        };
        Self {
            bytes: Vec::new(),
            initial,
        }
    }

    /// Reads a small file: with one `read` if it is smaller than the buffer, as the kernel hands
    /// out such files whole; more than `limit` bytes are left unread.
    pub(crate) fn fill(&mut self, file: &mut impl Read, limit: usize) -> io::Result<&[u8]> {
        let mut filled = 0;
        loop {
            let end = self.bytes.len().max(self.initial).min(limit);
            if self.bytes.len() < end {
                self.bytes.resize(end, 0);
            }
            let free = self.bytes.get_mut(filled..end).unwrap_or_default();
            let wanted = free.len();
            let got = read_uninterrupted(file, free)?;
            filled += got;
            if got < wanted || filled >= limit {
                return Ok(self.bytes.get(..filled).unwrap_or_default());
            }
            self.bytes.resize((filled * 2).min(limit), 0);
        }
    }

    /// The next piece of a big file, empty at its end.
    pub(crate) fn piece(&mut self, file: &mut impl Read) -> io::Result<&[u8]> {
        let got = read_uninterrupted(file, self.room(self.initial))?;
        Ok(self.bytes.get(..got).unwrap_or_default())
    }

    /// The first `size` bytes, whatever they hold.
    pub(crate) fn room(&mut self, size: usize) -> &mut [u8] {
        if self.bytes.len() < size {
            self.bytes.resize(size, 0);
        }
        self.bytes.get_mut(..size).unwrap_or_default()
    }

    pub(crate) fn first(&self, size: usize) -> &[u8] {
        self.bytes.get(..size).unwrap_or(&self.bytes)
    }
}

impl Default for ReadBuf {
    /// A buffer of 4 KiB, enough for all files but `smaps`.
    fn default() -> Self {
        Self::new(4 * 1024)
    }
}

fn read_uninterrupted(file: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The buffers of one worker, by what is read into them.
#[derive(Clone, Debug)]
pub struct Buffers {
    /// `stat`, `statm`, `cmdline`, `cgroup`, `exe`.
    pub io: ReadBuf,
    /// `smaps_rollup`.
    pub smaps_rollup: ReadBuf,
    /// Pieces of `smaps`.
    pub smaps: ReadBuf,
}

impl Default for Buffers {
    /// 4 KiB each, and 64 KiB for `smaps`.
    fn default() -> Self {
        Self {
            io: ReadBuf::default(),
            smaps_rollup: ReadBuf::default(),
            smaps: ReadBuf::new(64 * 1024),
        }
    }
}

//! One gzip member out of a cached part and a live part.

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::Body;

/// Magic, deflate, no flags, no time, "fastest algorithm", unknown system (RFC 1952, 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// A tail is stored as it is where the compressed prefix is at least this many times longer:
/// compressing it would save less than a twentieth of the member, and costs more than sending it.
const LONGER: usize = 20;

/// Output is grown by at least this much at a time, in bytes.
const GROWTH: usize = 4096;

/// A deflate state that is used again and again.
///
/// Building one costs more than compressing a short text (it allocates a few hundred kilobytes), so
/// keep one per thread or in a pool. Level 1: an exposition shrinks sixfold already, and higher
/// levels cost three times as much for an eighth less.
#[derive(Debug)]
pub struct Compressor(Compress);

impl Default for Compressor {
    fn default() -> Self {
        Self::new()
    }
}

impl Compressor {
    /// A fresh state.
    #[must_use]
    pub fn new() -> Self {
        Self(Compress::new(Compression::fast(), false))
    }

    /// A fresh state that takes two or three times as long for a third less: for what is made
    /// for one reader, and whose way may be slow. Level 5: the default is as short, and takes a
    /// third longer.
    #[must_use]
    pub fn thorough() -> Self {
        Self(Compress::new(Compression::new(5), false))
    }

    /// Appends raw deflate blocks that hold `input`, which follows what it was given before, to
    /// `out`, ended as `flush` says.
    #[expect(
        clippy::expect_used,
        reason = "deflate from memory into a growing Vec cannot fail: zlib reports only misuse of its state"
    )]
    fn deflate(&mut self, input: &[u8], out: &mut Vec<u8>, flush: FlushCompress) {
        let mut rest = input;
        loop {
            out.reserve(GROWTH.max(rest.len() / 4));
            let consumed_before = self.0.total_in();
            let status = self
                .0
                .compress_vec(rest, out, flush)
                .expect("deflate state is consistent");
            let consumed = self.0.total_in() - consumed_before;
            rest = usize::try_from(consumed)
                .ok()
                .and_then(|n| rest.get(n..))
                .unwrap_or_default();
            // As long as the output is full, zlib may hold back a part of what it was given.
            let drained = rest.is_empty() && out.len() < out.capacity();
            if drained || status == Status::StreamEnd {
                return;
            }
        }
    }
}

/// The cached part of a gzip member: it is compressed once and then completed for each response
/// with a tail of its own.
///
/// A response is **one** member: this part's deflate stream is ended by a full flush, so the tail's
/// stream can follow at a byte boundary, and its checksum goes on where this part's ends. Two
/// members one after the other would be legal too, but curl refuses them and browsers show the
/// first only.
///
/// ```
/// use std::io::Read;
/// use herakles_web::gzip::{Compressor, Member};
///
/// let mut compressor = Compressor::new();
/// let cached = Member::new(b"herakles_subgroup_processes 12\n", &mut compressor);
/// let body = cached.with_tail(b"process_open_fds 9\n", &mut compressor);
///
/// let mut text = String::new();
/// flate2::read::GzDecoder::new(body.to_bytes().as_ref()).read_to_string(&mut text)?;
/// assert_eq!(text, "herakles_subgroup_processes 12\nprocess_open_fds 9\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Member {
    /// gzip header and deflate blocks.
    opening: Bytes,
    /// Checksum and length of what the blocks hold.
    checksum: Hasher,
    length: u32,
}

impl Member {
    /// Compresses `prefix`.
    #[must_use]
    pub fn new(prefix: &[u8], compressor: &mut Compressor) -> Self {
        let mut writer = MemberWriter::new(compressor);
        writer.opening.reserve(GROWTH + prefix.len() / 4);
        writer.write(prefix);
        writer.finish()
    }

    /// Bytes of the compressed part, without any tail.
    #[must_use]
    pub fn compressed_len(&self) -> usize {
        self.opening.len()
    }

    /// The complete member that holds the prefix and then `tail`. Shares the compressed prefix;
    /// allocates only for the tail, which is compressed unless that would hardly make the member
    /// shorter.
    #[must_use]
    pub fn with_tail(&self, tail: &[u8], compressor: &mut Compressor) -> Body {
        let mut closing = if tail.len() <= self.opening.len() / LONGER {
            // A block has at most `u16::MAX` bytes and a head of 5; checksum and length follow.
            let blocks = tail.len() / usize::from(u16::MAX) + 1;
            let mut closing = Vec::with_capacity(tail.len() + 5 * blocks + 8);
            store(tail, &mut closing);
            closing
        } else {
            let mut closing = Vec::with_capacity(GROWTH + tail.len() / 4);
            compressor.0.reset();
            compressor.deflate(tail, &mut closing, FlushCompress::Finish);
            closing
        };
        let mut checksum = self.checksum.clone();
        checksum.update(tail);
        closing.extend_from_slice(&checksum.finalize().to_le_bytes());
        let length = self.length.wrapping_add(modular_length(tail));
        closing.extend_from_slice(&length.to_le_bytes());
        Body::chain(self.opening.clone(), closing.into())
    }
}

/// Writes the cached part of a member piece by piece, so that it need not be there whole.
///
/// ```
/// use herakles_web::gzip::{Compressor, MemberWriter};
///
/// let mut compressor = Compressor::new();
/// let mut writer = MemberWriter::new(&mut compressor);
/// writer.write(b"herakles_subgroup_processes ");
/// writer.write(b"12\n");
/// let cached = writer.finish();
/// assert!(cached.compressed_len() > 10);
/// ```
#[derive(Debug)]
pub struct MemberWriter<'c> {
    compressor: &'c mut Compressor,
    opening: Vec<u8>,
    checksum: Hasher,
    length: u32,
}

impl<'c> MemberWriter<'c> {
    /// An empty part.
    #[must_use]
    pub fn new(compressor: &'c mut Compressor) -> Self {
        compressor.0.reset();
        Self {
            compressor,
            opening: HEADER.to_vec(),
            checksum: Hasher::new(),
            length: 0,
        }
    }

    /// Compresses what comes next.
    pub fn write(&mut self, piece: &[u8]) {
        let out = &mut self.opening;
        self.compressor.deflate(piece, out, FlushCompress::None);
        self.checksum.update(piece);
        self.length = self.length.wrapping_add(modular_length(piece));
    }

    /// The part that was written.
    #[must_use]
    pub fn finish(mut self) -> Member {
        if self.compressor.0.total_in() > 0 {
            let out = &mut self.opening;
            self.compressor.deflate(&[], out, FlushCompress::Full);
        }
        self.opening.shrink_to_fit();
        Member {
            opening: self.opening.into(),
            checksum: self.checksum,
            length: self.length,
        }
    }

    /// The whole member, for what has no tail.
    #[must_use]
    pub fn finish_alone(mut self) -> Body {
        let out = &mut self.opening;
        self.compressor.deflate(&[], out, FlushCompress::Finish);
        out.extend_from_slice(&self.checksum.finalize().to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.shrink_to_fit();
        self.opening.into()
    }
}

/// Appends stored blocks that hold `input` to `out`, the last one marked as the last of the stream
/// (RFC 1951, 3.2.4).
fn store(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    loop {
        let length = u16::try_from(rest.len()).unwrap_or(u16::MAX);
        let (block, behind) = rest.split_at(length.into());
        out.push(u8::from(behind.is_empty()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
        if behind.is_empty() {
            return;
        }
        rest = behind;
    }
}

/// ISIZE of RFC 1952: the length modulo 2^32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the format wants the length modulo 2^32"
)]
fn modular_length(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}

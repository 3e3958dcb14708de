//! The parsers against the kernel, against another reader, and against anything at all.

#![expect(clippy::expect_used, reason = "a test may fail")]

mod corpus;
mod cost;
#[cfg(target_os = "linux")]
mod live;
mod properties;

use herakles_smaps::{MemoryUsage, ParseError, SmapsSum};

/// The sum of a `smaps` that comes in pieces of this size.
fn summed(file: &[u8], piece: usize) -> Result<MemoryUsage, ParseError> {
    let mut sum = SmapsSum::new();
    for piece in file.chunks(piece) {
        sum.feed(piece)?;
    }
    sum.finish()
}

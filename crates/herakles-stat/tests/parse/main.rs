//! The parsers against the kernel, against another reader, and against anything at all.

#![expect(clippy::expect_used, reason = "a test may fail")]

mod corpus;
mod cost;
#[cfg(target_os = "linux")]
mod live;
mod properties;

//! The parsers against the kernel, against another reader, and against anything at all.

#![expect(clippy::expect_used, reason = "a test may fail")]

mod corpus;
mod cost;
mod live;
mod properties;

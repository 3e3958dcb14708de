//! What a user of the counters notices, one situation at a time.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod exits;
mod host;
mod living;
mod storage;

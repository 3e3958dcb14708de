//! The server as clients meet it: real sockets on the loopback interface, bytes written by hand.
//!
//! Timeouts are short where a test waits for one and long where none may strike. No test measures
//! time; each waits for what must happen and fails after [`harness::PATIENCE`].

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by a panic"
)]

mod gate;
mod harness;
mod limit;
mod linger;
mod requests;
mod scrape;
mod shutdown;
mod timeouts;

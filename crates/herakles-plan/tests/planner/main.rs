//! The planner on simulated hosts.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod host;
mod properties;
mod scenarios;

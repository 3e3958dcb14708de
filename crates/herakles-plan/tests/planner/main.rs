//! The planner on simulated hosts.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod bounds;
mod host;
mod properties;
mod races;
mod run;
mod scenarios;
mod sharers;
mod truth;
mod turns;

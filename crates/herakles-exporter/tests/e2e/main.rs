//! The real binary, from the outside: started as a user would, asked over HTTP, ended by signals.
//!
//! Tools that are not written in Rust (promtool, Prometheus, a Python with `prometheus_client`)
//! are found by the variables `cargo xtask ci` sets. Without them a test says what it left out,
//! unless `HERAKLES_E2E_STRICT` is set: then a missing tool is a failure. What was left out is also
//! appended to the file that `HERAKLES_SKIPPED` names, one line `TEST: REASON` each.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a helper of a test fails it by a panic, and says on the terminal what was left out"
)]

mod harness;

mod accounting;
mod adaptive;
mod broken_log;
mod clock;
mod commands;
mod concurrency;
mod dashboard;
mod dashboards;
mod endpoints;
mod errors;
mod exits;
mod explain;
mod extremes;
mod faults;
mod first_hour;
mod fixture;
mod formats;
mod interpreters;
mod lifecycle;
mod limits;
mod live;
mod monitoring;
mod negotiation;
mod once;
mod pages;
mod process_exporter;
mod programs;
mod prometheus;
mod sandbox;
mod strain;
mod stuck;
mod unprivileged;
mod web;

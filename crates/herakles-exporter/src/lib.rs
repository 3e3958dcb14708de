//! The program `herakles-exporter` as a library: [`run`] is all of it.
//!
//! Programs that want the parts use the crates it is composed of, `herakles-collect` first.

mod app;
mod cache;
mod cli;
mod commands;
mod config;
mod http;
mod refresh;
mod routes;
mod sandbox;
mod serve;
mod status;
mod web_log;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use config::fuzzing;

use std::ffi::OsString;
use std::process::ExitCode;

/// Does what the arguments ask for, the first of them being the program's name, and gives the
/// exit code: 0 ok, 1 a runtime failure or failed check, 2 usage or configuration.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    commands::run(arguments).unwrap_or_else(|failure| failure.report())
}

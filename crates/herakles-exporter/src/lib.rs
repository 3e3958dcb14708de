//! The program `herakles-exporter` as a library: [`run`] is all of it.
//!
//! Programs that want the parts use the crates it is composed of: `herakles-scan`,
//! `herakles-smaps`, `herakles-stat`, `herakles-cpu`, `herakles-plan`, `herakles-classify`,
//! `herakles-metrics` and `herakles-web`.

mod allocator;
mod app;
mod attribution;
mod cache;
mod cli;
mod commands;
mod config;
mod human;
#[doc(hidden)]
pub mod measure;
mod refresh;
mod routes;
mod rule_text;
mod running_config;
mod self_process;
mod serve;
mod settings;
mod status;
mod telemetry;
mod unclassified;
mod web_log;

use std::ffi::OsString;
use std::process::ExitCode;

/// Does what the arguments ask for, the first of them being the program's name, and gives the
/// exit code: 0 ok, 1 a runtime failure or failed check, 2 usage or configuration.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    commands::run(arguments).unwrap_or_else(|failure| failure.report())
}

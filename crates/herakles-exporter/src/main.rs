//! `herakles-exporter`: memory and CPU of every process, for Prometheus.

mod app;
mod cache;
mod cli;
mod collect;
mod commands;
mod config;
mod effective;
mod refresh;
mod routes;
mod rule_text;
mod self_process;
mod serve;
mod settings;
mod status;
mod telemetry;

use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::run(std::env::args_os()) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

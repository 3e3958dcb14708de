//! Prometheus exporter for per-process memory and CPU.
#![allow(
    dead_code,
    unused_imports,
    reason = "the commands that use it land next"
)]
mod cache;
mod cli;
mod collect;
mod config;
mod effective;
mod self_process;
mod settings;
mod status;
mod telemetry;
fn main() {}

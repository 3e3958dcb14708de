//! Prometheus exporter for per-process memory and CPU.
#![allow(
    dead_code,
    unused_imports,
    reason = "the commands that use it land next"
)]
mod cli;
mod collect;
mod config;
mod settings;
mod telemetry;
fn main() {}

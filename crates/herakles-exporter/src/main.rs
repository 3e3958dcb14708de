//! Prometheus exporter for per-process memory and CPU.
#![allow(dead_code, unused_imports)]
mod collect;
mod telemetry;
fn main() {}

//! Prometheus exporter for per-process memory and CPU.
fn main() {}

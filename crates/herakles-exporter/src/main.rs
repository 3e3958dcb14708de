//! `herakles-exporter`: memory and CPU of every process, for Prometheus.

use std::process::ExitCode;

fn main() -> ExitCode {
    herakles_exporter::run(std::env::args_os())
}

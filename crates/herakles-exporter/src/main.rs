//! `herakles-exporter`: memory and CPU of every process, for Prometheus.

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;

/// One heap for all threads, which gives freed pages back. The one of glibc keeps some for each
/// thread, and more with every refresh that frees a big block.
#[global_allocator]
static HEAP: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    herakles_exporter::run(std::env::args_os())
}

//! Work of a fixed size, to count its instructions: `cargo xtask instructions` runs each under
//! callgrind, which looks only at what [`counted_by_callgrind`] does.
//!
//! Not a package of the benchmarks, as those need criterion and rivals, which take long to build.
//! No input comes from the machine, so that the counts of two runs differ by the seeds of the hash
//! maps only.

#![expect(
    clippy::unwrap_used,
    reason = "work that does not go as expected must not be counted"
)]

mod classify;
mod cpu;
mod parse;
mod plan;
mod render;
mod snapshot;

use std::process::ExitCode;

/// Prepares a piece of work; what it returns is what counts.
type Prepare = fn() -> Box<dyn FnMut()>;

/// What can be asked for, and how often it is done, so that each has some ten million instructions.
const WORKLOADS: [(&str, u32, Prepare); 9] = [
    ("parse_rollup", 10_000, parse::rollup),
    ("parse_smaps_340", 40, parse::smaps),
    ("parse_stat", 20_000, parse::stat),
    ("classify_500", 10, classify::names),
    ("plan_10k", 3, plan::refresh),
    ("cpu_10k", 5, cpu::scan),
    ("snapshot_1k", 20, snapshot::refresh),
    ("render_text_1k", 10, render::text),
    ("render_openmetrics_1k", 10, render::openmetrics),
];

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]
fn main() -> ExitCode {
    let Some(wanted) = std::env::args().nth(1) else {
        for (name, ..) in WORKLOADS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    };
    let Some((_, times, prepare)) = WORKLOADS.iter().find(|(name, ..)| *name == wanted) else {
        eprintln!("no work is called {wanted}");
        return ExitCode::FAILURE;
    };
    counted_by_callgrind(*times, &mut prepare());
    ExitCode::SUCCESS
}

/// Callgrind finds it by its name, so it must stay a function.
#[inline(never)]
fn counted_by_callgrind(times: u32, work: &mut dyn FnMut()) {
    for _ in 0..times {
        work();
    }
}

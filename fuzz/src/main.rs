//! Runs the targets without libFuzzer: on all known inputs, then on changed ones.
//!
//! ```text
//! herakles-fuzz [--target NAME]... [--executions N] [--seed N]    N changed inputs for each target
//! herakles-fuzz [--target NAME]... --time-bound                   what CPU time 64 KiB take at most
//! herakles-fuzz --target NAME FILE...                             these inputs alone
//! ```
//!
//! An input by which a target fails is kept in `artifacts/`.

mod arguments;
mod bound;
mod known;
mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use arguments::{Arguments, Mode};
use herakles_fuzz::Target;
use known::Known;
use mutate::Mutator;
use rustix::time::{ClockId, clock_gettime};

fn main() -> ExitCode {
    let arguments = match Arguments::parse(env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(sentence) => {
            eprintln!("herakles-fuzz: {sentence}");
            return ExitCode::from(2);
        }
    };
    let mut failed = 0;
    let mut executions = 0;
    for target in &arguments.targets {
        match run(target, &arguments) {
            Ok(run) => {
                executions += run.executions;
                failed += u32::from(run.failed);
                println!("{run}");
            }
            Err(error) => {
                eprintln!("herakles-fuzz: {}: {error}", target.name);
                return ExitCode::FAILURE;
            }
        }
    }
    let count = arguments.targets.len() as u32;
    println!(
        "{executions} executions; targets: {} passed, {failed} failed",
        count - failed
    );
    ExitCode::from(u8::from(failed > 0))
}

/// What became of a target.
struct Run {
    name: &'static str,
    executions: u64,
    took: Duration,
    slowest: Duration,
    failed: bool,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            name,
            executions,
            took,
            slowest,
            ..
        } = self;
        let millis = slowest.as_secs_f64() * 1e3;
        write!(
            f,
            "{name:<18} {executions:>9} executions in {:>6.1} s, the slowest {millis:.1} ms",
            took.as_secs_f64()
        )
    }
}

fn run(target: &Target, arguments: &Arguments) -> io::Result<Run> {
    let begin = Instant::now();
    let mut run = Run {
        name: target.name,
        executions: 0,
        took: Duration::ZERO,
        slowest: Duration::ZERO,
        failed: false,
    };
    let known = Known::read(target.name)?;
    // What is made once, such as the built-in rules, is no input's fault.
    let _ = catch_unwind(|| (target.run)(b""));
    match &arguments.mode {
        Mode::Replay(files) => {
            for file in files {
                run.failed |= !run.execute(target, &fs::read(file)?)?;
            }
        }
        Mode::TimeBound => {
            for input in bound::inputs(&known) {
                let slowest = run.slowest;
                run.failed |= !run.execute(target, &input)?;
                if run.slowest > slowest && run.slowest > bound::MOST {
                    let kept = keep(target.name, "slow", &input)?;
                    println!("{}: {:?} for {}", target.name, run.slowest, kept.display());
                    run.failed = true;
                }
            }
        }
        Mode::Mutate { executions, seed } => {
            let mut mutator = Mutator::new(*seed, &known);
            let known = known.inputs.iter().cloned();
            let changed = (0..*executions).map(|_| mutator.next());
            for input in known.chain(changed) {
                if !run.execute(target, &input)? {
                    run.failed = true;
                    break;
                }
            }
        }
    }
    run.took = begin.elapsed();
    Ok(run)
}

impl Run {
    /// Gives the input to the target; false if that fails.
    fn execute(&mut self, target: &Target, input: &[u8]) -> io::Result<bool> {
        self.executions += 1;
        let begin = cpu_time();
        let result = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
        self.slowest = self.slowest.max(cpu_time().saturating_sub(begin));
        if result.is_err() {
            let kept = keep(target.name, "crash", input)?;
            println!("{}: failed by {}", target.name, kept.display());
        }
        Ok(result.is_ok())
    }
}

/// What this thread has used: what else runs on the machine makes no input slow.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}

/// Writes the input where cargo-fuzz would.
fn keep(target: &str, what: &str, input: &[u8]) -> io::Result<PathBuf> {
    let folder = known::folder().join("artifacts").join(target);
    fs::create_dir_all(&folder)?;
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = folder.join(format!("{what}-{hash:016x}"));
    fs::write(&path, input)?;
    Ok(path)
}

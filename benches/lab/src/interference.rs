//! `cargo lab interference`: what the exporter does to a big process that maps and unmaps memory
//! all the time. Prints Markdown, for `docs/performance.md`.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use clap::{ArgMatches, Command as CommandLine};

use crate::{
    arguments::{count, number, value},
    failure::Failure,
    programs,
    service::{Program, Service},
};

const PHASES: [&str; 3] = ["off", "exact", "adaptive"];

/// The command line.
pub(crate) fn command() -> CommandLine {
    CommandLine::new("interference")
        .about("Time a big process while the exporter reads its memory")
        .arg(number("victim-mib", "4096").help("Memory of the victim, MiB"))
        .arg(number("seconds", "30").help("Length of each phase"))
        .arg(number("turns", "2").help("How often each phase has its turn"))
}

/// Runs the phases in turn and prints the latencies.
///
/// # Errors
/// When the victim or the exporter does not start.
pub(crate) fn run(args: &ArgMatches) -> Result<(), Failure> {
    let phase_length = Duration::from_secs(value(args, "seconds"));
    let turns = count(args, "turns");
    let program = Program::exporter()?;
    let mut victim = Victim::start(value(args, "victim-mib"))?;
    println!(
        "| exporter | calls | p50, µs | p99, µs | p99.9, µs | longest, ms | waits over 1 ms, per minute | their sum, ms per minute |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let per_minute = 60.0 / phase_length.as_secs_f64();
    for turn in 0..turns {
        for phase in PHASES {
            eprintln!("turn {} of {}: {phase}", turn + 1, turns);
            victim.latencies()?;
            // The exporter's first sight of the victim belongs to its phase.
            let service = match phase {
                "off" => None,
                mode => {
                    let flags = [
                        format!("--scan.memory={mode}"),
                        "--scan.cache-ttl=1s".to_owned(),
                    ];
                    Some(Service::start(&program, &flags)?)
                }
            };
            thread::sleep(phase_length);
            let it = victim.latencies()?;
            drop(service);
            let micros = |nanoseconds: u64| nanoseconds as f64 / 1e3;
            println!(
                "| {phase} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} |",
                it.calls,
                micros(it.p50),
                micros(it.p99),
                micros(it.p999),
                micros(it.longest) / 1e3,
                it.waits as f64 * per_minute,
                micros(it.held) / 1e3 * per_minute,
            );
        }
    }
    Ok(())
}

/// The process that suffers.
struct Victim {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Latencies of one phase, in nanoseconds.
struct Latencies {
    calls: u64,
    p50: u64,
    p99: u64,
    p999: u64,
    longest: u64,
    /// Calls that waited for the lock of the address space for over a millisecond.
    waits: u64,
    /// The sum of these.
    held: u64,
}

impl Victim {
    fn start(mib: u64) -> Result<Self, Failure> {
        let mut child = Command::new(programs::compile("victim")?)
            .arg(mib.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::new(format!("cannot start the victim: {e}")))?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::new("the victim has no pipes"));
        };
        let mut victim = Self {
            child,
            orders,
            answers: BufReader::new(answers),
        };
        match victim.line()?.trim() {
            "ready" => Ok(victim),
            _ => Err(Failure::new(
                "the victim has ended; is there enough memory?",
            )),
        }
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .map_err(|e| Failure::new(format!("no answer from the victim: {e}")))?;
        Ok(line)
    }

    /// The latencies since the last call.
    fn latencies(&mut self) -> Result<Latencies, Failure> {
        self.orders
            .write_all(b"\n")
            .map_err(|e| Failure::new(format!("the victim does not listen: {e}")))?;
        let line = self.line()?;
        let mut numbers = line.split_ascii_whitespace().map(str::parse);
        let mut next = || {
            let number = numbers.next().and_then(Result::ok);
            number.ok_or_else(|| Failure::new("the victim does not answer in numbers"))
        };
        Ok(Latencies {
            calls: next()?,
            p50: next()?,
            p99: next()?,
            p999: next()?,
            longest: next()?,
            waits: next()?,
            held: next()?,
        })
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The contest: all contenders scan in turn, round after round, on a steady beat.

use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};

use herakles_metrics::MemoryReads;

use super::{
    accuracy::{self, Errors},
    clock::Cost,
    contenders::{Contender, Exporter, FloorInC, FloorInRust, Lines, ProcfsCrate},
    processes,
};
use crate::failure::Failure;

/// `memory_max_age` in refreshes: so many samples grow too old in each.
const MAX_AGE_REFRESHES: u32 = 10;

/// The `cache_ttl` that the defaults of the adaptive bounds are meant for.
const USUAL_INTERVAL: Duration = Duration::from_secs(30);

/// The contender that all others are compared with.
pub(super) const FLOOR: &str = "floor in C";

/// Who takes part, in the order of the tables.
pub(super) const NAMES: [&str; 8] = [
    FLOOR,
    "floor in Rust",
    "exact",
    "exact, 1 thread",
    "adaptive",
    "adaptive, taskstats",
    "procfs crate",
    "lines()",
];

/// How to run the contest.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) refreshes: usize,
    /// From one round to the next: the `cache_ttl` of the exporters.
    pub(super) interval: Duration,
    /// Contenders besides the floor; empty: all.
    pub(super) only: Vec<String>,
}

/// One contender and what each round showed of it.
pub(super) struct Entry {
    pub(super) name: &'static str,
    contender: Box<dyn Contender>,
    /// Whether it needs rounds before the first that counts.
    adaptive: bool,
    pub(super) rounds: Vec<Round>,
}

/// One scan of one contender.
pub(super) struct Round {
    pub(super) cost: Cost,
    /// Processes that have memory to read.
    pub(super) processes: usize,
    /// Of the exporter only.
    pub(super) reads: Option<MemoryReads>,
    /// Of adaptive contenders only.
    pub(super) errors: Option<Errors>,
}

/// The flags of an adaptive exporter. A round stands for a refresh of 30 seconds, so the bounds
/// on the share of time are scaled as the time is.
pub(super) fn adaptive_flags(interval: Duration, taskstats: &str) -> Vec<String> {
    let haste = USUAL_INTERVAL.as_secs_f64() / interval.as_secs_f64();
    vec![
        "--scan.memory=adaptive".to_owned(),
        format!("--scan.taskstats={taskstats}"),
        format!("--scan.cache-ttl={}s", interval.as_secs()),
        format!(
            "--scan.memory-max-age={}s",
            (interval * MAX_AGE_REFRESHES).as_secs()
        ),
        format!("--scan.cpu-budget={:.3}", (0.02 * haste).min(1.0)),
        format!("--scan.hold-ratio={:.4}", (0.001 * haste).min(1.0)),
    ]
}

fn contender(name: &str, interval: Duration) -> Result<Box<dyn Contender>, Failure> {
    let exact = "--scan.memory=exact".to_owned();
    Ok(match name {
        "floor in Rust" => Box::new(FloorInRust),
        "exact" => Box::new(Exporter::new(&[exact])?),
        "exact, 1 thread" => Box::new(Exporter::new(&[exact, "--scan.parallelism=1".to_owned()])?),
        "adaptive" => Box::new(Exporter::new(&adaptive_flags(interval, "off"))?),
        "adaptive, taskstats" => Box::new(Exporter::new(&adaptive_flags(interval, "auto"))?),
        "procfs crate" => Box::new(ProcfsCrate),
        "lines()" => Box::new(Lines),
        _ => Box::new(FloorInC::start()?),
    })
}

/// Runs the contest while the processes in `fleet` live.
///
/// # Errors
/// When a contender cannot start or scan.
pub(super) fn run(terms: &Terms, fleet: &HashSet<u32>) -> Result<Vec<Entry>, Failure> {
    let takes_part = |name: &str| {
        name == FLOOR || terms.only.is_empty() || terms.only.iter().any(|it| it == name)
    };
    let mut entries = Vec::new();
    for name in NAMES.into_iter().filter(|name| takes_part(name)) {
        entries.push(Entry {
            name,
            contender: contender(name, terms.interval)?,
            adaptive: name.starts_with("adaptive"),
            rounds: Vec::new(),
        });
    }

    // Each has a moment of its own in the round, so that adaptive ones see a steady beat.
    let slots = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut beat = Beat::start(terms.interval / slots);
    // All need to have met the processes once; adaptive ones must have spread their reads.
    let settling = MAX_AGE_REFRESHES as usize + 2;
    for round in 0..settling {
        eprintln!("settling {} of {settling}", round + 1);
        for entry in &mut entries {
            beat.wait();
            if entry.adaptive || round == 0 {
                entry.contender.scan(&processes::list()?)?;
            }
        }
    }
    for round in 0..terms.refreshes {
        eprintln!("round {} of {}", round + 1, terms.refreshes);
        for entry in &mut entries {
            beat.wait();
            entry.take_turn(fleet)?;
        }
    }
    if beat.missed > 0 {
        eprintln!(
            "{} scans began late; ask for a longer --interval",
            beat.missed
        );
    }
    Ok(entries)
}

impl Entry {
    fn take_turn(&mut self, fleet: &HashSet<u32>) -> Result<(), Failure> {
        let processes = processes::list()?;
        let scanned = self.contender.scan(&processes)?;
        let (reads, snapshot) = scanned.outcome.unzip();
        let errors = snapshot
            .filter(|_| self.adaptive)
            .map(|snapshot| accuracy::judge(&snapshot, fleet, scanned.cost.wall));
        self.rounds.push(Round {
            cost: scanned.cost,
            processes: processes.iter().filter(|it| !it.bare).count(),
            reads,
            errors,
        });
        Ok(())
    }
}

/// A steady beat, as a scraped exporter refreshes.
struct Beat {
    interval: Duration,
    next: Instant,
    missed: usize,
}

impl Beat {
    fn start(interval: Duration) -> Self {
        Self {
            interval,
            next: Instant::now(),
            missed: 0,
        }
    }

    /// Waits for the next moment. One that has passed is not moved: the next are on time again.
    fn wait(&mut self) {
        let now = Instant::now();
        if now > self.next + self.interval / 10 {
            self.missed += 1;
        }
        thread::sleep(self.next.saturating_duration_since(now));
        self.next += self.interval;
    }
}

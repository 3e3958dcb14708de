//! The contest: all contenders scan in turn, round after round, on a steady beat.

use std::{
    num::NonZeroUsize,
    thread,
    time::{Duration, Instant},
};

use herakles_collect::IdleDetection;
use herakles_metrics::MemoryReads;

use super::{
    accuracy::{self, Errors},
    contenders::{Contender, FloorInC, FloorInRust, Lines, ProcfsCrate},
    modes::{self, MAX_AGE_REFRESHES},
    refresh::{Phases, Refresher},
};
use crate::{clock::Cost, failure::Failure, fleet::Fleet};

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
pub(super) struct ContestOptions {
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
    /// Of the engine only.
    pub(super) reads: Option<MemoryReads>,
    /// Of the engine only: the whole refresh.
    pub(super) phases: Phases,
    /// Of adaptive contenders only.
    pub(super) errors: Option<Errors>,
}

fn contender(name: &str, interval: Duration) -> Result<Box<dyn Contender>, Failure> {
    let mut one_thread = modes::exact();
    one_thread.threads = Some(NonZeroUsize::MIN);
    let adaptive = |idle| modes::adaptive(interval, idle);
    Ok(match name {
        "floor in Rust" => Box::new(FloorInRust),
        "exact" => Box::new(Refresher::open(modes::exact())?),
        "exact, 1 thread" => Box::new(Refresher::open(one_thread)?),
        "adaptive" => Box::new(Refresher::open(adaptive(IdleDetection::Off))?),
        "adaptive, taskstats" => Box::new(Refresher::open(adaptive(IdleDetection::Auto))?),
        "procfs crate" => Box::new(ProcfsCrate),
        "lines()" => Box::new(Lines),
        _ => Box::new(FloorInC::start()?),
    })
}

/// Runs the contest while the fleet lives.
///
/// # Errors
/// When a contender cannot start or scan, or a member of the fleet has ended.
pub(super) fn run(options: &ContestOptions, fleet: &Fleet) -> Result<Vec<Entry>, Failure> {
    let takes_part = |name: &str| {
        name == FLOOR || options.only.is_empty() || options.only.iter().any(|it| it == name)
    };
    let mut entries = Vec::new();
    for name in NAMES.into_iter().filter(|name| takes_part(name)) {
        entries.push(Entry {
            name,
            contender: contender(name, options.interval)?,
            adaptive: name.starts_with("adaptive"),
            rounds: Vec::new(),
        });
    }

    // Each has a moment of its own in the round, so that adaptive ones see a steady beat.
    let slots = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut beat = Beat::start(options.interval / slots);
    // All need to have met the processes once; adaptive ones must have spread their reads.
    let settling = MAX_AGE_REFRESHES as usize + 2;
    for round in 0..settling {
        eprintln!("settling {} of {settling}", round + 1);
        for entry in &mut entries {
            beat.wait();
            if entry.adaptive || round == 0 {
                entry.contender.scan(&fleet.seen()?)?;
            }
        }
    }
    for round in 0..options.refreshes {
        eprintln!("round {} of {}", round + 1, options.refreshes);
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
    fn take_turn(&mut self, fleet: &Fleet) -> Result<(), Failure> {
        let processes = fleet.seen()?;
        let scanned = self.contender.scan(&processes)?;
        let adaptive = scanned.refresh.as_ref().filter(|_| self.adaptive);
        let errors = adaptive
            .map(|refresh| accuracy::judge(&refresh.snapshot, fleet.pids(), scanned.cost.wall));
        let (reads, phases) = scanned
            .refresh
            .map(|refresh| (refresh.reads, refresh.phases))
            .unzip();
        self.rounds.push(Round {
            cost: scanned.cost,
            processes: processes.iter().filter(|it| !it.bare).count(),
            reads,
            phases: phases.unwrap_or_default(),
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

//! The result of a contest as tables in Markdown.

use herakles_metrics::MemoryReads;

use super::{
    accuracy::{Difference, Errors},
    contest::{Entry, FLOOR, Round},
    refresh::{Phase, sum},
};
use crate::clock::{Cost, extremes, median};

/// Prints what the scans cost, beside the floor of the same round.
pub(super) fn costs(entries: &[Entry]) {
    let floor = floor(entries);
    println!(
        "| scan | CPU µs per process, median (min–max) | ratio to the floor, median (min–max) | wall, ms |"
    );
    println!("|---|---|---|---|");
    for Entry { name, rounds, .. } in entries {
        let cpu: Vec<f64> = rounds.iter().map(micros_per_process).collect();
        let wall = median(rounds.iter().map(|it| it.cost.wall.as_secs_f64() * 1e3));
        println!(
            "| {name} | {} | {} | {wall:.1} |",
            spread(&cpu, 1),
            spread(&ratios(&cpu, &floor), 3)
        );
    }
}

/// The floor's microseconds per process, the median over all rounds.
pub(super) fn floor_micros(entries: &[Entry]) -> f64 {
    median(floor(entries))
}

/// The floor's microseconds per process in each round.
fn floor(entries: &[Entry]) -> Vec<f64> {
    let floor = entries.iter().filter(|entry| entry.name == FLOOR);
    let rounds = floor.flat_map(|entry| &entry.rounds);
    rounds.map(micros_per_process).collect()
}

/// To the floor of the same round.
fn ratios(micros: &[f64], floor: &[f64]) -> Vec<f64> {
    let both = micros.iter().zip(floor);
    both.map(|(micros, floor)| micros / floor).collect()
}

/// Prints what each phase of the engine's refreshes costs, and the whole of them.
pub(super) fn refreshes(entries: &[Entry]) {
    println!(
        "| refresh | phase | CPU µs per process, median (min–max) | ratio to the floor, median | allocations \
         | allocated, KiB |"
    );
    println!("|---|---|---|---|---|---|");
    let floor = floor(entries);
    for Entry { name, rounds, .. } in entries {
        let Some(first) = rounds.first().filter(|round| !round.phases.is_empty()) else {
            continue;
        };
        let line = |what: &str, counts: &dyn Fn(Phase) -> bool| {
            let costs: Vec<(f64, Cost)> = rounds
                .iter()
                .map(|round| {
                    let cost = sum(&round.phases, counts);
                    (
                        cost.cpu.as_secs_f64() * 1e6 / round.processes.max(1) as f64,
                        cost,
                    )
                })
                .collect();
            let micros: Vec<f64> = costs.iter().map(|(micros, _)| *micros).collect();
            let of = |value: fn(&Cost) -> usize| {
                median(costs.iter().map(|(_, cost)| value(cost) as f64))
            };
            println!(
                "| {name} | {what} | {} | {:.3} | {:.0} | {:.0} |",
                spread(&micros, 2),
                median(ratios(&micros, &floor)),
                of(|cost| cost.allocations),
                of(|cost| cost.allocated_bytes) / 1024.0
            );
        };
        for (phase, _) in &first.phases {
            line(phase.as_str(), &|counted| counted == *phase);
        }
        line("**all**", &|_| true);
    }
}

/// Prints where the engine's memory samples came from, per refresh.
pub(super) fn reads(entries: &[Entry]) {
    println!("| scan | read | reused | deferred (hold) | deferred (budget) | too big |");
    println!("|---|---|---|---|---|---|");
    for Entry { name, rounds, .. } in entries {
        if !rounds.iter().any(|it| it.reads.is_some()) {
            continue;
        }
        let count = |of: fn(&MemoryReads) -> u64| {
            let counts: Vec<f64> = rounds
                .iter()
                .filter_map(|it| it.reads.as_ref())
                .map(|reads| of(reads) as f64)
                .collect();
            spread(&counts, 0)
        };
        println!(
            "| {name} | {} | {} | {} | {} | {} |",
            count(|it| it.fresh),
            count(|it| it.reused),
            count(|it| it.deferred_hold),
            count(|it| it.deferred_budget),
            count(|it| it.skipped_size)
        );
    }
}

/// Prints how far adaptive values are from the truth; the worst of all rounds.
pub(super) fn errors(entries: &[Entry]) {
    println!(
        "| scan | quantity | sum off by | worst process off by | beyond 1 % + 64 KiB: reused | read, moved since | absent |"
    );
    println!("|---|---|---|---|---|---|---|");
    for Entry { name, rounds, .. } in entries {
        let errors: Vec<&Errors> = rounds.iter().filter_map(|it| it.errors.as_ref()).collect();
        if errors.is_empty() {
            continue;
        }
        let line = |quantity: &str, of: fn(&Errors) -> &Difference| {
            let (_, sum) = extremes(errors.iter().map(|it| of(it).of_sum()));
            let most = |value: fn(&Difference) -> u64| {
                errors.iter().map(|it| value(of(it))).max().unwrap_or(0)
            };
            println!(
                "| {name} | {quantity} | {:.4} % | {} KiB | {} | {} | {} |",
                sum * 100.0,
                most(|it| it.worst_bytes) / 1024,
                most(|it| it.far_off as u64),
                most(|it| it.moved as u64),
                most(|it| it.absent as u64)
            );
        };
        line("PSS", |it| &it.pss);
        line("USS", |it| &it.uss);
    }
}

fn micros_per_process(round: &Round) -> f64 {
    round.cost.cpu.as_secs_f64() * 1e6 / round.processes.max(1) as f64
}

fn spread(values: &[f64], digits: usize) -> String {
    let (low, high) = extremes(values.iter().copied());
    let middle = median(values.iter().copied());
    if low == high {
        format!("{middle:.digits$}")
    } else {
        format!("{middle:.digits$} ({low:.digits$}–{high:.digits$})")
    }
}

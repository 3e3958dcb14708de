//! What the benchmarks in `benches/` share: contestants that run in turn.
//!
//! criterion times one contestant after the other, a minute apart, by the clock on the wall. On a
//! machine that others use too, only the CPU time of contestants that take turns within one run can
//! be compared, so each benchmark prints the ratios of such turns besides criterion's figures.

use std::time::Duration;

use criterion::Criterion;
use rustix::time::{ClockId, clock_gettime};

/// Turns each contestant gets, and fewer where one takes long.
const ROUNDS: usize = 201;
const FEWEST_ROUNDS: usize = 15;

/// The least length of a turn.
const TURN: Duration = Duration::from_micros(500);

/// About as much as all turns of one task may take.
const TASK: Duration = Duration::from_secs(4);

/// One way to do a task: a name and a closure that does it once.
pub type Contestant<'a> = (&'a str, &'a dyn Fn());

/// A run of one benchmark.
///
/// As `cargo bench` starts it, it times by criterion and prints ratios. With `-- ratios` it leaves
/// criterion out, and with `-- report` it also prints the ratios for `cargo xtask bench-report`.
/// Without `--bench`, which cargo bench passes, it does everything once and times nothing.
pub struct Bench {
    arguments: Vec<String>,
    criterion: Option<Criterion>,
    output: Output,
}

/// How ratios are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Nothing,
    /// For people.
    Columns,
    /// A line for each contestant: task, name, nanoseconds and ratio.
    Tabs,
}

impl Bench {
    /// What the command line asks for.
    #[must_use]
    pub fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
        let output = match (has("--bench"), has("report")) {
            (false, _) => Output::Nothing,
            (true, false) => Output::Columns,
            (true, true) => Output::Tabs,
        };
        let by_turns_only = has("ratios") || has("report");
        let criterion = (!by_turns_only).then(|| Criterion::default().configure_from_args());
        Self {
            arguments,
            criterion,
            output,
        }
    }

    /// Whether this word is on the command line.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.arguments.iter().any(|argument| argument == word)
    }

    /// Whether anything is timed.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.output != Output::Nothing
    }

    /// Times contestants by criterion, and in turn for their ratios.
    pub fn compare(&mut self, task: &str, contestants: &[Contestant<'_>]) {
        if let Some(criterion) = &mut self.criterion {
            let mut group = criterion.benchmark_group(task);
            for (name, run) in contestants {
                group.bench_function(*name, |bencher| bencher.iter(run));
            }
            group.finish();
        }
        self.compare_in_turn(task, contestants);
    }

    /// The ratios alone.
    pub fn compare_in_turn(&self, task: &str, contestants: &[Contestant<'_>]) {
        if self.is_timed() {
            self.print(task, &in_turn(contestants, TASK));
        } else {
            contestants.iter().for_each(|(_, run)| run());
        }
    }

    /// Prints what was timed elsewhere: for each contestant a name and the nanoseconds of each
    /// round.
    #[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
    pub fn print(&self, task: &str, timed: &[(&str, Vec<f64>)]) {
        let Some((_, first)) = timed.first() else {
            return;
        };
        for (name, nanos) in timed {
            let ratio = median(nanos.iter().zip(first).map(|(other, first)| other / first));
            let nanos = median(nanos.iter().copied());
            match self.output {
                Output::Nothing => {}
                Output::Columns => println!("{task:<44} {name:<24} {nanos:>12.0} ns {ratio:>8.2}"),
                Output::Tabs => println!("{task}\t{name}\t{nanos:.1}\t{ratio:.3}"),
            }
        }
    }

    /// Ends the run.
    pub fn finish(self) {
        if let Some(criterion) = self.criterion {
            criterion.final_summary();
        }
    }
}

/// The CPU time of each contestant in rounds in which all of them run in turn.
fn in_turn<'a>(contestants: &[Contestant<'a>], task: Duration) -> Vec<(&'a str, Vec<f64>)> {
    let calls: Vec<u32> = contestants
        .iter()
        .map(|(_, run)| calls_per_turn(run))
        .collect();
    let mut timed: Vec<(&str, Vec<f64>)> = contestants
        .iter()
        .map(|(name, _)| (*name, Vec::with_capacity(ROUNDS)))
        .collect();
    let begin = cpu_time();
    for round in 0..ROUNDS {
        if round >= FEWEST_ROUNDS && cpu_time().saturating_sub(begin) > task {
            break;
        }
        for (((_, run), calls), (_, nanos)) in contestants.iter().zip(&calls).zip(&mut timed) {
            nanos.push(time(run, *calls).as_secs_f64() * 1e9 / f64::from(*calls));
        }
    }
    timed
}

fn calls_per_turn(run: &dyn Fn()) -> u32 {
    let mut calls = 1;
    while time(run, calls) < TURN {
        calls *= 2;
    }
    calls
}

fn time(run: &dyn Fn(), calls: u32) -> Duration {
    let begin = cpu_time();
    for _ in 0..calls {
        run();
    }
    cpu_time().saturating_sub(begin)
}

/// What all threads of this process have used so far.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_outliers() {
        assert_eq!(median([3.0, 1.0, 1e9, 2.0, 0.0]), 2.0);
    }

    #[test]
    fn all_contestants_have_as_many_turns_of_a_task_that_takes_long() {
        let slow = || {
            let begin = cpu_time();
            while cpu_time().saturating_sub(begin) < TURN {}
        };
        let fast = || {
            std::hint::black_box(1);
        };
        let timed = in_turn(&[("slow", &slow), ("fast", &fast)], TURN);
        let rounds: Vec<usize> = timed.iter().map(|(_, nanos)| nanos.len()).collect();
        assert_eq!(rounds, [FEWEST_ROUNDS; 2]);
    }
}

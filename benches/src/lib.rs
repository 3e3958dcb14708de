//! What the benchmarks in `benches/` share: contestants that run in turn.
//!
//! criterion times one contestant after the other, a minute apart. On a machine that others use
//! too, only contestants that take turns within one run can be compared, so each benchmark prints
//! the ratios of [`ratios`] besides criterion's figures.

use std::time::{Duration, Instant};

/// Turns each contestant gets.
const ROUNDS: usize = 201;

/// The least length of a turn.
const TURN: Duration = Duration::from_micros(500);

/// One way to do a task: a name and a closure that does it once.
pub type Contestant<'a> = (&'a str, &'a dyn Fn());

/// Prints the median time of the first contestant and how many times longer each other one takes,
/// as the median over rounds in which all of them run in turn.
#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
pub fn ratios(task: &str, contestants: &[Contestant<'_>]) {
    let calls: Vec<u32> = contestants
        .iter()
        .map(|(_, run)| calls_per_turn(run))
        .collect();
    let mut nanos = vec![Vec::with_capacity(ROUNDS); contestants.len()];
    for _ in 0..ROUNDS {
        for (((_, run), calls), nanos) in contestants.iter().zip(&calls).zip(&mut nanos) {
            nanos.push(time(run, *calls).as_secs_f64() * 1e9 / f64::from(*calls));
        }
    }
    let first = nanos.first().cloned().unwrap_or_default();
    for ((name, _), nanos) in contestants.iter().zip(nanos) {
        let ratio = median(nanos.iter().zip(&first).map(|(other, first)| other / first));
        println!(
            "{task:<28} {name:<22} {:>12.0} ns {ratio:>8.2}",
            median(nanos)
        );
    }
}

fn calls_per_turn(run: &dyn Fn()) -> u32 {
    let mut calls = 1;
    while time(run, calls) < TURN {
        calls *= 2;
    }
    calls
}

fn time(run: &dyn Fn(), calls: u32) -> Duration {
    let begin = Instant::now();
    for _ in 0..calls {
        run();
    }
    begin.elapsed()
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_ignores_outliers() {
        assert_eq!(median([3.0, 1.0, 1e9, 2.0, 0.0]), 2.0);
    }
}

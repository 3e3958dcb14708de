//! `/proc/pressure/*` (`kernel/sched/psi.c`): each line on its own.

use herakles_metrics::Pressure;

use super::line::{OddLine, count, lines};

/// Time since boot in microseconds in which tasks waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// `some`: at least one.
    pub(super) some: Option<u64>,
    /// `full`: all of them; for the CPU since Linux 5.13.
    pub(super) full: Option<u64>,
}

impl Totals {
    /// What is told of them; nothing without the first line.
    pub(super) fn seconds(self) -> Option<Pressure> {
        let seconds = |micros: u64| micros as f64 / 1e6;
        Some(Pressure {
            waiting_seconds: self.some.map(seconds)?,
            stalled_seconds: self.full.map(seconds),
        })
    }
}

/// Reads the text of the file; gives also how many of its lines are odd.
pub(super) fn parse(text: &[u8]) -> (Totals, u64) {
    let mut totals = Totals::default();
    let mut odd = 0;
    for line in lines(text) {
        let Some((kind, values)) = line.split_once(' ') else {
            continue;
        };
        let slot = match kind {
            "some" => &mut totals.some,
            "full" => &mut totals.full,
            _ => continue,
        };
        match total(values) {
            Ok(total) => *slot = Some(total),
            Err(OddLine) => odd += 1,
        }
    }
    (totals, odd)
}

fn total(values: &str) -> Result<u64, OddLine> {
    let mut values = values.split_ascii_whitespace();
    let total = values.find_map(|value| value.strip_prefix("total="));
    count(total.ok_or(OddLine)?)
}

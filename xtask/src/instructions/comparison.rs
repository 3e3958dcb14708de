//! Which counts have changed by more than they may.

use std::{collections::BTreeMap, fmt};

/// Counts by the name of the work.
pub(super) type Counts = BTreeMap<String, u64>;

/// What a count may differ from its baseline. Compilers place code differently after changes that
/// have nothing to do with it; that is less.
const TOLERANCE_PERCENT: f64 = 3.0;

/// Baseline and present counts, side by side.
pub(super) struct Comparison(Vec<Row>);

struct Row {
    name: String,
    then: Option<u64>,
    now: Option<u64>,
}

impl Row {
    /// By how many percent it needs more than it did; `None` where one of both is missing.
    fn percent(&self) -> Option<f64> {
        let (then, now) = (self.then? as f64, self.now? as f64);
        Some((now - then) / then * 100.0)
    }
}

impl Comparison {
    /// Compares what is in either.
    pub(super) fn new(then: &Counts, now: &Counts) -> Self {
        let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
        names.sort();
        names.dedup();
        let row = |name: &String| Row {
            name: name.clone(),
            then: then.get(name).copied(),
            now: now.get(name).copied(),
        };
        Self(names.into_iter().map(row).collect())
    }

    /// What must not be, a sentence each.
    pub(super) fn findings(&self) -> Vec<String> {
        let finding = |row: &Row| match row.percent() {
            Some(percent) if percent <= TOLERANCE_PERCENT => None,
            Some(percent) => Some(format!(
                "{} needs {percent:.1} % more instructions than its baseline",
                row.name
            )),
            None if row.now.is_none() => Some(format!("{} is not counted any more", row.name)),
            None => Some(format!("{} has no baseline", row.name)),
        };
        self.0.iter().filter_map(finding).collect()
    }

    /// What is better than the baseline says, and could be lost again unseen.
    pub(super) fn hints(&self) -> Vec<String> {
        let hint = |row: &Row| {
            let percent = row.percent().filter(|by| *by < -TOLERANCE_PERCENT)?;
            Some(format!(
                "{} needs {:.1} % fewer instructions; `cargo xtask instructions --renew` keeps that",
                row.name, -percent
            ))
        };
        self.0.iter().filter_map(hint).collect()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |count: Option<u64>| count.map_or("–".to_owned(), |count| count.to_string());
        write!(
            f,
            "{:<24}{:>14}{:>14}{:>12}",
            "instructions of", "baseline", "now", "difference"
        )?;
        for row in &self.0 {
            let percent = row
                .percent()
                .map_or("–".to_owned(), |by| format!("{by:+.2} %"));
            write!(
                f,
                "\n{:<24}{:>14}{:>14}{percent:>12}",
                row.name,
                shown(row.then),
                shown(row.now)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(list: &[(&str, u64)]) -> Counts {
        list.iter()
            .map(|&(name, count)| (name.to_owned(), count))
            .collect()
    }

    fn of_one(then: u64, now: u64) -> Comparison {
        Comparison::new(&counts(&[("parse", then)]), &counts(&[("parse", now)]))
    }

    #[test]
    fn more_than_the_tolerance_is_a_finding_and_less_a_hint() {
        for now in [97_000, 100_000, 103_000] {
            let comparison = of_one(100_000, now);
            assert_eq!(comparison.findings(), Vec::<String>::new(), "{now}");
            assert_eq!(comparison.hints(), Vec::<String>::new(), "{now}");
        }
        let worse = of_one(100_000, 103_100);
        assert_eq!(
            worse.findings(),
            ["parse needs 3.1 % more instructions than its baseline"]
        );
        assert!(worse.hints().is_empty());
        let better = of_one(100_000, 96_900);
        assert!(better.findings().is_empty());
        assert_eq!(better.hints().len(), 1);
        assert!(better.hints()[0].starts_with("parse needs 3.1 % fewer instructions"));
    }

    #[test]
    fn one_that_got_better_does_not_make_up_for_one_that_got_worse() {
        let comparison = Comparison::new(
            &counts(&[("better", 200_000), ("worse", 100_000)]),
            &counts(&[("better", 100_000), ("worse", 110_000)]),
        );
        assert_eq!(
            comparison.findings(),
            ["worse needs 10.0 % more instructions than its baseline"]
        );
        assert_eq!(comparison.hints().len(), 1);
    }

    #[test]
    fn work_without_baseline_and_baseline_without_work_are_findings() {
        let comparison = Comparison::new(&counts(&[("old", 1)]), &counts(&[("new", 1)]));
        assert_eq!(
            comparison.findings(),
            ["new has no baseline", "old is not counted any more"]
        );
        assert!(comparison.hints().is_empty());
    }

    #[test]
    fn the_table_has_both_counts_and_the_difference() {
        let table = of_one(100_000, 110_000).to_string();
        let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row, ["parse", "100000", "110000", "+10.00", "%"]);
    }
}

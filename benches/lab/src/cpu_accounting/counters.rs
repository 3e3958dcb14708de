//! The promise that no counter falls while its series is exposed.

use std::collections::HashMap;

use crate::scrape::Scrape;

/// The counters of the last scrape.
#[derive(Debug, Default)]
pub(super) struct Counters {
    last: HashMap<String, f64>,
    /// Scrapes that have been compared with the one before.
    pub(super) compared: u32,
}

impl Counters {
    /// Compares a scrape with the one before; returns what fell, in words.
    pub(super) fn compare(&mut self, scrape: &Scrape) -> Vec<String> {
        let now: HashMap<String, f64> = scrape
            .counters()
            .map(|it| (it.series.clone(), it.value))
            .collect();
        let fallen = now.iter().filter_map(|(series, value)| {
            let before = self.last.get(series)?;
            (value < before).then(|| format!("{series} fell from {before} to {value}"))
        });
        let fallen = fallen.collect();
        if !self.last.is_empty() {
            self.compared += 1;
        }
        self.last = now;
        fallen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_counter_that_falls_between_two_scrapes_in_turn_is_told() {
        let scrape = |a: u32, g: u32| {
            Scrape::parse(&format!("# TYPE a counter\na {a}\n# TYPE g gauge\ng {g}\n"))
        };
        let mut counters = Counters::default();
        assert!(counters.compare(&scrape(5, 5)).is_empty());
        assert!(counters.compare(&scrape(5, 3)).is_empty());
        assert_eq!(counters.compare(&scrape(4, 3)), ["a fell from 5 to 4"]);
        assert!(counters.compare(&Scrape::default()).is_empty());
        assert!(counters.compare(&scrape(1, 1)).is_empty());
    }
}

//! The processes that no rule knows, by name: what to write a rule for next.

use std::collections::HashMap;

use herakles_metrics::{Process, Snapshot};

/// The processes of one name that are in `other/other`.
pub(crate) struct Unclassified<'s> {
    pub(crate) processes: usize,
    /// The sum over those whose USS is known.
    pub(crate) uss_bytes: Option<u64>,
    /// The sum over those whose RSS is known.
    pub(crate) rss_bytes: Option<u64>,
    /// The biggest of them.
    pub(crate) biggest: &'s Process,
}

impl<'s> Unclassified<'s> {
    /// The names that hold most memory, at most so many.
    pub(crate) fn largest(snapshot: &'s Snapshot, most: usize) -> Vec<Self> {
        let mut by_name: HashMap<&str, Self> = HashMap::new();
        for process in snapshot.processes() {
            if (&*process.class.group, &*process.class.subgroup) != ("other", "other") {
                continue;
            }
            let known = by_name.entry(&*process.name).or_insert(Self {
                processes: 0,
                uss_bytes: None,
                rss_bytes: None,
                biggest: process,
            });
            known.processes += 1;
            known.uss_bytes = sum(known.uss_bytes, process.uss_bytes);
            known.rss_bytes = sum(known.rss_bytes, process.rss_bytes);
            if size(process) > size(known.biggest) {
                known.biggest = process;
            }
        }
        let mut names: Vec<Self> = by_name.into_values().collect();
        names.sort_unstable_by(|a, b| {
            let by_size = b.memory().1.cmp(&a.memory().1);
            by_size.then_with(|| a.name().cmp(b.name()))
        });
        names.truncate(most);
        names
    }

    /// The name they share.
    pub(crate) fn name(&self) -> &str {
        &self.biggest.name
    }

    /// What they hold, USS where it may be read and else RSS, and which of the two it is.
    pub(crate) fn memory(&self) -> (&'static str, u64) {
        match (self.uss_bytes, self.rss_bytes) {
            (Some(uss), _) => ("USS", uss),
            (None, rss) => ("RSS", rss.unwrap_or(0)),
        }
    }
}

fn sum(total: Option<u64>, more: Option<u64>) -> Option<u64> {
    match (total, more) {
        (Some(total), Some(more)) => Some(total.saturating_add(more)),
        (one, other) => one.or(other),
    }
}

fn size(process: &Process) -> u64 {
    process.uss_bytes.or(process.rss_bytes).unwrap_or(0)
}

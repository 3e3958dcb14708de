//! The processes that no rule knows, by name: what to write a rule for next.

use std::collections::HashMap;

use crate::process::Process;
use crate::snapshot::Snapshot;

/// The processes of one name that are in `other/other`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Unclassified<'s> {
    /// How many there are.
    pub processes: usize,
    /// The sum over those whose USS is known.
    pub uss_bytes: Option<u64>,
    /// The sum over those whose RSS is known.
    pub rss_bytes: Option<u64>,
    /// The biggest of them.
    pub biggest: &'s Process,
}

impl<'s> Unclassified<'s> {
    /// The names that hold most memory, at most so many.
    #[must_use]
    pub fn largest(snapshot: &'s Snapshot, most: usize) -> Vec<Self> {
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
            known.uss_bytes = sum(known.uss_bytes, process.memory.uss_bytes);
            known.rss_bytes = sum(known.rss_bytes, process.memory.rss_bytes);
            if size(process) > size(known.biggest) {
                known.biggest = process;
            }
        }
        let mut names: Vec<Self> = by_name.into_values().collect();
        names.sort_unstable_by(|a, b| {
            let by_size = b.held().1.cmp(&a.held().1);
            by_size.then_with(|| a.name().cmp(b.name()))
        });
        names.truncate(most);
        names
    }

    /// The name they share.
    pub fn name(&self) -> &str {
        &self.biggest.name
    }

    /// What they hold, USS where it may be read and else RSS, and which of the two it is.
    pub fn held(&self) -> (&'static str, u64) {
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
    process
        .memory
        .uss_bytes
        .or(process.memory.rss_bytes)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use herakles_classify::Class;
    use herakles_smaps::MemoryUsage;
    use herakles_stat::{Pid, ProcessKey};

    use super::*;
    use crate::{
        MemorySample, ProcessKind, ProcessMemory, Selection, SeriesLimits, SnapshotBuilder,
        SubgroupRecord, SubgroupShare,
    };

    /// Processes as name, whether it is unclassified, RSS and USS in bytes.
    fn snapshot(processes: &[(&str, bool, Option<u64>, Option<u64>)]) -> Snapshot {
        let mut builder = SnapshotBuilder::new(0.0);
        let other = builder.subgroup(SubgroupRecord::new(Class::new("other", "other"), 0.0));
        let known = builder.subgroup(SubgroupRecord::new(Class::new("db", "other"), 0.0));
        for (pid, &(name, unclassified, rss_bytes, uss_bytes)) in (1..).zip(processes) {
            let key = ProcessKey {
                pid: Pid::new(pid).unwrap(),
                start_time: 1,
            };
            let slot = if unclassified { other } else { known };
            let mut process = builder.process(slot, key, name, ProcessKind::User);
            process.memory = ProcessMemory::resident(rss_bytes);
            let sample = uss_bytes.map(|uss_bytes| {
                let mut usage = MemoryUsage::default();
                usage.rss_bytes = rss_bytes.unwrap_or(0);
                usage.pss_bytes = uss_bytes;
                usage.private_dirty_bytes = uss_bytes;
                let age = Duration::ZERO;
                MemorySample { usage, age }
            });
            builder.push(process, &SubgroupShare::of_memory(sample));
        }
        builder.finish(&SeriesLimits::default(), &mut Selection::default())
    }

    fn largest(snapshot: &Snapshot, most: usize) -> Vec<(&str, usize, (&str, u64), u32)> {
        Unclassified::largest(snapshot, most)
            .iter()
            .map(|it| {
                let name = &*it.biggest.name;
                (name, it.processes, it.held(), it.biggest.key.pid.as_u32())
            })
            .collect()
    }

    #[test]
    fn names_come_by_what_they_hold_together() {
        let snapshot = snapshot(&[
            ("alone", true, Some(900), Some(500)),
            ("many", true, Some(900), Some(300)),
            ("many", true, Some(900), Some(400)),
            ("known", false, Some(9000), Some(9000)),
            ("refused", true, Some(600), None),
            ("refused", true, None, None),
            ("nothing", true, None, None),
        ]);
        assert_eq!(
            largest(&snapshot, 4),
            [
                ("many", 2, ("USS", 700), 3),
                ("refused", 2, ("RSS", 600), 5),
                ("alone", 1, ("USS", 500), 1),
                ("nothing", 1, ("RSS", 0), 7),
            ]
        );
        assert_eq!(largest(&snapshot, 1).len(), 1);
    }
}

//! What processes are sorted by.

use std::cmp::Ordering;

use herakles_metrics::Process;

use crate::members::{Basis, Members};
use crate::names::NamedProcesses;

/// What a list of processes is sorted by, the largest first; what has no value comes last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Memory that no other process maps; PSS, then RSS, where it is not known.
    #[default]
    Uss,
    /// Proportional share; RSS where it is not known.
    Pss,
    /// Resident set.
    Rss,
    /// Swapped-out memory.
    Swap,
    /// Cores in use.
    Cpu,
    /// Time since its start.
    Age,
}

impl Order {
    /// All of them, as pages offer them.
    pub const ALL: [Self; 6] = [
        Self::Uss,
        Self::Pss,
        Self::Rss,
        Self::Swap,
        Self::Cpu,
        Self::Age,
    ];

    /// Its name in a query and on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uss => "uss",
            Self::Pss => "pss",
            Self::Rss => "rss",
            Self::Swap => "swap",
            Self::Cpu => "cpu",
            Self::Age => "age",
        }
    }

    /// The order of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.name() == name)
    }

    /// Its heading.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Uss => "USS",
            Self::Pss => "PSS",
            Self::Rss => "RSS",
            Self::Swap => "swap",
            Self::Cpu => "CPU",
            Self::Age => "age",
        }
    }

    /// What comes first, in words; where most sizes are RSS, they are called so.
    pub(crate) fn first_in_words(self, basis: Basis) -> &'static str {
        match self {
            Self::Uss | Self::Pss if basis.name() == "RSS" => "biggest RSS first",
            Self::Uss => "biggest USS first",
            Self::Pss => "biggest PSS first",
            Self::Rss => "biggest RSS first",
            Self::Swap => "most swapped first",
            Self::Cpu => "most CPU first",
            Self::Age => "oldest first",
        }
    }

    /// A number that is larger for what comes first; `None` comes last.
    fn rank(self, process: &Process) -> Option<f64> {
        let bytes = |value: Option<u64>| value.map(|value| value as f64);
        let rss = process.memory.rss_bytes;
        match self {
            Self::Uss => bytes(
                process
                    .memory
                    .uss_bytes
                    .or(process.memory.pss_bytes)
                    .or(rss),
            ),
            Self::Pss => bytes(process.memory.pss_bytes.or(rss)),
            Self::Rss => bytes(rss),
            Self::Swap => bytes(process.memory.swap_bytes),
            Self::Cpu => process.cpu_usage_ratio,
            Self::Age => process.start_time_seconds.map(|start| -start),
        }
    }

    fn compare(self, a: &Process, b: &Process) -> Ordering {
        larger_first(self.rank(a), self.rank(b)).then(a.key.cmp(&b.key))
    }

    /// Sorts subgroups in the same way; by age, the one with the oldest member first.
    pub(crate) fn sort_subgroups(self, all: &mut [Members<'_>]) {
        let rank = |members: &Members<'_>| {
            let subgroup = members.subgroup;
            let memory = &subgroup.memory;
            let bytes = |value: Option<u64>| value.map(|value| value as f64);
            match self {
                Self::Uss => bytes(memory.uss_bytes.or(memory.rss_bytes)),
                Self::Pss => bytes(members.bytes),
                Self::Rss => bytes(memory.rss_bytes),
                Self::Swap => bytes(memory.swap_bytes),
                Self::Cpu => subgroup.cpu_usage_ratio,
                Self::Age => subgroup.oldest_start_time_seconds.map(|start| -start),
            }
        };
        all.sort_by(|a, b| larger_first(rank(a), rank(b)));
    }

    /// Sorts names in the same way; by age, which they have not, the biggest first.
    pub(crate) fn sort_names(self, named: &mut [NamedProcesses]) {
        let rank = |named: &NamedProcesses| {
            let bytes = |value: Option<u64>| value.map(|value| value as f64);
            match self {
                Self::Uss => bytes(named.uss_bytes.or(named.bytes)),
                Self::Pss | Self::Age => bytes(named.bytes),
                Self::Rss => bytes(named.rss_bytes),
                Self::Swap => bytes(named.swap_bytes),
                Self::Cpu => named.cpu_usage_ratio,
            }
        };
        named.sort_by(|a, b| larger_first(rank(a), rank(b)));
    }

    /// Keeps the first `count` of `processes`, in order.
    pub fn first(self, processes: &mut Vec<&Process>, count: usize) {
        if processes.len() > count {
            processes.select_nth_unstable_by(count, |a, b| self.compare(a, b));
            processes.truncate(count);
        }
        processes.sort_unstable_by(|a, b| self.compare(a, b));
    }
}

/// What has no value comes last.
fn larger_first(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

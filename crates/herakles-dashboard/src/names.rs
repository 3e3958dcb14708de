//! Processes taken together by name: what tells apart those that no rule, or only a rule for a
//! whole language, knows.

use std::cmp::Reverse;
use std::collections::HashMap;

use herakles_metrics::Process;

use crate::members::{Members, bytes_of};

/// All processes of one name in one subgroup.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct NamedProcesses {
    /// The name.
    pub name: String,
    /// How many there are.
    pub processes: u64,
    /// PSS of those that have one, RSS of the others, in bytes; `None` where none has a size.
    pub bytes: Option<u64>,
    /// PSS of those that have one, in bytes.
    pub pss_bytes: Option<u64>,
    /// USS likewise.
    pub uss_bytes: Option<u64>,
    /// RSS likewise.
    pub rss_bytes: Option<u64>,
    /// Swap likewise.
    pub swap_bytes: Option<u64>,
    /// Cores in use.
    pub cpu_usage_ratio: Option<f64>,
}

impl NamedProcesses {
    /// The names among `processes`, the biggest first.
    pub fn among<'a>(processes: impl IntoIterator<Item = &'a Process>) -> Vec<Self> {
        Self::by(processes, |process| process.name.to_string())
    }

    /// The same by another name than their own.
    pub fn by<'a>(
        processes: impl IntoIterator<Item = &'a Process>,
        name: impl Fn(&Process) -> String,
    ) -> Vec<Self> {
        let mut by_name: HashMap<String, Self> = HashMap::new();
        for process in processes {
            by_name.entry(name(process)).or_default().add(process);
        }
        let named = by_name
            .into_iter()
            .map(|(name, named)| Self { name, ..named });
        let mut all: Vec<Self> = named.collect();
        all.sort_by(|a, b| {
            let size = |named: &Self| Reverse((named.bytes, named.processes));
            size(a).cmp(&size(b)).then_with(|| a.name.cmp(&b.name))
        });
        all
    }

    fn add(&mut self, process: &Process) {
        self.processes += 1;
        for (sum, value) in [
            (&mut self.bytes, bytes_of(process)),
            (&mut self.pss_bytes, process.memory.pss_bytes),
            (&mut self.uss_bytes, process.memory.uss_bytes),
            (&mut self.rss_bytes, process.memory.rss_bytes),
            (&mut self.swap_bytes, process.memory.swap_bytes),
        ] {
            *sum = match (*sum, value) {
                (Some(sum), Some(value)) => Some(sum.saturating_add(value)),
                (sum, value) => sum.or(value),
            };
        }
        if let Some(usage) = process.cpu_usage_ratio {
            *self.cpu_usage_ratio.get_or_insert(0.0) += usage;
        }
    }
}

/// Whether a group says little of what its processes are: `other`, and those of which only the
/// language is known.
pub fn is_generic(group: &str) -> bool {
    matches!(group, "other" | "runtime")
}

/// A part of a subgroup to be drawn.
pub(crate) struct Part {
    pub(crate) title: String,
    pub(crate) bytes: u64,
}

/// The parts of a subgroup, the biggest first: names where it is generic, else processes.
pub(crate) fn parts(members: &Members<'_>) -> Vec<Part> {
    if is_generic(&members.subgroup.class.group) {
        let named = NamedProcesses::among(members.processes);
        if named.len() > 1 {
            let part = |named: NamedProcesses| Part {
                title: format!("{} × {}", named.processes, named.name),
                bytes: named.bytes.unwrap_or(0),
            };
            return named.into_iter().map(part).collect();
        }
    }
    let part = |process: &Process| Part {
        title: format!("{} {}", process.name, process.key.pid),
        bytes: bytes_of(process).unwrap_or(0),
    };
    let mut parts: Vec<Part> = members.processes.iter().map(part).collect();
    parts.sort_by_key(|part| Reverse(part.bytes));
    parts
}

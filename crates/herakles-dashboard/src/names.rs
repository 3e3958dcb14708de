//! Processes taken together by name: what tells apart those that no rule, or only a rule for a
//! whole language, knows.

use std::cmp::Reverse;
use std::collections::HashMap;

use herakles_metrics::{Process, Snapshot};

use crate::members::{Members, bytes_of};

/// All processes of one name in one subgroup; of interpreters, those that run the same script.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct NamedProcesses {
    /// The name, followed by that of the script.
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
    /// The names among `processes` of a snapshot, the biggest first.
    pub fn among(snapshot: &Snapshot, processes: &[Process]) -> Vec<Self> {
        let mut by_name: HashMap<(&str, Option<&str>), Self> = HashMap::new();
        for process in processes {
            let name = (&*process.name, snapshot.script(process.key));
            by_name.entry(name).or_default().add(process);
        }
        let mut all: Vec<Self> = Vec::with_capacity(by_name.len());
        for ((name, script), named) in by_name {
            all.push(Self {
                name: script.map_or_else(|| name.to_owned(), |script| told(name, script)),
                ..named
            });
        }
        all.sort_by(|a, b| {
            let size = |named: &Self| Reverse((named.bytes, named.processes));
            size(a).cmp(&size(b)).then_with(|| a.name.cmp(&b.name))
        });
        all
    }

    /// What they hold, USS where it may be read and else RSS, and which of the two it is.
    pub fn held(&self) -> (&'static str, u64) {
        match (self.uss_bytes, self.rss_bytes) {
            (Some(uss), _) => ("USS", uss),
            (None, rss) => ("RSS", rss.unwrap_or(0)),
        }
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

/// A script that is started by its own name has it twice, once cut by the kernel.
fn told(name: &str, script: &str) -> String {
    if script.starts_with(name) {
        script.to_owned()
    } else {
        format!("{name} {script}")
    }
}

/// The names in a subgroup that says little of its members, where they say more.
pub(crate) fn of_generic(members: &Members<'_>) -> Vec<NamedProcesses> {
    if !members.subgroup.class.is_generic() {
        return Vec::new();
    }
    telling(members)
}

/// The names in a subgroup, where they say more than that it has members.
pub(crate) fn telling(members: &Members<'_>) -> Vec<NamedProcesses> {
    let named = NamedProcesses::among(members.snapshot, members.processes);
    // A single name says something only by what it runs.
    let runs = |process: &Process| members.snapshot.script(process.key).is_some();
    if named.len() > 1 || members.processes.first().is_some_and(runs) {
        named
    } else {
        Vec::new()
    }
}

/// A part of a subgroup to be drawn.
pub(crate) struct Part {
    pub(crate) title: String,
    pub(crate) bytes: u64,
}

/// The parts of a subgroup, the biggest first: names where it is generic, else processes.
pub(crate) fn parts(members: &Members<'_>) -> Vec<Part> {
    let named = of_generic(members);
    if named.len() > 1 {
        let part = |named: NamedProcesses| Part {
            title: format!("{} × {}", named.processes, named.name),
            bytes: named.bytes.unwrap_or(0),
        };
        return named.into_iter().map(part).collect();
    }
    let part = |process: &Process| Part {
        title: format!("{} {}", process.name, process.key.pid),
        bytes: bytes_of(process).unwrap_or(0),
    };
    let mut parts: Vec<Part> = members.processes.iter().map(part).collect();
    parts.sort_by_key(|part| Reverse(part.bytes));
    parts
}

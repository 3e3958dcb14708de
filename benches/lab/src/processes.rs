//! What is in `/proc`, read without the product's own scanner, as it is the one on trial.

use std::{
    collections::{HashMap, HashSet},
    fs,
};

use herakles_smaps::{MemoryUsage, parse_rollup};
use herakles_stat::Stat;

use crate::failure::Failure;

/// A process as the floor has to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcEntry {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// A kernel thread or zombie: there is nothing to read but its `stat`.
    pub(crate) bare: bool,
}

/// All processes at this moment.
///
/// # Errors
/// When `/proc` cannot be listed.
pub(crate) fn list() -> Result<Vec<ProcEntry>, Failure> {
    let entries =
        fs::read_dir("/proc").map_err(|e| Failure::new(format!("cannot list /proc: {e}")))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let pids = names.filter_map(|name| name.to_str()?.parse().ok());
    Ok(pids.filter_map(process).collect())
}

/// `None` if it has ended since it was listed.
fn process(pid: u32) -> Option<ProcEntry> {
    let line = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = Stat::parse(&line).ok()?;
    Some(ProcEntry {
        pid,
        parent: stat.parent.map_or(0, |parent| parent.as_u32()),
        bare: stat.is_kernel_thread() || stat.is_zombie(),
    })
}

/// Whether there is such a process, be it a zombie.
pub(crate) fn exists(pid: u32) -> bool {
    fs::exists(format!("/proc/{pid}")).unwrap_or(false)
}

/// The pids of these processes and of all that stem from them.
///
/// # Errors
/// As [`list`].
pub(crate) fn families_of(heads: Vec<u32>) -> Result<HashSet<u32>, Failure> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for process in list()? {
        children
            .entry(process.parent)
            .or_default()
            .push(process.pid);
    }
    let mut found = HashSet::new();
    let mut generation = heads;
    while let Some(pid) = generation.pop() {
        found.insert(pid);
        generation.extend(children.remove(&pid).unwrap_or_default());
    }
    Ok(found)
}

/// The memory of a process as the kernel says now; `None` if it has ended.
pub(crate) fn memory(pid: u32) -> Option<MemoryUsage> {
    parse_rollup(&fs::read(format!("/proc/{pid}/smaps_rollup")).ok()?).ok()
}

//! Files: read where the service has to, written nowhere. Landlock, Linux 5.13 and later.
//!
//! Landlock also keeps a program from the memory files of processes outside, unless it has
//! `CAP_PERFMON`. Whether this kernel does so is tried with a thread that ends.

use std::path::PathBuf;
use std::thread;

use landlock::{
    ABI, Access, AccessFs, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus,
};
use rustix::thread::{CapabilitySet, capabilities};

/// The kernel's interface whose rights are asked for; an older kernel gets those it knows.
const RIGHTS: ABI = ABI::V5;

/// Why it is not in force where it would cost samples.
const COSTS_MEMORY: &str = "as it would keep the memory of other processes from this one; it \
                            goes together with CAP_PERFMON alone";

/// Whether this thread has the one right that goes past it.
fn has_perfmon() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::PERFMON))
}

/// Restricts this thread and those that it starts, if that does not raise what `denied` counts.
pub(super) fn restrict(
    readable: &[PathBuf],
    denied: impl Fn() -> usize + Sync,
) -> Result<(), String> {
    if !has_perfmon() {
        return Err(COSTS_MEMORY.to_owned());
    }
    let before = denied();
    let tried = thread::scope(|scope| {
        scope
            .spawn(|| land(readable).map(|()| denied()))
            .join()
            .unwrap_or_else(|_| Err("its trial failed".to_owned()))
    })?;
    if tried > before {
        return Err(COSTS_MEMORY.to_owned());
    }
    land(readable)
}

fn land(readable: &[PathBuf]) -> Result<(), String> {
    match ruleset(readable) {
        Ok(RulesetStatus::NotEnforced) => Err("this kernel has none".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn ruleset(readable: &[PathBuf]) -> Result<RulesetStatus, RulesetError> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))?
        .create()?;
    for path in readable {
        // What is not there cannot be read either.
        if let Ok(directory) = PathFd::new(path) {
            let read = AccessFs::ReadFile | AccessFs::ReadDir;
            rules = rules.add_rule(PathBeneath::new(directory, read))?;
        }
    }
    Ok(rules.restrict_self()?.ruleset)
}

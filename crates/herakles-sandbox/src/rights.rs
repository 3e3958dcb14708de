//! Capabilities: all go but those that are used.

use std::io;

use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

/// The last capability that has a number in any kernel so far is 40; the kernel refuses more.
const MOST: u32 = 63;

/// Keeps of this thread's capabilities only `needed`; gives those that are left.
pub(super) fn keep(needed: CapabilitySet) -> io::Result<CapabilitySet> {
    let sets = capabilities(None)?;
    let held = sets.permitted;
    let mut kept = held & needed;
    // Each lets memory files of others be read: where one is enough the other is not used.
    if kept.contains(CapabilitySet::SYS_PTRACE) {
        kept -= CapabilitySet::PERFMON;
    }
    if held.contains(CapabilitySet::SETPCAP) {
        shrink_bounding_set(kept)?;
    }
    // A kernel before 4.3 has no ambient set.
    match clear_ambient_capability_set() {
        Ok(()) | Err(Errno::INVAL) => {}
        Err(error) => return Err(error.into()),
    }
    if (sets.effective, sets.permitted) == (kept, kept) {
        // Nothing to give up, and a service manager may forbid the call.
        return Ok(kept);
    }
    set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(kept)
}

/// No program that this one might start could get back what is gone.
fn shrink_bounding_set(kept: CapabilitySet) -> io::Result<()> {
    for number in 0..=MOST {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        if kept.contains(capability) {
            continue;
        }
        match remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            Err(Errno::INVAL) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// For people.
pub(super) fn names(set: CapabilitySet) -> String {
    let names: Vec<String> = set
        .iter_names()
        .map(|(name, _)| format!("CAP_{name}"))
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

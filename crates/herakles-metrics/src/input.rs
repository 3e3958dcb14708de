//! What a snapshot is built from beside processes: subgroups and their counters.

use herakles_classify::Class;
use herakles_stat::IoBytes;

/// One subgroup and its accumulated counters.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubgroupRecord {
    /// Group and subgroup.
    pub class: Class,
    /// Whether it is shown; a hidden one is in no family.
    pub visible: bool,
    /// Whether it is exported without members too (it was seen before, or is always shown).
    pub stays: bool,
    /// What the subgroup has used since `created_seconds`.
    pub counters: SubgroupCounters,
    /// When its counters started from 0, Unix time in seconds.
    pub created_seconds: f64,
}

impl SubgroupRecord {
    /// A visible subgroup that goes with its last member, and whose counters start at 0 now.
    pub fn new(class: Class, created_seconds: f64) -> Self {
        Self {
            class,
            visible: true,
            stays: false,
            counters: SubgroupCounters::default(),
            created_seconds,
        }
    }
}

/// Counters of a subgroup; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SubgroupCounters {
    /// CPU time in user mode, in seconds.
    pub cpu_user_seconds: f64,
    /// CPU time in kernel mode, in seconds.
    pub cpu_system_seconds: f64,
    /// Page faults served without I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
    /// What storage read and wrote; `None` where that is not known of any member.
    pub io_bytes: Option<IoBytes>,
}

/// A subgroup by its place in one [`SnapshotBuilder`](crate::SnapshotBuilder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubgroupSlot(pub(crate) usize);

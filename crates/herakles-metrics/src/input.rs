use std::sync::Arc;
use std::time::Duration;

use herakles_classify::Class;
use herakles_smaps::MemoryUsage;
use herakles_stat::ProcessKey;

/// One process as one scan saw it.
#[derive(Clone, Debug)]
pub struct ProcessRecord {
    /// The identity: pid and start time.
    pub key: ProcessKey,
    /// The `name` label: comm made printable by [`display_name`](herakles_classify::display_name).
    pub name: Arc<str>,
    /// The subgroup, from [`SnapshotBuilder::subgroup`](crate::SnapshotBuilder::subgroup).
    pub subgroup: SubgroupSlot,
    /// What sort of process it is.
    pub kind: ProcessKind,
    /// Start of the process, Unix time in seconds; `None` where it is not known when the machine
    /// booted.
    pub start_time_seconds: Option<f64>,
    /// Number of threads.
    pub threads: u32,
    /// What is resident now, in bytes: the memory sample's own RSS and what `statm` has moved
    /// since, or `statm` alone without a sample. It is what is exported, and caps the sample's PSS
    /// and USS. `None` when only the sample's own RSS is known, or nothing.
    pub rss_bytes: Option<u64>,
    /// How long ago `statm` was read for it, if not in this scan.
    pub rss_age: Option<Duration>,
    /// The latest memory sample; `None` when it was refused, deferred, too expensive or never asked for.
    pub memory: Option<MemorySample>,
    /// User and system time of this identity, in seconds; `None` when never read.
    pub cpu_seconds: Option<f64>,
    /// Cores used between the last two reads; `None` at first sight.
    pub cpu_usage_ratio: Option<f64>,
    /// Whether the name passes the configured `include_names` and `exclude_names`.
    pub name_passes: bool,
    /// Beyond `scan.max_processes`: counted, but makes no series of its own.
    pub over_limit: bool,
}

/// What sort of process a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessKind {
    /// A process with an address space.
    User,
    /// A kernel thread (`PF_KTHREAD`): no memory, and no error because of it.
    KernelThread,
    /// Exited and not yet reaped: no memory, and no error because of it.
    Zombie,
}

/// One read of `smaps_rollup` (or `smaps`) and how long ago it was.
#[derive(Clone, Copy, Debug)]
pub struct MemorySample {
    /// What the kernel said.
    pub usage: MemoryUsage,
    /// Time between the read and the snapshot.
    pub age: Duration,
}

/// One subgroup and its accumulated counters.
#[derive(Clone, Debug)]
pub struct SubgroupRecord {
    /// Group and subgroup.
    pub class: Class,
    /// Whether `search_mode` and `disable_others` show it; a hidden one is in no family.
    pub visible: bool,
    /// Whether it is exported without members too (seen before, or `always = true`).
    pub stays: bool,
    /// What the subgroup has used since `created_seconds`.
    pub counters: SubgroupCounters,
    /// When its counters started from 0, Unix time in seconds.
    pub created_seconds: f64,
}

/// Counters of a subgroup; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SubgroupCounters {
    /// CPU time in user mode, in seconds.
    pub cpu_user_seconds: f64,
    /// CPU time in kernel mode, in seconds.
    pub cpu_system_seconds: f64,
    /// Page faults served without I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
}

/// A subgroup by its place in one [`SnapshotBuilder`](crate::SnapshotBuilder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubgroupSlot(pub(crate) usize);

//! One process of a snapshot, and its memory.

use std::sync::Arc;
use std::time::Duration;

use herakles_classify::Class;
use herakles_smaps::MemoryUsage;
use herakles_stat::ProcessKey;

use crate::input::SubgroupSlot;

/// One process as one scan saw it.
///
/// [`SnapshotBuilder::process`](crate::SnapshotBuilder::process) makes it, for you to fill in what
/// is known; [`SnapshotBuilder::push`](crate::SnapshotBuilder::push) takes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Process {
    /// The identity: pid and start time.
    pub key: ProcessKey,
    /// The `name` label: comm made printable by [`display_name`](herakles_classify::display_name).
    pub name: Arc<str>,
    /// Group and subgroup.
    pub class: Class,
    /// What sort of process it is.
    pub kind: ProcessKind,
    /// Start, Unix time in seconds; `None` where it is not known when the machine booted.
    pub start_time_seconds: Option<f64>,
    /// Number of threads.
    pub threads: u32,
    /// Its memory. Before it is pushed: its RSS alone, as it is now where that is known beyond the
    /// sample.
    pub memory: ProcessMemory,
    /// User and system time of this identity, in seconds; `None` when never read.
    pub cpu_seconds: Option<f64>,
    /// Cores used between the last two reads; `None` at first sight.
    pub cpu_usage_ratio: Option<f64>,
    /// Beyond the number of processes that are looked at in detail: counted, but without series of
    /// its own.
    pub over_limit: bool,
    /// Whether it has `herakles_process_*` series of its own. Before it is pushed: whether it may
    /// have, as far as its name goes.
    pub has_series: bool,
    pub(crate) slot: SubgroupSlot,
}

/// What sort of process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessKind {
    /// A process with an address space.
    User,
    /// A kernel thread (`PF_KTHREAD`): no memory, and no error because of it.
    KernelThread,
    /// Exited and not yet reaped: no memory, and no error because of it.
    Zombie,
}

/// Memory of one process, in bytes. Where they are known, USS <= PSS <= RSS.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ProcessMemory {
    /// Resident set: that of the sample and what `statm` has moved since, or that of `statm` alone.
    /// It caps PSS and USS.
    pub rss_bytes: Option<u64>,
    /// Proportional share of the resident set.
    pub pss_bytes: Option<u64>,
    /// Memory that no other process maps.
    pub uss_bytes: Option<u64>,
    /// Swapped-out memory.
    pub swap_bytes: Option<u64>,
    /// Age of the sample behind PSS, USS and swap, in seconds.
    pub sample_age_seconds: Option<f64>,
    /// How long ago `statm` was read for the RSS, in seconds, if that was not in this scan.
    pub rss_age_seconds: Option<f64>,
}

impl ProcessMemory {
    /// A resident set of which no more is known.
    pub fn resident(rss_bytes: Option<u64>) -> Self {
        Self {
            rss_bytes,
            ..Self::default()
        }
    }
}

/// One read of `smaps_rollup` (or `smaps`) and how long ago it was.
#[derive(Clone, Copy, Debug)]
pub struct MemorySample {
    /// What the kernel said.
    pub usage: MemoryUsage,
    /// Time between the read and the snapshot.
    pub age: Duration,
}

/// What of a process counts in the sums of its subgroup and is not kept of it alone.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SubgroupShare {
    /// Its latest memory sample: `None` when that was refused, deferred, too expensive or never
    /// asked for.
    pub sample: Option<MemorySample>,
    /// What it is doing.
    pub activity: Activity,
    /// Its virtual size (`vsize` of `stat`), in bytes.
    pub virtual_bytes: u64,
    /// Its open descriptors; `None` where the kernel does not count them.
    pub open_fds: Option<u64>,
    /// How many it may have open, its soft limit; `None` where there is none, or it is unknown.
    pub max_fds: Option<u64>,
}

impl SubgroupShare {
    /// The share of a process of which only the memory was read.
    pub fn of_memory(sample: Option<MemorySample>) -> Self {
        Self {
            sample,
            ..Self::default()
        }
    }
}

/// What a process is doing, by the state letter of its `stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// `R`: on a CPU, or ready to be.
    Running,
    /// `S`: sleeping until something happens or a signal comes.
    Sleeping,
    /// `D`: sleeping in a way that signals do not end, usually for I/O.
    Waiting,
    /// `T`, `t`: stopped by a signal or a tracer.
    Stopped,
    /// `Z`: ended and not yet reaped.
    Zombie,
    /// `I`: an idle kernel thread.
    Idle,
    /// Anything else, also a process whose first thread has ended.
    #[default]
    Other,
}

impl Activity {
    /// All of them, in the order of the exposition.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Sleeping,
        Self::Waiting,
        Self::Stopped,
        Self::Zombie,
        Self::Idle,
        Self::Other,
    ];

    /// The word, as a label value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::Zombie => "zombie",
            Self::Idle => "idle",
            Self::Other => "other",
        }
    }
}

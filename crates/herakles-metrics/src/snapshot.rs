//! What one scan found: processes, sums by subgroup, the host, and who has series.

use std::sync::Arc;

use herakles_classify::Class;
use herakles_stat::{IoBytes, ProcessKey};

use crate::host::HostRecord;
use crate::process::{Activity, Process};

/// What one scan found, aggregated and bounded; made by [`SnapshotBuilder`](crate::SnapshotBuilder).
///
/// Immutable. Subgroups are sorted by (group, subgroup), processes by (group, subgroup, name,
/// pid), so that two renderings differ only where the host does.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) taken_at_seconds: f64,
    /// Whether its counters have `_created` samples.
    pub(crate) created: bool,
    pub(crate) host: Option<HostRecord>,
    pub(crate) subgroups: Vec<Subgroup>,
    pub(crate) processes: Vec<Process>,
    /// Aside, as few processes have one. Sorted.
    pub(crate) scripts: Vec<(ProcessKey, Arc<str>)>,
    pub(crate) tops: Tops,
    pub(crate) states: ProcessStates,
    pub(crate) series: usize,
    pub(crate) series_dropped: usize,
}

impl Snapshot {
    /// When the scan was taken, Unix time in seconds.
    pub fn taken_at_seconds(&self) -> f64 {
        self.taken_at_seconds
    }

    /// The host, where it was recorded.
    pub fn host(&self) -> Option<&HostRecord> {
        self.host.as_ref()
    }

    /// All visible subgroups that have members or stay.
    pub fn subgroups(&self) -> &[Subgroup] {
        &self.subgroups
    }

    /// All processes of visible subgroups, whether they have series or not.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// What an interpreter runs, where its class says little of it and that is known.
    pub fn script(&self, key: ProcessKey) -> Option<&str> {
        let found = self.scripts.binary_search_by_key(&key, |(key, _)| *key);
        Some(&*self.scripts.get(found.ok()?)?.1)
    }

    /// The processes that a top family of `ranking` names, in series order.
    pub fn top(&self, ranking: Ranking) -> impl Iterator<Item = &Process> {
        self.top_positions(ranking).map(|(_, process)| process)
    }

    /// The same with their positions among all processes.
    pub(crate) fn top_positions(
        &self,
        ranking: Ranking,
    ) -> impl Iterator<Item = (usize, &Process)> {
        let positions = self.tops.of(ranking).iter();
        positions.filter_map(|&at| Some((at, self.processes.get(at)?)))
    }

    /// Every pid of the scan, counted once.
    pub fn states(&self) -> ProcessStates {
        self.states
    }

    /// Whether its counters have `_created` samples in OpenMetrics.
    pub fn has_created(&self) -> bool {
        self.created
    }

    /// Number of series the snapshot part has in OpenMetrics, the format with more of them: there
    /// a counter may have a `_created` series too.
    pub fn series(&self) -> usize {
        self.series
    }

    /// Number of series that `max_series` dropped.
    pub fn series_dropped(&self) -> usize {
        self.series_dropped
    }
}

/// One subgroup of a [`Snapshot`]: sums over its members, and its counters.
///
/// A sum is `None` when there are members and none of them has the value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subgroup {
    /// Group and subgroup.
    pub class: Class,
    /// Number of members.
    pub processes: u64,
    /// Number of their threads.
    pub threads: u64,
    /// Members with an address space but without a memory sample.
    pub unreadable_processes: u64,
    /// Members by what they are doing, in the order of [`Activity::ALL`].
    pub activities: [u64; Activity::ALL.len()],
    /// Open descriptors of the members.
    pub open_fds: Option<u64>,
    /// The biggest share that a member has open of what it may, 1 being all.
    pub worst_fd_ratio: Option<f64>,
    /// Sums of their memory.
    pub memory: SubgroupMemory,
    /// Cores its members used between the last two scans.
    pub cpu_usage_ratio: Option<f64>,
    /// CPU time in user mode that its members, present and past, have used, in seconds.
    pub cpu_user_seconds: Option<f64>,
    /// The same in kernel mode.
    pub cpu_system_seconds: Option<f64>,
    /// Page faults of its members, present and past, that needed no I/O.
    pub minor_faults: u64,
    /// The same for those that needed I/O.
    pub major_faults: u64,
    /// What storage read and wrote for its members, present and past.
    pub io_bytes: Option<IoBytes>,
    /// When the counters started, Unix time in seconds.
    pub created_seconds: f64,
    /// Start of the oldest member, Unix time in seconds.
    pub oldest_start_time_seconds: Option<f64>,
    /// Start of the newest member, Unix time in seconds.
    pub newest_start_time_seconds: Option<f64>,
}

/// Memory of the members of a subgroup that have a sample, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SubgroupMemory {
    /// RSS.
    pub rss_bytes: Option<u64>,
    /// PSS.
    pub pss_bytes: Option<u64>,
    /// USS.
    pub uss_bytes: Option<u64>,
    /// Swap.
    pub swap_bytes: Option<u64>,
    /// Proportional share of swap.
    pub swap_pss_bytes: Option<u64>,
    /// The anonymous part of PSS.
    pub pss_anon_bytes: Option<u64>,
    /// The file part of PSS.
    pub pss_file_bytes: Option<u64>,
    /// The shared-memory part of PSS.
    pub pss_shmem_bytes: Option<u64>,
    /// Private huge pages, which are in neither RSS nor PSS.
    pub hugetlb_private_bytes: Option<u64>,
    /// Virtual size, of members without a sample too.
    pub virtual_bytes: Option<u64>,
    /// Age of the oldest sample inside the sums, in seconds.
    pub sample_age_seconds: Option<f64>,
}

/// Every pid of a scan once, under the first state that holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessStates {
    /// Kernel threads.
    pub kernel_thread: u64,
    /// Exited, not yet reaped.
    pub zombie: u64,
    /// Beyond the number of processes that are looked at in detail.
    pub over_limit: u64,
    /// Without series of its own: by filter, hidden subgroup, [`ProcessSeries`](crate::ProcessSeries) or budget.
    pub filtered: u64,
    /// With series of its own, but without PSS and USS; or listed, and not to be read at all.
    pub unreadable: u64,
    /// With series of its own.
    pub exported: u64,
}

impl ProcessStates {
    /// The states by name.
    pub fn by_name(&self) -> [(&'static str, u64); 6] {
        [
            ("kernel_thread", self.kernel_thread),
            ("zombie", self.zombie),
            ("over_limit", self.over_limit),
            ("filtered", self.filtered),
            ("unreadable", self.unreadable),
            ("exported", self.exported),
        ]
    }
}

/// What the processes of a subgroup are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ranking {
    /// Resident set.
    Rss,
    /// Proportional share.
    Pss,
    /// Unshared memory.
    Uss,
    /// CPU usage.
    Cpu,
}

impl Ranking {
    pub(crate) const ALL: [Self; 4] = [Self::Rss, Self::Pss, Self::Uss, Self::Cpu];

    /// A number that orders processes as this ranking does; `None` when it cannot rank one.
    pub(crate) fn rank(self, process: &Process) -> Option<u64> {
        match self {
            Self::Rss => process.memory.rss_bytes,
            Self::Pss => process.memory.pss_bytes,
            Self::Uss => process.memory.uss_bytes,
            // Bits of floats that are not negative order as the floats do.
            Self::Cpu => process
                .cpu_usage_ratio
                .map(|usage| usage.max(0.0).to_bits()),
        }
    }
}

/// For each ranking the chosen processes: positions in `Snapshot::processes`, ascending.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tops([Vec<usize>; 4]);

impl Tops {
    pub(crate) fn of(&self, ranking: Ranking) -> &[usize] {
        &self.0[ranking as usize]
    }

    pub(crate) fn of_mut(&mut self, ranking: Ranking) -> &mut Vec<usize> {
        &mut self.0[ranking as usize]
    }
}

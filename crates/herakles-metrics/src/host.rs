//! The host as a whole.

/// The whole host, for the `herakles_host_*` families. What is `None` is absent.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HostRecord {
    /// Memory and swap as a whole, from `/proc/meminfo`.
    pub totals: MemoryTotals,
    /// Memory by category, from one read of `/proc/meminfo`; none where a part is missing or the
    /// parts do not fit the total, as in some containers.
    pub memory: Option<HostMemory>,
    /// CPU time since boot, from `/proc/stat`.
    pub cpu: Option<HostCpu>,
    /// Load averages over 1, 5 and 15 minutes, from `/proc/loadavg`.
    pub load: Option<[f64; 3]>,
    /// Pressure on the CPU, from `/proc/pressure/cpu` (since Linux 4.20).
    pub cpu_pressure: Option<Pressure>,
    /// Pressure on memory, from `/proc/pressure/memory`.
    pub memory_pressure: Option<Pressure>,
    /// Pressure on I/O, from `/proc/pressure/io`.
    pub io_pressure: Option<Pressure>,
    /// Boot of the host, Unix time in seconds: where its counters started.
    pub boot_time_seconds: Option<f64>,
}

/// Memory and swap of the host in bytes. Each stands for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryTotals {
    /// `MemTotal`.
    pub memory_bytes: Option<u64>,
    /// `MemFree`.
    pub free_bytes: Option<u64>,
    /// `MemAvailable`, since Linux 3.14.
    pub available_bytes: Option<u64>,
    /// `SwapTotal`.
    pub swap_bytes: Option<u64>,
    /// `SwapFree`.
    pub swap_free_bytes: Option<u64>,
}

impl MemoryTotals {
    /// What is in use and the whole. Without `MemAvailable`, all that is not free is in use.
    pub fn used_of(&self) -> Option<(u64, u64)> {
        let free = self.available_bytes.or(self.free_bytes);
        let whole = self.memory_bytes?;
        Some((whole.saturating_sub(free?), whole))
    }
}

/// Memory of the host in bytes, by what it is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostMemory {
    /// `MemTotal`.
    pub total_bytes: u64,
    /// `MemFree`.
    pub free_bytes: u64,
    /// `Buffers + Cached - Shmem`.
    pub page_cache_bytes: u64,
    /// `Shmem`.
    pub shmem_bytes: u64,
    /// `AnonPages`.
    pub anonymous_bytes: u64,
    /// `SReclaimable`.
    pub slab_reclaimable_bytes: u64,
    /// `SUnreclaim`.
    pub slab_unreclaimable_bytes: u64,
    /// `KernelStack`.
    pub kernel_stack_bytes: u64,
    /// `PageTables + SecPageTables`.
    pub page_tables_bytes: u64,
    /// `Percpu`.
    pub percpu_bytes: u64,
    /// `Hugetlb`.
    pub hugetlb_bytes: u64,
}

impl HostMemory {
    /// The categories by name; they sum to `total_bytes` exactly.
    ///
    /// `other` is the rest. The kernel reads its counters one after another, so their sum may
    /// pass the total for a moment: then the last categories give way and `other` is 0.
    pub fn categories(&self) -> [(&'static str, u64); 11] {
        let mut rest = self.total_bytes;
        let mut take = |bytes: u64| {
            let taken = bytes.min(rest);
            rest -= taken;
            taken
        };
        let mut categories = [
            ("free", take(self.free_bytes)),
            ("page_cache", take(self.page_cache_bytes)),
            ("shmem", take(self.shmem_bytes)),
            ("anonymous", take(self.anonymous_bytes)),
            ("slab_reclaimable", take(self.slab_reclaimable_bytes)),
            ("slab_unreclaimable", take(self.slab_unreclaimable_bytes)),
            ("kernel_stack", take(self.kernel_stack_bytes)),
            ("page_tables", take(self.page_tables_bytes)),
            ("percpu", take(self.percpu_bytes)),
            ("hugetlb", take(self.hugetlb_bytes)),
            ("other", 0),
        ];
        categories[10].1 = rest;
        categories
    }
}

impl HostRecord {
    /// Pressure by resource.
    pub(crate) fn pressures(&self) -> [(&'static str, Option<Pressure>); 3] {
        [
            ("cpu", self.cpu_pressure),
            ("memory", self.memory_pressure),
            ("io", self.io_pressure),
        ]
    }
}

/// CPU time of the host since boot, in seconds by mode.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HostCpu {
    /// User mode, guests included, without `nice`.
    pub user_seconds: Option<f64>,
    /// User mode of niced processes.
    pub nice_seconds: Option<f64>,
    /// Kernel mode.
    pub system_seconds: Option<f64>,
    /// Idle.
    pub idle_seconds: Option<f64>,
    /// Idle with I/O outstanding.
    pub iowait_seconds: Option<f64>,
    /// Hardware interrupts.
    pub irq_seconds: Option<f64>,
    /// Software interrupts.
    pub softirq_seconds: Option<f64>,
    /// Taken by the hypervisor.
    pub steal_seconds: Option<f64>,
}

impl HostCpu {
    /// The modes by name.
    pub fn modes(&self) -> [(&'static str, Option<f64>); 8] {
        [
            ("user", self.user_seconds),
            ("nice", self.nice_seconds),
            ("system", self.system_seconds),
            ("idle", self.idle_seconds),
            ("iowait", self.iowait_seconds),
            ("irq", self.irq_seconds),
            ("softirq", self.softirq_seconds),
            ("steal", self.steal_seconds),
        ]
    }
}

/// Accumulated pressure stall time of one resource, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pressure {
    /// Time in which some task waited (`some`).
    pub waiting_seconds: f64,
    /// Time in which all tasks waited (`full`); for the CPU since Linux 5.13.
    pub stalled_seconds: Option<f64>,
}

//! `/proc/meminfo` (`fs/proc/meminfo.c`): the few lines that are needed.

use herakles_metrics::{HostMemory, MemoryTotals};

use super::line::{OddLine, count, lines};

/// What is told of the host's memory, in bytes. Each is read on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meminfo {
    pub(super) totals: MemoryTotals,
    /// What the total is used for; `None` unless all of it is told and fits the total.
    pub(super) categories: Option<HostMemory>,
}

/// The lines that are needed, as they stand in the file.
#[derive(Default)]
struct Lines {
    values: [Option<Result<u64, OddLine>>; KEYS.len()],
}

const KEYS: [&str; 18] = [
    "MemTotal",
    "MemFree",
    "MemAvailable",
    "SwapTotal",
    "SwapFree",
    "Buffers",
    "Cached",
    "Shmem",
    "AnonPages",
    "SReclaimable",
    "SUnreclaim",
    "KernelStack",
    "PageTables",
    "SecPageTables",
    "Percpu",
    "Hugetlb",
    "HugePages_Total",
    "Hugepagesize",
];

impl Meminfo {
    /// Reads the text of the file; gives also how many of its lines are odd.
    pub(super) fn parse(text: &[u8]) -> (Self, u64) {
        let mut found = Lines::default();
        for line in lines(text) {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            if let Some(index) = KEYS.iter().position(|known| *known == key)
                && let Some(slot) = found.values.get_mut(index)
            {
                *slot = Some(bytes(key, value.trim()));
            }
        }
        let mut odd = found
            .values
            .iter()
            .flatten()
            .filter(|it| it.is_err())
            .count() as u64;
        let total = found.value("MemTotal");
        let swap_total = found.value("SwapTotal");
        let mut within = |part: Option<u64>, whole: Option<u64>| {
            let fits = part.zip(whole).is_none_or(|(part, whole)| part <= whole);
            odd += u64::from(!fits);
            part.filter(|_| fits)
        };
        let mut totals = MemoryTotals::default();
        totals.memory_bytes = total;
        totals.free_bytes = within(found.value("MemFree"), total);
        totals.available_bytes = within(found.value("MemAvailable"), total);
        totals.swap_bytes = swap_total;
        totals.swap_free_bytes = within(found.value("SwapFree"), swap_total);
        let memory = Self {
            totals,
            categories: total.and_then(|total| found.categories(total)),
        };
        (memory, odd)
    }
}

impl Lines {
    fn value(&self, key: &str) -> Option<u64> {
        self.slot(key)?.ok()
    }

    /// A line that older kernels lack and that is 0 there; `None` if it is odd.
    fn newer(&self, key: &str) -> Option<u64> {
        self.slot(key).unwrap_or(Ok(0)).ok()
    }

    fn slot(&self, key: &str) -> Option<Result<u64, OddLine>> {
        let index = KEYS.iter().position(|known| *known == key)?;
        *self.values.get(index)?
    }

    fn categories(&self, total: u64) -> Option<HostMemory> {
        let shmem = self.value("Shmem")?;
        let cache = self.value("Buffers")?.checked_add(self.value("Cached")?)?;
        let hugetlb = match self.slot("Hugetlb") {
            Some(told) => told.ok()?,
            // Before Linux 4.16 huge pages are told by number only, and only those of the
            // default size.
            None => {
                let pages = self.newer("HugePages_Total")?;
                pages.checked_mul(self.newer("Hugepagesize")?)?
            }
        };
        let mut memory = HostMemory::default();
        memory.total_bytes = total;
        memory.free_bytes = self.value("MemFree")?;
        // Shared memory is in the page cache too.
        memory.page_cache_bytes = cache.saturating_sub(shmem);
        memory.shmem_bytes = shmem;
        memory.anonymous_bytes = self.value("AnonPages")?;
        memory.slab_reclaimable_bytes = self.value("SReclaimable")?;
        memory.slab_unreclaimable_bytes = self.value("SUnreclaim")?;
        memory.kernel_stack_bytes = self.value("KernelStack")?;
        memory.page_tables_bytes = self
            .value("PageTables")?
            .checked_add(self.newer("SecPageTables")?)?;
        memory.percpu_bytes = self.newer("Percpu")?;
        memory.hugetlb_bytes = hugetlb;
        fit(&memory).then_some(memory)
    }
}

/// Whether the parts are parts of this total. The kernel reads its counters one after another, so
/// they may pass it by a little; a container's view (lxcfs) mixes two machines.
fn fit(memory: &HostMemory) -> bool {
    let parts = [
        memory.free_bytes,
        memory.page_cache_bytes,
        memory.shmem_bytes,
        memory.anonymous_bytes,
        memory.slab_reclaimable_bytes,
        memory.slab_unreclaimable_bytes,
        memory.kernel_stack_bytes,
        memory.page_tables_bytes,
        memory.percpu_bytes,
        memory.hugetlb_bytes,
    ];
    let sum = parts.into_iter().map(u128::from).sum::<u128>();
    let total = u128::from(memory.total_bytes);
    sum <= total + total / 100
}

/// The value of a line: a number of kB, or of pages.
fn bytes(key: &str, value: &str) -> Result<u64, OddLine> {
    let digits = value
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    match (key, unit.trim_start()) {
        ("HugePages_Total", "") => count(number),
        ("HugePages_Total", _) => Err(OddLine),
        (_, "kB") => count(number)?.checked_mul(1024).ok_or(OddLine),
        _ => Err(OddLine),
    }
}

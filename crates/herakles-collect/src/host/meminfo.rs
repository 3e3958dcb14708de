//! `/proc/meminfo` (`fs/proc/meminfo.c`): the few lines that are needed.

use super::line::{OddLine, count, lines};

/// What is told of the host's memory, in bytes. Each is read on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meminfo {
    pub(super) total: Option<u64>,
    pub(super) available: Option<u64>,
    pub(super) swap_total: Option<u64>,
    pub(super) swap_free: Option<u64>,
    /// What the total is used for; `None` unless all of it is told and fits the total.
    pub(super) parts: Option<Parts>,
}

/// Parts of the total, in bytes; with `other`, the rest, they sum to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) free: u64,
    pub(super) page_cache: u64,
    pub(super) shmem: u64,
    pub(super) anonymous: u64,
    pub(super) slab_reclaimable: u64,
    pub(super) slab_unreclaimable: u64,
    pub(super) kernel_stack: u64,
    pub(super) page_tables: u64,
    pub(super) percpu: u64,
    pub(super) hugetlb: u64,
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
        let available = within(found.value("MemAvailable"), total);
        let swap_free = within(found.value("SwapFree"), swap_total);
        let memory = Self {
            total,
            available,
            swap_total,
            swap_free,
            parts: total.and_then(|total| found.parts(total)),
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

    fn parts(&self, total: u64) -> Option<Parts> {
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
        let parts = Parts {
            free: self.value("MemFree")?,
            // Shared memory is in the page cache too.
            page_cache: cache.saturating_sub(shmem),
            shmem,
            anonymous: self.value("AnonPages")?,
            slab_reclaimable: self.value("SReclaimable")?,
            slab_unreclaimable: self.value("SUnreclaim")?,
            kernel_stack: self.value("KernelStack")?,
            page_tables: self
                .value("PageTables")?
                .checked_add(self.newer("SecPageTables")?)?,
            percpu: self.newer("Percpu")?,
            hugetlb,
        };
        parts.fits(total).then_some(parts)
    }
}

impl Parts {
    /// Whether the parts are parts of this total. The kernel reads its counters one after another,
    /// so they may pass it by a little; a container's view (lxcfs) mixes two machines.
    fn fits(&self, total: u64) -> bool {
        let parts = [
            self.free,
            self.page_cache,
            self.shmem,
            self.anonymous,
            self.slab_reclaimable,
            self.slab_unreclaimable,
            self.kernel_stack,
            self.page_tables,
            self.percpu,
            self.hugetlb,
        ];
        let sum = parts.into_iter().map(u128::from).sum::<u128>();
        sum <= u128::from(total) + u128::from(total / 100)
    }
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

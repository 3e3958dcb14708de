//! What the members of a subgroup add up to.

use herakles_smaps::MemoryUsage;

use crate::input::SubgroupRecord;
use crate::limits::Quantities;
use crate::process::{Activity, MemorySample, Process, ProcessKind, ProcessMemory, SubgroupShare};
use crate::snapshot::{Subgroup, SubgroupMemory};

/// The memory of a process with this sample. The sample may be older than the RSS, so it is capped
/// such that USS <= PSS <= RSS.
fn capped(now: ProcessMemory, sample: &MemorySample) -> ProcessMemory {
    let usage = &sample.usage;
    let rss = now.rss_bytes.unwrap_or(usage.rss_bytes);
    let pss = usage.pss_bytes.min(rss);
    ProcessMemory {
        rss_bytes: Some(rss),
        pss_bytes: Some(pss),
        uss_bytes: Some(usage.uss_bytes().min(pss)),
        swap_bytes: Some(usage.swap_bytes),
        sample_age_seconds: Some(sample.age.as_secs_f64()),
        rss_age_seconds: now.rss_age_seconds,
    }
}

/// `bytes` × `numerator` / `denominator`, where the fraction is at most 1.
fn scale(bytes: u64, numerator: u64, denominator: u64) -> u64 {
    if numerator == denominator {
        return bytes;
    }
    let scaled = u128::from(bytes) * u128::from(numerator) / u128::from(denominator.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// What the members of one subgroup add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    processes: u64,
    threads: u64,
    activities: [u64; Activity::ALL.len()],
    unreadable: u64,
    open_fds: Option<u64>,
    worst_fd_ratio: Option<f64>,
    memory: SubgroupMemory,
    cpu_usage_ratio: Option<f64>,
    oldest_start: Option<f64>,
    newest_start: Option<f64>,
}

impl Sums {
    /// Adds a process, and gives it the memory that its sample says it has: none to kernel threads
    /// and zombies, whatever was read.
    pub(crate) fn add(&mut self, process: &mut Process, share: &SubgroupShare) {
        self.processes += 1;
        self.threads += u64::from(process.threads);
        if let Some(count) = self.activities.get_mut(share.activity as usize) {
            *count += 1;
        }
        join(&mut self.open_fds, share.open_fds, u64::saturating_add);
        let fds = share.open_fds.zip(share.max_fds);
        let ratio = fds.map(|(open, most)| open as f64 / most.max(1) as f64);
        join(&mut self.worst_fd_ratio, ratio, f64::max);
        process.memory = match (process.kind, &share.sample) {
            (ProcessKind::KernelThread | ProcessKind::Zombie, _) => ProcessMemory::default(),
            (ProcessKind::User, Some(sample)) => {
                let memory = capped(process.memory, sample);
                self.add_parts(&sample.usage, memory.pss_bytes.unwrap_or(0));
                memory
            }
            (ProcessKind::User, None) => {
                self.unreadable += 1;
                process.memory
            }
        };
        let (sum, memory) = (&mut self.memory, &process.memory);
        for (sum, value) in [
            (&mut sum.rss_bytes, memory.rss_bytes),
            (&mut sum.pss_bytes, memory.pss_bytes),
            (&mut sum.uss_bytes, memory.uss_bytes),
            (&mut sum.swap_bytes, memory.swap_bytes),
            (&mut sum.virtual_bytes, Some(share.virtual_bytes)),
        ] {
            join(sum, value, u64::saturating_add);
        }
        let start = process.start_time_seconds;
        for age in [memory.sample_age_seconds, memory.rss_age_seconds] {
            join(&mut sum.sample_age_seconds, age, f64::max);
        }
        join(
            &mut self.cpu_usage_ratio,
            process.cpu_usage_ratio,
            |a, b| a + b,
        );
        join(&mut self.oldest_start, start, f64::min);
        join(&mut self.newest_start, start, f64::max);
    }

    /// Adds what is known of a member's memory for its subgroup alone. The parts of PSS shrink with
    /// it where it was capped to `pss`.
    fn add_parts(&mut self, usage: &MemoryUsage, pss: u64) {
        let part = |bytes: Option<u64>| bytes.map(|bytes| scale(bytes, pss, usage.pss_bytes));
        let sum = &mut self.memory;
        for (sum, value) in [
            (&mut sum.swap_pss_bytes, usage.swap_pss_bytes),
            (&mut sum.pss_anon_bytes, part(usage.pss_anon_bytes)),
            (&mut sum.pss_file_bytes, part(usage.pss_file_bytes)),
            (&mut sum.pss_shmem_bytes, part(usage.pss_shmem_bytes)),
            (&mut sum.hugetlb_private_bytes, usage.private_hugetlb_bytes),
        ] {
            join(sum, value, u64::saturating_add);
        }
    }

    pub(crate) fn has_members(&self) -> bool {
        self.processes > 0
    }

    /// The subgroup with these sums. Parts that this kernel does not give stay absent
    /// without members too.
    pub(crate) fn into_subgroup(
        self,
        record: SubgroupRecord,
        kernel_gives: KernelGives,
        quantities: Quantities,
    ) -> Subgroup {
        let Quantities { rss, pss, uss, cpu } = quantities;
        let empty = !self.has_members();
        let memory =
            |sum: Option<u64>, exported: bool| sum.or(empty.then_some(0)).filter(|_| exported);
        let sum = &self.memory;
        Subgroup {
            class: record.class,
            processes: self.processes,
            threads: self.threads,
            unreadable_processes: self.unreadable,
            activities: self.activities,
            open_fds: self.open_fds.or((empty && kernel_gives.fds).then_some(0)),
            worst_fd_ratio: self.worst_fd_ratio,
            memory: SubgroupMemory {
                rss_bytes: memory(sum.rss_bytes, rss),
                pss_bytes: memory(sum.pss_bytes, pss),
                uss_bytes: memory(sum.uss_bytes, uss),
                swap_bytes: memory(sum.swap_bytes, true),
                swap_pss_bytes: memory(sum.swap_pss_bytes, pss && kernel_gives.swap_pss),
                pss_anon_bytes: memory(sum.pss_anon_bytes, pss && kernel_gives.pss_parts),
                pss_file_bytes: memory(sum.pss_file_bytes, pss && kernel_gives.pss_parts),
                pss_shmem_bytes: memory(sum.pss_shmem_bytes, pss && kernel_gives.pss_parts),
                hugetlb_private_bytes: memory(sum.hugetlb_private_bytes, kernel_gives.hugetlb),
                virtual_bytes: memory(sum.virtual_bytes, true),
                sample_age_seconds: sum.sample_age_seconds,
            },
            cpu_usage_ratio: self
                .cpu_usage_ratio
                .or(empty.then_some(0.0))
                .filter(|_| cpu),
            cpu_user_seconds: Some(record.counters.cpu_user_seconds).filter(|_| cpu),
            cpu_system_seconds: Some(record.counters.cpu_system_seconds).filter(|_| cpu),
            minor_faults: record.counters.minor_faults,
            major_faults: record.counters.major_faults,
            io_bytes: record.counters.io_bytes,
            created_seconds: record.created_seconds,
            oldest_start_time_seconds: self.oldest_start,
            newest_start_time_seconds: self.newest_start,
        }
    }
}

/// Which of the newer values this kernel gives, seen from the processes themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KernelGives {
    swap_pss: bool,
    pss_parts: bool,
    hugetlb: bool,
    fds: bool,
}

impl KernelGives {
    pub(crate) fn seen_in<'a>(sums: impl Iterator<Item = &'a Sums> + Clone) -> Self {
        let seen = |part: fn(&SubgroupMemory) -> Option<u64>| {
            sums.clone().any(|sums| part(&sums.memory).is_some())
        };
        Self {
            swap_pss: seen(|memory| memory.swap_pss_bytes),
            pss_parts: seen(|memory| memory.pss_anon_bytes),
            hugetlb: seen(|memory| memory.hugetlb_private_bytes),
            fds: sums.clone().any(|sums| sums.open_fds.is_some()),
        }
    }
}

/// Folds a value that may be absent into a sum that may be absent.
fn join<T: Copy>(sum: &mut Option<T>, value: Option<T>, with: fn(T, T) -> T) {
    *sum = match (*sum, value) {
        (Some(a), Some(b)) => Some(with(a, b)),
        (sum, value) => sum.or(value),
    };
}

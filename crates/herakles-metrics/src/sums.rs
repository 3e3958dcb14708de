use std::time::Duration;

use crate::input::{ProcessKind, ProcessRecord, SubgroupRecord};
use crate::limits::Quantities;
use crate::snapshot::{Subgroup, SubgroupMemory};

/// The exported memory of one process: a sample may be older than the RSS, so it is capped such
/// that USS <= PSS <= RSS, and the parts of PSS shrink with it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) pss_bytes: Option<u64>,
    pub(crate) uss_bytes: Option<u64>,
    pub(crate) swap_bytes: Option<u64>,
    pub(crate) sample_age: Option<Duration>,
    swap_pss_bytes: Option<u64>,
    pss_anon_bytes: Option<u64>,
    pss_file_bytes: Option<u64>,
    pss_shmem_bytes: Option<u64>,
    hugetlb_private_bytes: Option<u64>,
}

impl Memory {
    /// Nothing for kernel threads and zombies, whatever the record says.
    pub(crate) fn of(record: &ProcessRecord) -> Self {
        if record.kind != ProcessKind::User {
            return Self::default();
        }
        let Some(sample) = record.memory else {
            return Self {
                rss_bytes: record.rss_bytes,
                ..Self::default()
            };
        };
        let usage = sample.usage;
        let rss = record.rss_bytes.unwrap_or(usage.rss_bytes);
        let pss = usage.pss_bytes.min(rss);
        let part = |bytes: u64| scale(bytes, pss, usage.pss_bytes);
        Self {
            rss_bytes: Some(rss),
            pss_bytes: Some(pss),
            uss_bytes: Some(usage.uss_bytes().min(pss)),
            swap_bytes: Some(usage.swap_bytes),
            sample_age: Some(sample.age),
            swap_pss_bytes: usage.swap_pss_bytes,
            pss_anon_bytes: usage.pss_anon_bytes.map(part),
            pss_file_bytes: usage.pss_file_bytes.map(part),
            pss_shmem_bytes: usage.pss_shmem_bytes.map(part),
            hugetlb_private_bytes: usage.private_hugetlb_bytes,
        }
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
    unreadable: u64,
    memory: SubgroupMemory,
    oldest_sample: Option<Duration>,
    cpu_usage_ratio: Option<f64>,
    oldest_start: Option<f64>,
    newest_start: Option<f64>,
}

impl Sums {
    pub(crate) fn add(&mut self, record: &ProcessRecord, memory: &Memory) {
        self.processes += 1;
        self.threads += u64::from(record.threads);
        if record.kind == ProcessKind::User && record.memory.is_none() {
            self.unreadable += 1;
        }
        let sum = &mut self.memory;
        for (sum, value) in [
            (&mut sum.rss_bytes, memory.rss_bytes),
            (&mut sum.pss_bytes, memory.pss_bytes),
            (&mut sum.uss_bytes, memory.uss_bytes),
            (&mut sum.swap_bytes, memory.swap_bytes),
            (&mut sum.swap_pss_bytes, memory.swap_pss_bytes),
            (&mut sum.pss_anon_bytes, memory.pss_anon_bytes),
            (&mut sum.pss_file_bytes, memory.pss_file_bytes),
            (&mut sum.pss_shmem_bytes, memory.pss_shmem_bytes),
            (&mut sum.hugetlb_private_bytes, memory.hugetlb_private_bytes),
        ] {
            join(sum, value, u64::saturating_add);
        }
        let start = record.start_time_seconds;
        let age = memory.sample_age.max(record.rss_age);
        join(&mut self.oldest_sample, age, Duration::max);
        join(&mut self.cpu_usage_ratio, record.cpu_usage_ratio, |a, b| {
            a + b
        });
        join(&mut self.oldest_start, start, f64::min);
        join(&mut self.newest_start, start, f64::max);
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
            },
            memory_sample_age_seconds: self.oldest_sample.map(|age| age.as_secs_f64()),
            cpu_usage_ratio: self
                .cpu_usage_ratio
                .or(empty.then_some(0.0))
                .filter(|_| cpu),
            cpu_user_seconds: Some(record.counters.cpu_user_seconds).filter(|_| cpu),
            cpu_system_seconds: Some(record.counters.cpu_system_seconds).filter(|_| cpu),
            minor_faults: record.counters.minor_faults,
            major_faults: record.counters.major_faults,
            created_seconds: record.created_seconds,
            oldest_start_time_seconds: self.oldest_start,
            newest_start_time_seconds: self.newest_start,
        }
    }
}

/// Which of the newer parts of memory this kernel prints, seen from the samples themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KernelGives {
    swap_pss: bool,
    pss_parts: bool,
    hugetlb: bool,
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

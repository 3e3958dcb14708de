//! The host's own figures, parsed by the `procfs` crate from the scanned root.

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use herakles_metrics::{HostCpu, HostMemory, HostRecord, Pressure};
use procfs::prelude::*;
use procfs::{
    CpuPressure, CpuTime, ExplicitSystemInfo, IoPressure, KernelStats, LoadAverage, Meminfo,
    MemoryPressure, PressureRecord, ProcResult,
};

/// No host file is longer; `/proc/stat` of a thousand CPUs is a third of it.
const MAX_BYTES: u64 = 1 << 20;

/// Reads the host's files below one root into a buffer of its own.
pub(crate) struct Host {
    root: PathBuf,
    system: ExplicitSystemInfo,
    buffer: Vec<u8>,
}

impl Host {
    pub(crate) fn new(root: &Path, ticks_per_second: u64, page_size: u64) -> Self {
        let system = ExplicitSystemInfo {
            boot_time_secs: 0,
            ticks_per_second,
            page_size,
            is_little_endian: cfg!(target_endian = "little"),
        };
        Self {
            root: root.to_owned(),
            system,
            buffer: Vec::new(),
        }
    }

    /// The host as it is now. What the kernel does not have, or a damaged file, is absent.
    pub(crate) fn read(&mut self) -> HostRecord {
        let ticks = self.system.ticks_per_second as f64;
        let system = self.system;
        let stat = self.parse("stat", |text| KernelStats::from_read(text, &system));
        HostRecord {
            memory: self
                .parse("meminfo", |text| Meminfo::from_read(text))
                .map(memory),
            load: self
                .parse("loadavg", |text| LoadAverage::from_read(text))
                .map(|it| [it.one, it.five, it.fifteen].map(short_decimal)),
            cpu_pressure: self
                .parse("pressure/cpu", |text| CpuPressure::from_read(text))
                .map(|it| pressure(&it.some, &it.full)),
            memory_pressure: self
                .parse("pressure/memory", |text| MemoryPressure::from_read(text))
                .map(|it| pressure(&it.some, &it.full)),
            io_pressure: self
                .parse("pressure/io", |text| IoPressure::from_read(text))
                .map(|it| pressure(&it.some, &it.full)),
            boot_time_seconds: stat.as_ref().map(|it| it.btime as f64),
            cpu: stat.map(|it| cpu(&it.total, ticks)),
        }
    }

    fn parse<T>(&mut self, file: &str, parser: impl Fn(&[u8]) -> ProcResult<T>) -> Option<T> {
        self.buffer.clear();
        let file = File::open(self.root.join(file)).ok()?;
        file.take(MAX_BYTES).read_to_end(&mut self.buffer).ok()?;
        // The parsers are made for the kernel's own text; damaged text may make one panic.
        catch_unwind(AssertUnwindSafe(|| parser(&self.buffer)))
            .ok()?
            .ok()
    }
}

fn memory(it: Meminfo) -> HostMemory {
    HostMemory {
        total_bytes: it.mem_total,
        available_bytes: it.mem_available,
        swap_total_bytes: it.swap_total,
        swap_free_bytes: it.swap_free,
        free_bytes: it.mem_free,
        page_cache_bytes: (it.buffers + it.cached).saturating_sub(it.shmem.unwrap_or(0)),
        shmem_bytes: it.shmem.unwrap_or(0),
        anonymous_bytes: it.anon_pages.unwrap_or(0),
        slab_reclaimable_bytes: it.s_reclaimable.unwrap_or(0),
        slab_unreclaimable_bytes: it.s_unreclaim.unwrap_or(0),
        kernel_stack_bytes: it.kernel_stack.unwrap_or(0),
        page_tables_bytes: it
            .page_tables
            .unwrap_or(0)
            .saturating_add(it.secondary_page_tables.unwrap_or(0)),
        percpu_bytes: it.per_cpu.unwrap_or(0),
        hugetlb_bytes: it.hugetlb.or_else(|| huge_pages(&it)).unwrap_or(0),
    }
}

/// Kernels before 4.16 tell huge pages by number only, and only those of the default size.
fn huge_pages(it: &Meminfo) -> Option<u64> {
    it.hugepages_total?.checked_mul(it.hugepagesize?)
}

fn cpu(it: &CpuTime, ticks_per_second: f64) -> HostCpu {
    let seconds = |ticks: u64| ticks as f64 / ticks_per_second;
    HostCpu {
        user_seconds: seconds(it.user),
        nice_seconds: seconds(it.nice),
        system_seconds: seconds(it.system),
        idle_seconds: seconds(it.idle),
        iowait_seconds: seconds(it.iowait.unwrap_or(0)),
        irq_seconds: seconds(it.irq.unwrap_or(0)),
        softirq_seconds: seconds(it.softirq.unwrap_or(0)),
        steal_seconds: seconds(it.steal.unwrap_or(0)),
    }
}

fn pressure(some: &PressureRecord, full: &PressureRecord) -> Pressure {
    let seconds = |micros: u64| micros as f64 / 1e6;
    Pressure {
        waiting_seconds: seconds(some.total),
        stalled_seconds: Some(seconds(full.total)),
    }
}

/// The kernel prints hundredths; a plain widening would show the binary rest of an `f32`.
fn short_decimal(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests;

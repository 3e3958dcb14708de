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
        hugetlb_bytes: it.hugetlb.unwrap_or(0),
    }
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
mod tests {
    use std::fs;

    use super::*;

    fn host(files: &[(&str, &str)]) -> HostRecord {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("pressure")).unwrap();
        for (name, text) in files {
            fs::write(root.path().join(name), text).unwrap();
        }
        Host::new(root.path(), 100, 4096).read()
    }

    #[test]
    fn the_live_host_accounts_for_every_byte() {
        let host = Host::new(Path::new("/proc"), 100, 4096).read();
        let memory = host.memory.unwrap();
        let sum: u64 = memory.categories().iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(sum, memory.total_bytes);
        assert!(host.cpu.unwrap().idle_seconds > 0.0);
        assert!(host.boot_time_seconds.unwrap() > 1.6e9);
    }

    #[test]
    fn missing_and_damaged_files_are_absent() {
        let host = host(&[
            ("stat", "cpu what\n"),
            ("loadavg", ""),
            ("meminfo", "MemTotal"),
        ]);
        assert_eq!(host, HostRecord::default());
    }

    #[test]
    fn values_have_the_units_of_their_names() {
        let host = host(&[
            (
                "stat",
                "cpu  100 20 300 4000 50 6 7 8 0 0\nctxt 1\nbtime 1700000000\nprocesses 5\n",
            ),
            ("loadavg", "0.10 2.25 31.07 1/100 4242\n"),
            (
                "pressure/io",
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n\
                 full avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
            ),
        ]);
        let cpu = host.cpu.unwrap();
        assert_eq!((cpu.user_seconds, cpu.nice_seconds), (1.0, 0.2));
        assert_eq!((cpu.idle_seconds, cpu.steal_seconds), (40.0, 0.08));
        assert_eq!(host.load, Some([0.10, 2.25, 31.07]));
        assert_eq!(
            host.io_pressure,
            Some(Pressure {
                waiting_seconds: 1.5,
                stalled_seconds: Some(0.5)
            })
        );
        assert_eq!(host.boot_time_seconds, Some(1.7e9));
    }
}

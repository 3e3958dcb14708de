//! Snapshots to test with.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part"
)]

pub(crate) mod parse;

use std::sync::Arc;
use std::time::Duration;

use herakles_classify::Class;
use herakles_metrics::exporter::{
    BuildLabels, CacheUpdates, ConfigLabels, ExporterStatus, ExpositionBytes, Reload, SelfUsage,
};
use herakles_metrics::*;
use herakles_smaps::MemoryUsage;
use herakles_stat::{IoBytes, Pid, ProcessKey};

/// When the snapshots are taken, Unix time.
pub(crate) const NOW: f64 = 1_763_000_000.0;

pub(crate) fn subgroup(group: &str, subgroup: &str) -> SubgroupRecord {
    let mut record = SubgroupRecord::new(Class::new(group, subgroup), NOW - 3600.0);
    record.counters.cpu_user_seconds = 12.5;
    record.counters.cpu_system_seconds = 3.25;
    record.counters.minor_faults = 4000;
    record.counters.major_faults = 2;
    record.counters.io_bytes = Some(IoBytes {
        read: 8192,
        write: 4096,
    });
    record
}

/// One that stays without members too.
pub(crate) fn staying(group: &str, name: &str) -> SubgroupRecord {
    let mut record = subgroup(group, name);
    record.stays = true;
    record
}

/// One that is not shown.
pub(crate) fn hidden(group: &str, name: &str) -> SubgroupRecord {
    let mut record = staying(group, name);
    record.visible = false;
    record
}

/// A process as a test writes it down.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) key: ProcessKey,
    pub(crate) name: Arc<str>,
    pub(crate) subgroup: SubgroupSlot,
    pub(crate) kind: ProcessKind,
    pub(crate) start_time_seconds: Option<f64>,
    pub(crate) threads: u32,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) rss_age: Option<Duration>,
    pub(crate) memory: Option<MemorySample>,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) cpu_usage_ratio: Option<f64>,
    pub(crate) name_passes: bool,
    pub(crate) activity: Activity,
    pub(crate) virtual_bytes: u64,
    pub(crate) open_fds: Option<u64>,
    pub(crate) max_fds: Option<u64>,
}

pub(crate) fn push(builder: &mut SnapshotBuilder, given: Given) {
    let mut process = builder.process(given.subgroup, given.key, given.name, given.kind);
    process.start_time_seconds = given.start_time_seconds;
    process.threads = given.threads;
    process.memory = ProcessMemory::resident(given.rss_bytes);
    process.memory.rss_age_seconds = given.rss_age.map(|age| age.as_secs_f64());
    process.cpu_seconds = given.cpu_seconds;
    process.cpu_usage_ratio = given.cpu_usage_ratio;
    process.has_series = given.name_passes;
    let mut share = SubgroupShare::of_memory(given.memory);
    share.activity = given.activity;
    share.virtual_bytes = given.virtual_bytes;
    share.open_fds = given.open_fds;
    share.max_fds = given.max_fds;
    builder.push(process, &share);
}

/// A process an hour old, of which nothing is known yet.
pub(crate) fn process(subgroup: SubgroupSlot, pid: u32, name: &str) -> Given {
    Given {
        key: ProcessKey {
            pid: Pid::new(pid).unwrap(),
            start_time: u64::from(pid),
        },
        name: name.into(),
        subgroup,
        kind: ProcessKind::User,
        start_time_seconds: Some(NOW - 3600.0 + f64::from(pid)),
        threads: 1,
        rss_bytes: None,
        memory: None,
        cpu_seconds: None,
        cpu_usage_ratio: None,
        rss_age: None,
        name_passes: true,
        activity: Activity::Sleeping,
        virtual_bytes: u64::from(pid) << 20,
        open_fds: Some(u64::from(pid)),
        max_fds: Some(1024),
    }
}

/// A sample with this USS, PSS and RSS in kB, and every part the kernel may give.
pub(crate) fn sample(uss: u64, pss: u64, rss: u64) -> MemorySample {
    let mut usage = MemoryUsage::default();
    usage.rss_bytes = rss << 10;
    usage.pss_bytes = pss << 10;
    usage.pss_anon_bytes = Some(uss << 10);
    usage.pss_file_bytes = Some((pss - uss) << 10);
    usage.pss_shmem_bytes = Some(0);
    usage.shared_clean_bytes = (rss - uss) << 10;
    usage.private_dirty_bytes = uss << 10;
    usage.swap_bytes = 4 << 10;
    usage.swap_pss_bytes = Some(2 << 10);
    usage.private_hugetlb_bytes = Some(0);
    MemorySample {
        usage,
        age: Duration::from_millis(250),
    }
}

/// A host with every sort of process: readable, refused, new, hostile, kernel thread, zombie.
pub(crate) fn small_host() -> SnapshotBuilder {
    let mut builder = SnapshotBuilder::new(NOW);
    builder.host(host());
    let nginx = builder.subgroup(subgroup("web", "nginx"));
    let postgres = builder.subgroup(subgroup("db", "postgres"));
    let other = builder.subgroup(subgroup("other", "other"));
    let kernel = builder.subgroup(subgroup("system", "kernel"));
    builder.subgroup(staying("cache", "redis"));
    let hidden = builder.subgroup(hidden("sec", "ret"));

    push(
        &mut builder,
        Given {
            rss_bytes: Some(9 << 20),
            memory: Some(sample(4096, 6000, 9216)),
            cpu_seconds: Some(61.25),
            cpu_usage_ratio: Some(0.5),
            threads: 4,
            ..process(nginx, 201, "nginx")
        },
    );
    push(
        &mut builder,
        Given {
            rss_bytes: Some(5 << 20),
            cpu_seconds: Some(1.0),
            ..process(postgres, 100, "postgres")
        },
    );
    push(
        &mut builder,
        Given {
            // The sample is older than the RSS, which has shrunk since.
            rss_bytes: Some(5 << 20),
            memory: Some(sample(4096, 6000, 9216)),
            cpu_seconds: Some(7.0),
            cpu_usage_ratio: Some(1.75),
            ..process(postgres, 99, "postgres")
        },
    );
    push(
        &mut builder,
        Given {
            rss_bytes: Some(1 << 20),
            memory: Some(sample(512, 700, 1024)),
            cpu_seconds: Some(0.25),
            cpu_usage_ratio: Some(0.0),
            ..process(other, 300, "x\"y\\z\n} evil 1")
        },
    );
    push(
        &mut builder,
        Given {
            kind: ProcessKind::Zombie,
            rss_bytes: Some(0),
            cpu_seconds: Some(0.5),
            cpu_usage_ratio: Some(0.0),
            ..process(other, 301, "gone")
        },
    );
    push(
        &mut builder,
        Given {
            kind: ProcessKind::KernelThread,
            rss_bytes: Some(0),
            cpu_seconds: Some(33.0),
            cpu_usage_ratio: Some(0.125),
            ..process(kernel, 2, "kthreadd")
        },
    );
    push(
        &mut builder,
        Given {
            rss_bytes: Some(1 << 30),
            memory: Some(sample(512, 700, 1024)),
            ..process(hidden, 77, "hidden")
        },
    );
    builder
}

pub(crate) fn host() -> HostRecord {
    let kb = |kb: u64| kb << 10;
    let pressure = Pressure {
        waiting_seconds: 12.5,
        stalled_seconds: Some(1.25),
    };
    let mut memory = HostMemory::default();
    memory.total_bytes = kb(16_000_000);
    memory.free_bytes = kb(8_000_000);
    memory.page_cache_bytes = kb(4_000_000);
    memory.shmem_bytes = kb(100_000);
    memory.anonymous_bytes = kb(3_000_000);
    memory.slab_reclaimable_bytes = kb(200_000);
    memory.slab_unreclaimable_bytes = kb(100_000);
    memory.kernel_stack_bytes = kb(10_000);
    memory.page_tables_bytes = kb(20_000);
    memory.percpu_bytes = kb(5_000);
    let mut cpu = HostCpu::default();
    cpu.user_seconds = Some(1000.5);
    cpu.nice_seconds = Some(2.0);
    cpu.system_seconds = Some(300.25);
    cpu.idle_seconds = Some(90_000.0);
    cpu.iowait_seconds = Some(12.0);
    cpu.irq_seconds = Some(0.0);
    cpu.softirq_seconds = Some(3.0);
    cpu.steal_seconds = Some(1.0);
    let mut host = HostRecord::default();
    host.totals.memory_bytes = Some(memory.total_bytes);
    host.totals.available_bytes = Some(kb(12_000_000));
    host.totals.swap_bytes = Some(kb(1000));
    host.totals.swap_free_bytes = Some(kb(900));
    host.memory = Some(memory);
    host.cpu = Some(cpu);
    host.load = Some([0.5, 0.25, 0.125]);
    host.cpu_pressure = Some(Pressure {
        stalled_seconds: None,
        ..pressure
    });
    host.memory_pressure = Some(pressure);
    host.boot_time_seconds = Some(NOW - 86_400.0);
    host
}

pub(crate) fn status(snapshot: &Snapshot) -> ExporterStatus {
    let mut memory_reads = MemoryReads::default();
    memory_reads.fresh = 300;
    ExporterStatus {
        started_seconds: NOW - 3600.0,
        created: true,
        build: BuildLabels {
            version: "0.1.0".into(),
            revision: "abc123".into(),
            rustc: "1.95.0".into(),
        },
        config: ConfigLabels {
            config_hash: "c0ffee".into(),
            rules_hash: "f00d".into(),
            memory_mode: "exact".into(),
            gate: "none".into(),
        },
        cache_update_success: Some(true),
        cache_updating: false,
        cache_update_duration_seconds: Some(0.125),
        cache_update_cpu_seconds: 10.5,
        cache_updates: CacheUpdates {
            success: 120,
            error: 1,
            skipped: 0,
        },
        cache_last_success_seconds: Some(NOW),
        processes: Some(snapshot.states()),
        memory_reads,
        scan_errors: [(("vanished", "stat"), 7), (("denied", "smaps_rollup"), 3)].into(),
        series: Some(snapshot.series()),
        series_dropped: Some(snapshot.series_dropped()),
        exposition: Some(ExpositionBytes {
            openmetrics: Some(9000),
            openmetrics_gzip: Some(900),
            text: Some(8000),
            text_gzip: Some(800),
        }),
        http_requests: [(("/metrics", 200), 42), (("other", 404), 1)].into(),
        config_reload: Some(Reload {
            successful: true,
            last_success_seconds: Some(NOW - 3600.0),
        }),
        rules_reload: None,
        web_reload: None,
        process: SelfUsage {
            cpu_seconds: Some(11.25),
            resident_memory_bytes: Some(9 << 20),
            virtual_memory_bytes: Some(80 << 20),
            open_fds: Some(12),
            max_fds: Some(1024),
            start_time_seconds: Some(NOW - 3600.5),
        },
    }
}

/// Limits that let every process have series.
pub(crate) fn no_limits() -> SeriesLimits {
    SeriesLimits {
        max_series: None,
        filter: Filter {
            min_age: Duration::ZERO,
            ..Filter::default()
        },
        ..SeriesLimits::default()
    }
}

/// The snapshot part in OpenMetrics.
pub(crate) fn openmetrics(snapshot: &Snapshot) -> String {
    rendered(snapshot, TextFormat::OpenMetrics)
}

/// The snapshot part in 0.0.4.
pub(crate) fn text(snapshot: &Snapshot) -> String {
    rendered(snapshot, TextFormat::Text)
}

fn rendered(snapshot: &Snapshot, format: TextFormat) -> String {
    let mut text = String::new();
    render(snapshot, format, Scope::Service, &mut text);
    text
}

/// The live part in either format.
pub(crate) fn live(status: &ExporterStatus, format: TextFormat) -> String {
    let mut text = String::new();
    render_live(status, format, Scope::Service, &mut text);
    text
}

/// What `family` says of the subgroup `g/x`.
pub(crate) fn said(snapshot: &Arc<Snapshot>, family: &str) -> Option<f64> {
    parse::samples(&openmetrics(snapshot))
        .into_iter()
        .find(|sample| sample.name == family && sample.label("subgroup") == "x")
        .map(|sample| sample.value)
}

/// The snapshot of one subgroup `g/x` that stays, with these members.
pub(crate) fn of_members(
    limits: &SeriesLimits,
    members: impl FnOnce(SubgroupSlot) -> Vec<Given>,
) -> Arc<Snapshot> {
    let mut builder = SnapshotBuilder::new(NOW);
    let slot = builder.subgroup(staying("g", "x"));
    for member in members(slot) {
        push(&mut builder, member);
    }
    Arc::new(builder.finish(limits, &mut Selection::default()))
}

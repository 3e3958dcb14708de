//! Rendering 50,000 samples: our snapshot in each format and through the collector for embedders, beside prometheus-client's `Family`
//! refilled for every page, which gives OpenMetrics only.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed benchmark")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use herakles_classify::Class;
use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::{
    Limits, MemorySample, ProcessKind, Scope, Selection, SharedSnapshot, Snapshot, SnapshotBuilder,
    SubgroupRecord, SubgroupShare, TextFormat, render, render_live,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Eight samples each in OpenMetrics, the creation time of the counter among them.
const PROCESSES: u32 = 6_250;
const SAMPLES: u64 = 50_000;
const SUBGROUPS: u32 = 50;

/// Processes without top or subgroup series to speak of, so that both sides write the same.
fn builder() -> SnapshotBuilder {
    let now = 1_763_000_000.0;
    let mut builder = SnapshotBuilder::new(now);
    let slots: Vec<_> = (0..SUBGROUPS)
        .map(|number| {
            let class = Class::new("web", format!("app-{number}"));
            builder.subgroup(SubgroupRecord::new(class, now - 3600.0))
        })
        .collect();
    for pid in 1..=PROCESSES {
        let mut usage = MemoryUsage::default();
        usage.rss_bytes = 9_437_184;
        usage.pss_bytes = 6_144_000;
        usage.private_dirty_bytes = 4_194_304;
        usage.swap_bytes = 4096;
        let key = ProcessKey {
            pid: Pid::new(pid).unwrap(),
            start_time: 77,
        };
        let slot = slots[(pid % SUBGROUPS) as usize];
        let name = format!("worker-{}", pid % 97);
        let mut process = builder.process(slot, key, name, ProcessKind::User);
        process.start_time_seconds = Some(now - 3600.0);
        process.cpu_seconds = Some(1234.56);
        process.cpu_usage_ratio = Some(0.0125);
        let sample = MemorySample {
            usage,
            age: std::time::Duration::ZERO,
        };
        builder.push(process, &SubgroupShare::of_memory(Some(sample)));
    }
    builder
}

fn limits() -> Limits {
    Limits {
        top_n_subgroup: 0,
        max_series: None,
        ..Limits::default()
    }
}

fn snapshot() -> Arc<Snapshot> {
    Arc::new(builder().finish(&limits(), &mut Selection::default()))
}

type Labels = [(&'static str, String); 4];

/// The families a process has, as one registers them with prometheus-client.
#[derive(Default)]
struct Families {
    bytes: [Family<Labels, Gauge>; 4],
    usage: Family<Labels, Gauge<f64, AtomicU64>>,
    cpu: Family<Labels, Counter<f64, AtomicU64>>,
    start: Family<Labels, Gauge<f64, AtomicU64>>,
}

impl Families {
    fn register(&self, registry: &mut Registry) {
        for (name, family) in ["rss", "pss", "uss", "swap"].iter().zip(&self.bytes) {
            let name = format!("herakles_process_memory_{name}");
            registry.register_with_unit(name, "Memory", Unit::Bytes, family.clone());
        }
        registry.register(
            "herakles_process_cpu_usage_ratio",
            "Cores",
            self.usage.clone(),
        );
        registry.register_with_unit(
            "herakles_process_cpu",
            "Time",
            Unit::Seconds,
            self.cpu.clone(),
        );
        let start = self.start.clone();
        registry.register_with_unit("herakles_process_start_time", "Start", Unit::Seconds, start);
    }

    fn refill(&self, snapshot: &Snapshot) {
        self.bytes.iter().for_each(Family::clear);
        self.usage.clear();
        self.cpu.clear();
        self.start.clear();
        for process in snapshot.processes() {
            let labels = [
                ("group", process.class.group.to_string()),
                ("subgroup", process.class.subgroup.to_string()),
                ("name", process.name.to_string()),
                ("pid", process.key.pid.to_string()),
            ];
            let bytes = [
                process.memory.rss_bytes,
                process.memory.pss_bytes,
                process.memory.uss_bytes,
                process.memory.swap_bytes,
            ];
            for (family, bytes) in self.bytes.iter().zip(bytes) {
                family.get_or_create(&labels).set(bytes.unwrap() as i64);
            }
            self.usage
                .get_or_create(&labels)
                .set(process.cpu_usage_ratio.unwrap());
            self.cpu
                .get_or_create(&labels)
                .inc_by(process.cpu_seconds.unwrap());
            self.start
                .get_or_create(&labels)
                .set(process.start_time_seconds.unwrap_or(0.0));
        }
    }
}

fn rendering(c: &mut Criterion) {
    let mut group = c.benchmark_group("render");
    group
        .throughput(Throughput::Elements(SAMPLES))
        .sample_size(20);
    let snapshot = snapshot();

    let mut page = String::new();
    for (name, format) in [
        ("herakles, OpenMetrics", TextFormat::OpenMetrics),
        ("herakles, 0.0.4", TextFormat::Text),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| {
                page.clear();
                render(&snapshot, format, Scope::Service, black_box(&mut page));
            });
        });
    }

    let shared = SharedSnapshot::new();
    shared.store(Arc::clone(&snapshot));
    let mut registry = Registry::default();
    registry.register_collector(Box::new(shared));
    group.bench_function("our Collector in prometheus-client, OpenMetrics", |b| {
        b.iter(|| {
            page.clear();
            encode(black_box(&mut page), &registry).unwrap();
        });
    });

    let families = Families::default();
    let mut registry = Registry::default();
    families.register(&mut registry);
    group.bench_function("prometheus-client Family, OpenMetrics", |b| {
        b.iter(|| {
            families.refill(&snapshot);
            page.clear();
            encode(black_box(&mut page), &registry).unwrap();
        });
    });
    group.finish();
}

/// What each scrape pays for the live part: about thirty samples in OpenMetrics.
fn live(c: &mut Criterion) {
    let status = Arc::new(ExporterStatus {
        scan_errors: [(("vanished", "stat"), 7), (("denied", "smaps_rollup"), 3)].into(),
        http_requests: [(("/metrics", 200), 42), (("other", 404), 1)].into(),
        ..ExporterStatus::default()
    });
    let mut page = String::new();
    c.bench_function("render the live part", |b| {
        b.iter(|| {
            page.clear();
            let format = TextFormat::OpenMetrics;
            render_live(&status, format, Scope::Service, black_box(&mut page));
        });
    });
}

fn building(c: &mut Criterion) {
    let mut group = c.benchmark_group("build");
    group
        .throughput(Throughput::Elements(u64::from(PROCESSES)))
        .sample_size(20);
    for (name, limits) in [
        ("no limit", limits()),
        (
            "budget of a fifth",
            Limits {
                max_series: Some(10_000),
                ..Limits::default()
            },
        ),
    ] {
        let mut selection = Selection::default();
        group.bench_function(name, |b| {
            b.iter_batched(
                builder,
                |builder| builder.finish(&limits, &mut selection),
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, rendering, live, building);
criterion_main!(benches);

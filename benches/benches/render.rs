//! A snapshot of 1,000 and of 10,000 processes, and its expositions: made by ourselves and by the
//! collector for embedders, beside prometheus-client's `Family` refilled for every page, which gives
//! OpenMetrics only; compressed for many scrapes, beside flate2 as programs mostly use it.
//!
//! `cargo bench -p herakles-benches --bench render`; with `-- ratios` only the ratios.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed benchmark")]

use std::cell::RefCell;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use flate2::Compression;
use flate2::write::GzEncoder;
use herakles_benches::Bench;
use herakles_classify::Class;
use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::{
    MemorySample, ProcessKind, Scope, Selection, SeriesLimits, SharedSnapshot, Snapshot,
    SnapshotBuilder, SubgroupRecord, SubgroupShare, TextFormat, render, render_live,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};
use herakles_web::gzip::Compressor;
use herakles_web::{Coding, Exposition, Form, Format};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

const SUBGROUPS: u32 = 50;

/// Processes without top or subgroup series to speak of, so that both sides write the same: eight
/// samples each in OpenMetrics, the creation time of the counter among them.
fn builder(names: &[Arc<str>]) -> SnapshotBuilder {
    let now = 1_763_000_000.0;
    let mut builder = SnapshotBuilder::new(now);
    let slots: Vec<_> = (0..SUBGROUPS)
        .map(|number| {
            let class = Class::new("web", format!("app-{number}"));
            builder.subgroup(SubgroupRecord::new(class, now - 3600.0))
        })
        .collect();
    for (pid, name) in (1..).zip(names) {
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
        let mut process = builder.process(slot, key, Arc::clone(name), ProcessKind::User);
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

fn limits() -> SeriesLimits {
    SeriesLimits {
        top_n_subgroup: 0,
        max_series: None,
        ..SeriesLimits::default()
    }
}

/// The names of so many processes.
fn names(processes: u32) -> Vec<Arc<str>> {
    let name = |pid| Arc::from(format!("worker-{}", pid % 97));
    (1..=processes).map(name).collect()
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

/// From the records of a scan to a snapshot, without a limit and where few have series.
fn build(bench: &mut Bench, of: &str, names: &[Arc<str>]) {
    let few = SeriesLimits {
        max_series: Some(names.len()),
        ..SeriesLimits::default()
    };
    let selections = RefCell::new((Selection::default(), Selection::default()));
    let all = || {
        let selection = &mut selections.borrow_mut().0;
        drop(black_box(builder(names).finish(&limits(), selection)));
    };
    let few = || {
        let selection = &mut selections.borrow_mut().1;
        drop(black_box(builder(names).finish(&few, selection)));
    };
    bench.compare(
        &format!("snapshot of {of}"),
        &[("herakles-metrics", &all), ("with a budget", &few)],
    );
}

fn rendering(bench: &mut Bench, of: &str, snapshot: &Arc<Snapshot>) {
    let pages: [RefCell<String>; 3] = Default::default();
    let ours = |format| {
        let mut page = pages[0].borrow_mut();
        page.clear();
        render(snapshot, format, Scope::Service, black_box(&mut page));
    };
    let by = |registry: &Registry, page: &RefCell<String>| {
        let mut page = page.borrow_mut();
        page.clear();
        encode(black_box(&mut *page), registry).unwrap();
    };

    let shared = SharedSnapshot::new();
    shared.store(Arc::clone(snapshot));
    let mut of_collector = Registry::default();
    of_collector.register_collector(Box::new(shared));
    let families = Families::default();
    let mut of_families = Registry::default();
    families.register(&mut of_families);
    bench.compare(
        &format!("OpenMetrics of {of}"),
        &[
            ("herakles-metrics", &|| ours(TextFormat::OpenMetrics)),
            ("our Collector", &|| by(&of_collector, &pages[1])),
            ("prometheus-client Family", &|| {
                families.refill(snapshot);
                by(&of_families, &pages[2]);
            }),
        ],
    );
    bench.compare(
        &format!("text 0.0.4 of {of}"),
        &[("herakles-metrics", &|| ours(TextFormat::Text))],
    );
}

fn compression(bench: &mut Bench, of: &str, snapshot: &Snapshot) {
    let mut text = String::new();
    render(snapshot, TextFormat::Text, Scope::Service, &mut text);
    let compressor = RefCell::new(Compressor::new());
    let form = Form::new(Format::Text0_0_4, Coding::Gzip);
    let ours = || {
        let compressor = &mut compressor.borrow_mut();
        drop(black_box(Exposition::new(
            form,
            text.as_bytes(),
            compressor,
        )));
    };
    let by_default = || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        drop(black_box(encoder.finish().unwrap()));
    };
    bench.compare(
        &format!("gzip of {of}, {} bytes", text.len()),
        &[("herakles-web", &ours), ("GzEncoder, level 6", &by_default)],
    );
}

/// What each scrape pays for the live part: about thirty samples in OpenMetrics.
fn live(bench: &mut Bench) {
    let status = ExporterStatus {
        scan_errors: [(("vanished", "stat"), 7), (("denied", "smaps_rollup"), 3)].into(),
        http_requests: [(("/metrics", 200), 42), (("other", 404), 1)].into(),
        ..ExporterStatus::default()
    };
    let page = RefCell::new(String::new());
    let render = || {
        let mut page = page.borrow_mut();
        page.clear();
        let format = TextFormat::OpenMetrics;
        render_live(&status, format, Scope::Service, black_box(&mut page));
    };
    bench.compare("live part of a scrape", &[("herakles-metrics", &render)]);
}

fn main() {
    let mut bench = Bench::from_arguments();
    for (of, processes) in [("1,000 processes", 1_000), ("10,000 processes", 10_000)] {
        let names = names(processes);
        build(&mut bench, of, &names);
        let snapshot = builder(&names).finish(&limits(), &mut Selection::default());
        let snapshot = Arc::new(snapshot);
        rendering(&mut bench, of, &snapshot);
        compression(&mut bench, of, &snapshot);
    }
    live(&mut bench);
    bench.finish();
}

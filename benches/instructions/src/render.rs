//! The page of 1,000 processes in 50 subgroups.

use std::hint::black_box;
use std::time::Duration;

use herakles_classify::Class;
use herakles_metrics::{
    MemorySample, ProcessKind, Scope, Selection, SeriesLimits, Snapshot, SnapshotBuilder,
    SubgroupRecord, SubgroupShare, TextFormat, render,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};

const PROCESSES: u32 = 1_000;
const SUBGROUPS: u32 = 50;

fn snapshot() -> Snapshot {
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
        usage.rss_bytes = 9_437_184 + u64::from(pid) * 4096;
        usage.pss_bytes = 6_144_000;
        usage.private_dirty_bytes = 4_194_304;
        usage.swap_bytes = 4096;
        let key = ProcessKey {
            pid: Pid::new(pid).unwrap(),
            start_time: 77,
        };
        let slot = *slots.get((pid % SUBGROUPS) as usize).unwrap();
        let name = format!("worker-{}", pid % 97);
        let mut process = builder.process(slot, key, name, ProcessKind::User);
        process.start_time_seconds = Some(now - 3600.0);
        process.cpu_seconds = Some(f64::from(pid) + 0.56);
        process.cpu_usage_ratio = Some(0.0125);
        let sample = MemorySample {
            usage,
            age: Duration::ZERO,
        };
        builder.push(process, &SubgroupShare::of_memory(Some(sample)));
    }
    builder.finish(&SeriesLimits::default(), &mut Selection::default())
}

fn page(format: TextFormat) -> Box<dyn FnMut()> {
    let snapshot = snapshot();
    let mut page = String::new();
    Box::new(move || {
        page.clear();
        render(&snapshot, format, Scope::Service, &mut page);
        black_box(&page);
    })
}

pub(crate) fn text() -> Box<dyn FnMut()> {
    page(TextFormat::Text)
}

pub(crate) fn openmetrics() -> Box<dyn FnMut()> {
    page(TextFormat::OpenMetrics)
}

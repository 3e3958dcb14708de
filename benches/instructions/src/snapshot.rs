//! A snapshot of 1,000 processes in 50 subgroups, from what a scan knows of each.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use herakles_classify::Class;
use herakles_metrics::{
    MemorySample, ProcessKind, Selection, SeriesLimits, Snapshot, SnapshotBuilder, SubgroupRecord,
    SubgroupShare,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};

pub(crate) const PROCESSES: u32 = 1_000;
const SUBGROUPS: u32 = 50;

/// Of processes with these names, by pid.
pub(crate) fn of(names: &[Arc<str>], selection: &mut Selection) -> Snapshot {
    let now = 1_763_000_000.0;
    let mut builder = SnapshotBuilder::new(now);
    let slots: Vec<_> = (0..SUBGROUPS)
        .map(|number| {
            let class = Class::new("web", format!("app-{number}"));
            builder.subgroup(SubgroupRecord::new(class, now - 3600.0))
        })
        .collect();
    for (pid, name) in (1..=PROCESSES).zip(names) {
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
        let mut process = builder.process(slot, key, Arc::clone(name), ProcessKind::User);
        process.start_time_seconds = Some(now - 3600.0);
        process.cpu_seconds = Some(f64::from(pid) + 0.56);
        process.cpu_usage_ratio = Some(0.0125);
        let sample = MemorySample {
            usage,
            age: Duration::ZERO,
        };
        builder.push(process, &SubgroupShare::of_memory(Some(sample)));
    }
    builder.finish(&SeriesLimits::default(), selection)
}

/// Most subgroups have processes of one name, a fifth of them have two.
pub(crate) fn refresh() -> Box<dyn FnMut()> {
    let name = |pid: u32| {
        let (subgroup, number) = (pid % SUBGROUPS, pid / SUBGROUPS);
        let of_two = u32::from(subgroup % 5 == 0) * (number % 2);
        format!("app-{subgroup}-{of_two}").into()
    };
    let names: Vec<_> = (1..=PROCESSES).map(name).collect();
    let mut selection = Selection::default();
    Box::new(move || {
        black_box(of(&names, &mut selection));
    })
}

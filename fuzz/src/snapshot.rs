//! Any host, made of the bytes of an input.

use std::time::Duration;

use herakles_classify::{Class, display_name};
use herakles_metrics::{
    HostMemory, HostRecord, MemorySample, ProcessKind, ProcessMemory, Selection, SeriesLimits,
    Snapshot, SnapshotBuilder, SubgroupRecord, SubgroupShare,
};
use herakles_smaps::parse_rollup;
use herakles_stat::{Pid, ProcessKey};

use crate::input::Input;

/// When it is taken, Unix time in seconds.
pub(crate) const TAKEN: f64 = 1_763_000_000.0;

/// More processes than this are not made.
const PROCESSES: u32 = 200;

/// A snapshot with names as a scan makes them, of processes and of classes.
pub(crate) fn snapshot(input: &mut Input<'_>) -> Snapshot {
    let mut builder = SnapshotBuilder::new(TAKEN);
    let count = input.byte() % 6 + 1;
    let slots: Vec<_> = (0..count).map(|_| subgroup(input, &mut builder)).collect();
    let mut pid = 0;
    while !input.is_used_up() && pid < PROCESSES {
        pid += 1;
        let slot = slots[usize::from(input.byte()) % slots.len()];
        let kind = match input.byte() {
            0..=9 => ProcessKind::KernelThread,
            10..=19 => ProcessKind::Zombie,
            _ => ProcessKind::User,
        };
        let name = display_name(input.bytes(15));
        let Some(id) = Pid::new(pid) else { continue };
        let key = ProcessKey {
            pid: id,
            start_time: input.number(),
        };
        let mut process = builder.process(slot, key, name, kind);
        process.start_time_seconds = Some(TAKEN - f64::from(input.byte()));
        process.threads = u32::from(input.byte());
        process.memory = ProcessMemory::resident(is_there(input).then(|| input.size()));
        process.cpu_seconds = is_there(input).then(|| input.size() as f64 / 100.0);
        process.cpu_usage_ratio = is_there(input).then(|| f64::from(input.byte()) / 16.0);
        let sample = is_there(input).then(|| sample(input)).flatten();
        let mut share = SubgroupShare::of_memory(sample);
        share.virtual_bytes = input.size();
        share.open_fds = is_there(input).then(|| input.size());
        share.max_fds = is_there(input).then(|| input.size());
        builder.push(process, &share);
    }
    let limits = SeriesLimits {
        max_series: None,
        ..SeriesLimits::default()
    };
    builder.finish(&limits, &mut Selection::default())
}

fn subgroup(
    input: &mut Input<'_>,
    builder: &mut SnapshotBuilder,
) -> herakles_metrics::SubgroupSlot {
    let class = Class::new(display_name(input.bytes(20)), display_name(input.bytes(70)));
    let mut record = SubgroupRecord::new(class, TAKEN - f64::from(input.byte()));
    record.stays = is_there(input);
    record.visible = input.byte() % 16 > 0;
    record.counters.cpu_user_seconds = input.size() as f64 / 100.0;
    record.counters.minor_faults = input.number();
    if is_there(input) {
        builder.host(host(input));
    }
    builder.subgroup(record)
}

fn host(input: &mut Input<'_>) -> HostRecord {
    let mut memory = HostMemory::default();
    memory.total_bytes = input.size();
    memory.free_bytes = input.size();
    memory.page_cache_bytes = input.size();
    memory.anonymous_bytes = input.size();
    let mut host = HostRecord::default();
    host.totals.memory_bytes = Some(memory.total_bytes);
    host.totals.available_bytes = is_there(input).then(|| input.size());
    host.memory = is_there(input).then_some(memory);
    host.load = Some([f64::from(input.byte()), 0.1, 1e-9]);
    host
}

fn sample(input: &mut Input<'_>) -> Option<MemorySample> {
    let [rss, pss, clean, dirty] = [(); 4].map(|()| input.size() >> 10);
    let text = format!(
        "Rss: {rss} kB\nPss: {pss} kB\nShared_Clean: 0 kB\nShared_Dirty: 0 kB\n\
         Private_Clean: {clean} kB\nPrivate_Dirty: {dirty} kB\nSwap: 0 kB\n"
    );
    Some(MemorySample {
        usage: parse_rollup(text.as_bytes()).ok()?,
        age: Duration::from_secs(input.byte().into()),
    })
}

fn is_there(input: &mut Input<'_>) -> bool {
    input.byte() % 4 > 0
}

//! Made-up hosts.

use std::collections::HashMap;
use std::time::Duration;

use herakles_classify::{Class, display_name};
use herakles_metrics::{
    HostMemory, HostRecord, MemorySample, ProcessKind, ProcessMemory, Selection, SeriesLimits,
    Snapshot, SnapshotBuilder, SubgroupRecord, SubgroupShare,
};
use herakles_smaps::parse_rollup;
use herakles_stat::{Pid, ProcessKey};

pub(crate) const TAKEN: f64 = 1_763_000_000.0;
pub(crate) const MIB: u64 = 1 << 20;

/// Whether the exporter may read PSS and USS.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Rights {
    All,
    /// Of pid 1000 alone.
    One,
    None,
}

/// One process to make up.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) class: (String, String),
    pub(crate) name: Vec<u8>,
    pub(crate) pid: u32,
    pub(crate) pss_bytes: u64,
    pub(crate) script: Option<&'static str>,
}

/// `count` processes in 60 subgroups of 15 groups, sizes falling as they do on hosts.
pub(crate) fn fleet(count: u32) -> Vec<Made> {
    const GROUPS: [&str; 15] = [
        "db",
        "web",
        "runtime",
        "container",
        "ai",
        "monitoring",
        "messaging",
        "system",
        "other",
        "mail",
        "cicd",
        "jobs",
        "cache",
        "logging",
        "storage",
    ];
    let made = |index: u32| {
        let group = GROUPS[(index * 7 % 15) as usize];
        let subgroup = format!("{group}-{}", index % 4);
        let name = format!("{subgroup}-{}", index % 11).into_bytes();
        let pss_bytes = 4000 * MIB / u64::from(1 + index);
        Made {
            class: (group.to_owned(), subgroup),
            name,
            pid: 1000 + index,
            pss_bytes,
            script: None,
        }
    };
    (0..count).map(made).collect()
}

pub(crate) fn snapshot(made: &[Made], rights: Rights) -> Snapshot {
    let mut builder = SnapshotBuilder::new(TAKEN);
    let mut slots = HashMap::new();
    for made in made {
        let slot = *slots.entry(made.class.clone()).or_insert_with(|| {
            let class = Class::new(&*made.class.0, &*made.class.1);
            builder.subgroup(SubgroupRecord::new(class, TAKEN))
        });
        let may_read = rights == Rights::All || rights == Rights::One && made.pid == 1000;
        let memory = may_read.then(|| sample(made.pss_bytes));
        let key = ProcessKey {
            pid: Pid::new(made.pid).unwrap(),
            start_time: u64::from(made.pid),
        };
        let name = display_name(&made.name);
        let mut process = builder.process(slot, key, name, ProcessKind::User);
        process.start_time_seconds = Some(TAKEN - f64::from(made.pid) * 60.0);
        process.threads = 2;
        process.memory = ProcessMemory::resident(Some(made.pss_bytes + 3 * MIB));
        process.cpu_seconds = Some(12.5);
        process.cpu_usage_ratio = Some(0.25);
        builder.push(process, &SubgroupShare::of_memory(memory));
        if let Some(script) = made.script {
            builder.script(key, script);
        }
    }
    builder.host(host());
    builder.finish(
        &SeriesLimits {
            max_series: None,
            ..SeriesLimits::default()
        },
        &mut Selection::default(),
    )
}

fn sample(pss_bytes: u64) -> MemorySample {
    let kib = pss_bytes / 1024;
    let text = format!(
        "00400000-7fff00000000 ---p 00000000 00:00 0 [rollup]\n\
         Rss: {} kB\nPss: {kib} kB\nPss_Anon: {} kB\nPss_File: {} kB\nPss_Shmem: 0 kB\n\
         Shared_Clean: 0 kB\nShared_Dirty: 0 kB\nPrivate_Clean: 0 kB\nPrivate_Dirty: {} kB\n\
         Swap: 100 kB\nSwapPss: 100 kB\n",
        kib + 3072,
        kib / 2,
        kib - kib / 2,
        kib * 3 / 4,
    );
    MemorySample {
        usage: parse_rollup(text.as_bytes()).unwrap(),
        age: Duration::from_secs(12),
    }
}

pub(crate) fn host() -> HostRecord {
    let gib = |gib: u64| gib << 30;
    let mut memory = HostMemory::default();
    memory.total_bytes = gib(64);
    memory.free_bytes = gib(4);
    memory.page_cache_bytes = gib(18);
    memory.shmem_bytes = gib(2);
    memory.anonymous_bytes = gib(30);
    memory.slab_reclaimable_bytes = gib(2);
    memory.slab_unreclaimable_bytes = gib(1);
    memory.kernel_stack_bytes = 64 * MIB;
    memory.page_tables_bytes = 300 * MIB;
    memory.percpu_bytes = 20 * MIB;
    let mut host = HostRecord::default();
    host.totals.memory_bytes = Some(memory.total_bytes);
    host.totals.available_bytes = Some(gib(20));
    host.memory = Some(memory);
    host
}

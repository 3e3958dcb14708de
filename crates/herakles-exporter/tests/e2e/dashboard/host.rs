//! A made-up host with an hour behind it, as a page in a file: what the picture in the README shows.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use herakles_classify::Class;
use herakles_dashboard::{History, Link, Query, Rights, SCRIPT, STYLE, View};
use herakles_metrics::{
    HostMemory, HostRecord, MemorySample, ProcessKind, ProcessMemory, Selection, SeriesLimits,
    Snapshot, SnapshotBuilder, SubgroupRecord, SubgroupShare,
    exporter::{BuildLabels, ExporterStatus, SelfUsage},
};
use herakles_smaps::parse_rollup;
use herakles_stat::{Pid, ProcessKey};

const MINUTES: u32 = 60;

/// Processes of one name: the biggest has so much PSS, each other that share of the one before.
struct Programs {
    class: Class,
    name: &'static str,
    count: u32,
    pss_mib: f64,
    falls_to: f64,
    /// Of the biggest, in each minute.
    grows_mib: f64,
    cores: f64,
    /// How old the first is.
    days: f64,
}

impl Programs {
    fn of_row(row: &'static str) -> Option<Self> {
        let mut words = row.split_whitespace();
        let (group, subgroup) = words.next()?.split_once('/')?;
        let name = words.next()?;
        let count = words.next()?.parse().ok()?;
        let mut number = || words.next()?.parse().ok();
        Some(Self {
            class: Class::new(group, subgroup),
            name,
            count,
            pss_mib: number()?,
            falls_to: number()?,
            grows_mib: number()?,
            cores: number()?,
            days: number()?,
        })
    }
}

/// Class, name, count, PSS in MiB, falls to, grows in MiB, cores, days.
const HOST: &str = "\
    system/systemd           systemd           1     11    1    0     0   94
    system/kernel            kworker         148      0    1    0 0.001   94
    system/systemd           systemd-journal   1     62    1    0  0.01   94
    system/systemd           systemd-udevd     1      7    1    0     0   94
    system/systemd           systemd-logind    1      5    1    0     0   94
    system/cron              cron              1      2    1    0     0   94
    network/ntp              chronyd           1      3    1    0     0   94
    container/docker         dockerd           1    190    1    0  0.04   94
    container/containerd     containerd        1     88    1    0  0.02   94
    container/containerd     containerd-shim  14     14 0.97    0 0.001   41
    db/postgres              postgres         46   1240  0.9  0.3  0.14   41
    cache/redis              redis-server      2   1180 0.35  0.4  0.21   41
    messaging/kafka          java              1   1390    1    0  0.31   41
    monitoring/prometheus    prometheus        1   2950    1  1.2  0.42   41
    monitoring/grafana       grafana           1    235    1    0  0.02   41
    monitoring/node_exporter node_exporter     1     21    1    0     0   41
    monitoring/herakles      herakles-export   1     11    1    0 0.002   12
    ai/local_llm             llama-server      1   7160    1    0  2.31   12
    web/nginx                nginx             9     58 0.92    0  0.05   41
    network/haproxy          haproxy           3     96  0.7    0  0.12   41
    web/tomcat               java              1   1520    1    0  0.18   12
    runtime/java             java              3   2610 0.72 14.5  0.24  5.2
    runtime/python           python3          18    312 0.88    0  0.11  5.2
    runtime/nodejs           node              6    428 0.78    0  0.16  5.2
    system/ssh               sshd              6      8 0.95    0     0  1.4
    other/other              billing-sync      3    214  0.8    0  0.07  5.2
    other/other              report-builder    2    131  0.9    0  0.35  0.3
    other/other              geoip-refresh     1     84    1    0     0  0.3
    backup/restic            restic            1    688    1    0  1.37 0.02";

/// Writes the page with its style sheet and its script, and gives its address.
pub(super) fn page(directory: &Path) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("it is not 1970");
    let taken = now.as_secs_f64() - 4.0;
    let mut history = History::new(Duration::from_secs(3600));
    let began = Instant::now();
    for minute in 0..MINUTES {
        let ago = f64::from(MINUTES - minute) * 60.0;
        let at = began + Duration::from_secs(60) * minute;
        history.record(&snapshot(taken - ago, minute), at);
    }
    let last = snapshot(taken, MINUTES);
    history.record(&last, began + Duration::from_secs(60) * MINUTES);
    let links = ["Rules", "Config", "Health", "JSON", "Metrics"].map(|label| Link {
        path: "#",
        label,
        about: "",
    });
    let html = View {
        snapshot: &last,
        history: &history,
        exporter: &exporter(taken),
        host_name: "db-17.example",
        links: &links,
        refresh_every: Duration::from_secs(30),
        unhealthy: None,
        rights: Rights::Full,
    }
    .overview(&Query::default())
    .to_string();
    // There is no server whose root they could be below.
    let html = html.replace("\"/dashboard.", "\"dashboard.");
    fs::create_dir_all(directory).expect("a directory for the page");
    for (file, text) in [
        ("host.html", html.as_str()),
        ("dashboard.css", STYLE),
        ("dashboard.js", SCRIPT),
    ] {
        fs::write(directory.join(file), text).expect("it can be written");
    }
    let directory = directory.canonicalize().expect("it is there");
    format!("file://{}/host.html", directory.display())
}

fn exporter(taken: f64) -> ExporterStatus {
    let up = 12.0 * 86_400.0;
    ExporterStatus {
        started_seconds: taken - up,
        build: BuildLabels {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..BuildLabels::default()
        },
        cache_update_success: Some(true),
        cache_update_duration_seconds: Some(0.009),
        cache_update_cpu_seconds: 0.0016 * up,
        process: SelfUsage {
            resident_memory_bytes: Some(12 << 20),
            ..SelfUsage::default()
        },
        ..ExporterStatus::default()
    }
}

fn snapshot(taken: f64, minute: u32) -> Snapshot {
    let mut builder = SnapshotBuilder::new(taken);
    let mut pid = 0;
    for (index, row) in (0_u32..).zip(HOST.lines()) {
        let programs = Programs::of_row(row).expect("a row has eight columns");
        let slot = builder.subgroup(SubgroupRecord::new(programs.class.clone(), taken));
        for member in 0..programs.count {
            pid += 1 + (index * 131 + member * 17) % 97;
            let key = ProcessKey {
                pid: Pid::new(pid).expect("it is above 0"),
                start_time: u64::from(pid),
            };
            let place = programs.falls_to.powi(member.cast_signed());
            let kind = if programs.pss_mib > 0.0 {
                ProcessKind::User
            } else {
                ProcessKind::KernelThread
            };
            let mut process = builder.process(slot, key, programs.name, kind);
            let back = f64::from(MINUTES - minute) * 60.0;
            let age = programs.days * 86_400.0 * (1.0 - 0.01 * f64::from(member)) - back;
            if age < 0.0 {
                continue;
            }
            process.start_time_seconds = Some(taken - age);
            let wave = wave(pid, minute);
            process.cpu_usage_ratio = Some(programs.cores * place * (0.7 + 0.6 * wave));
            process.cpu_seconds = Some(programs.cores * place * age);
            let grown = programs.grows_mib * f64::from(minute);
            let pss_mib = (programs.pss_mib + grown) * place * (0.99 + 0.02 * wave);
            let sample = (kind == ProcessKind::User).then(|| sample(&programs, pss_mib, wave));
            let rss_bytes = sample.as_ref().map(|sample| sample.usage.rss_bytes);
            process.memory = ProcessMemory::resident(rss_bytes);
            builder.push(process, &SubgroupShare::of_memory(sample));
        }
    }
    let mut host = HostRecord::default();
    let memory = memory();
    host.totals.memory_bytes = Some(memory.total_bytes);
    host.totals.available_bytes = Some(25_310 << 20);
    host.totals.swap_bytes = Some(8_192 << 20);
    host.totals.swap_free_bytes = Some(7_570 << 20);
    host.memory = Some(memory);
    host.load = Some([5.21, 4.87, 4.66]);
    builder.host(host);
    builder.finish(&SeriesLimits::default(), &mut Selection::default())
}

/// From 0 to 1, another for each process and minute.
fn wave(pid: u32, minute: u32) -> f64 {
    let turn = f64::from(pid % 29) + f64::from(minute) / (6.0 + f64::from(pid % 7));
    0.5 + 0.5 * turn.sin()
}

/// Databases share much; most share little.
fn sample(programs: &Programs, pss_mib: f64, wave: f64) -> MemorySample {
    let (own, shared) = match &*programs.class.group {
        "db" => (0.42, 3.1),
        "web" => (0.8, 1.4),
        _ => (0.96, 1.03),
    };
    let kib = |mib: f64| (mib * 1024.0) as u64;
    let text = format!(
        "00400000-7fff00000000 ---p 00000000 00:00 0 [rollup]\n\
         Rss: {rss} kB\nPss: {pss} kB\nPss_Anon: {anon} kB\nPss_File: {file} kB\nPss_Shmem: {shmem} kB\n\
         Shared_Clean: 0 kB\nShared_Dirty: 0 kB\nPrivate_Clean: 0 kB\nPrivate_Dirty: {uss} kB\n\
         Swap: {swap} kB\nSwapPss: {swap} kB\n",
        rss = kib(pss_mib * shared + 2.0),
        pss = kib(pss_mib),
        anon = kib(pss_mib * own),
        file = kib(pss_mib * (1.0 - own) * 0.3),
        shmem = kib(pss_mib * (1.0 - own) * 0.7),
        uss = kib(pss_mib * own),
        swap = kib(pss_mib * 0.015),
    );
    MemorySample {
        usage: parse_rollup(text.as_bytes()).expect("it is a rollup"),
        age: Duration::from_secs((wave * 40.0) as u64),
    }
}

fn memory() -> HostMemory {
    let mib = |mib: u64| mib << 20;
    let mut memory = HostMemory::default();
    memory.total_bytes = mib(64_187);
    memory.free_bytes = mib(3_120);
    memory.page_cache_bytes = mib(20_460);
    memory.shmem_bytes = mib(5_310);
    memory.anonymous_bytes = mib(31_540);
    memory.slab_reclaimable_bytes = mib(2_140);
    memory.slab_unreclaimable_bytes = mib(690);
    memory.kernel_stack_bytes = mib(24);
    memory.page_tables_bytes = mib(240);
    memory.percpu_bytes = mib(31);
    memory
}

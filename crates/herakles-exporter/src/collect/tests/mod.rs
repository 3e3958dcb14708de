//! Whole scans of processes in memory that fail, hang, panic, die and lie.

mod errors;
mod hangs;
mod history;
mod identity;
mod modes;
mod shapes;
mod turns;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use herakles_metrics::{MemoryReads, Process, Rendered, Scope, Snapshot, Subgroup, render};
use herakles_scan::testing::MemProc;
use herakles_stat::{PageSize, TicksPerSecond};
use tempfile::TempDir;

use super::{Collector, Machine};
use crate::config::{Environment, Sources};
use crate::running_config::RunningConfig;
use crate::status::Faults;

/// Long enough never to be used up by a process that does not hang.
const PATIENT: Duration = Duration::from_secs(600);

/// The start of the exporter, in ticks after boot. Processes of [`MemProc`] start at the tick
/// that is their pid.
const COUNTS_FROM: u64 = 10_000;

/// Rules that ask for every file there is.
const RULES: &str = r#"
[[subgroups]]
group = "app"
subgroup = "boxed"
matches = ["boxed-*"]
cgroups = ["/box*"]

[[subgroups]]
group = "app"
subgroup = "named"
matches = ["named-*"]

[[subgroups]]
group = "app"
subgroup = "web"
cmdline_matches = ["--role=web"]

[[subgroups]]
group = "app"
subgroup = "tool"
exe_matches = ["/opt/tool/*"]
"#;

/// Bounds that nothing in memory reaches, so that every read depends on the test alone.
const UNBOUNDED: [&str; 4] = [
    "--scan.memory-max-age=24h",
    "--scan.hold-ratio=1",
    "--scan.cpu-budget=256",
    "--scan.max-hold=0s",
];

/// A collector and the processes that it scans.
struct World {
    proc: MemProc,
    collector: Collector<MemProc>,
    /// Until then `hold_ratio` may forbid to read again what the last scan read.
    held_until: Instant,
    rules: TempDir,
}

impl World {
    /// A world that `populate` fills, scanned by two threads with these flags.
    fn new(flags: &[&str], populate: impl FnOnce(&MemProc)) -> Self {
        Self::with_patience(PATIENT, flags, populate)
    }

    fn with_patience(patience: Duration, flags: &[&str], populate: impl FnOnce(&MemProc)) -> Self {
        let proc = MemProc::new();
        populate(&proc);
        let rules = rules();
        let collector = Collector::with_patience(
            proc.clone(),
            Path::new("/nonexistent"),
            machine(),
            2,
            patience,
            effective(rules.path(), flags),
        );
        Self {
            proc,
            collector: collector.unwrap(),
            held_until: Instant::now(),
            rules,
        }
    }

    /// Goes by other flags from now on.
    fn adopt(&mut self, flags: &[&str]) {
        self.collector.adopt(effective(self.rules.path(), flags));
    }

    /// A scan that succeeds.
    fn scan(&mut self) -> View {
        self.try_scan()
            .unwrap_or_else(|(error, _)| panic!("{error}"))
    }

    /// A scan, or the sentence that says why there is none and what it had counted.
    fn try_scan(&mut self) -> Result<View, (String, Faults)> {
        thread::sleep(self.held_until.saturating_duration_since(Instant::now()));
        let begin = Instant::now();
        let scan = self.collector.scan(0);
        self.held_until = Instant::now() + begin.elapsed();
        let scan = scan.map_err(|error| (error.to_string(), error.faults()))?;
        let named = |it: super::outcome::TooBig| (it.pid.as_u32(), it.name.to_string());
        Ok(View {
            snapshot: Arc::new(scan.snapshot),
            faults: scan.stats.faults,
            reads: scan.stats.reads,
            unread: scan.stats.unread,
            too_big: scan.too_big.into_iter().map(named).collect(),
        })
    }
}

/// A folder with [`RULES`].
pub(crate) fn rules() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.toml"), RULES).unwrap();
    folder
}

pub(crate) fn machine() -> Machine {
    Machine {
        ticks_per_second: TicksPerSecond::new(100).unwrap(),
        page_size: PageSize::new(4096).unwrap(),
        counts_from: COUNTS_FROM,
        boot_time_seconds: 1_000.0,
        taskstats_answers: false,
        live: false,
    }
}

fn effective(rules: &Path, flags: &[&str]) -> Arc<RunningConfig> {
    Arc::new(RunningConfig::load(&sources(rules, flags)).unwrap())
}

/// The configuration of these flags, with the rules in this folder.
pub(crate) fn sources(rules: &Path, flags: &[&str]) -> Sources {
    let rules = format!(
        "--classification.rules={}",
        rules.join("rules.toml").display()
    );
    let fixed = [
        "herakles-exporter",
        &rules,
        "--no-classification.builtin",
        "--no-export.host",
    ];
    let arguments = fixed.iter().chain(&UNBOUNDED).chain(flags);
    let invocation = crate::cli::parse(arguments.map(Into::into)).unwrap();
    Sources::new(invocation.flags, Environment::default())
}

/// What one scan gave.
struct View {
    snapshot: Arc<Snapshot>,
    faults: Faults,
    reads: MemoryReads,
    /// Processes that are listed, but of which nothing could be read.
    unread: u64,
    /// The processes named as too big, with their names.
    too_big: Vec<(u32, String)>,
}

impl View {
    fn find(&self, pid: u32) -> Option<&Process> {
        let mut processes = self.snapshot.processes().iter();
        processes.find(|it| it.key.pid.as_u32() == pid)
    }

    fn process(&self, pid: u32) -> &Process {
        self.find(pid)
            .unwrap_or_else(|| panic!("process {pid} is not reported"))
    }

    fn pids(&self) -> BTreeSet<u32> {
        let processes = self.snapshot.processes().iter();
        processes.map(|it| it.key.pid.as_u32()).collect()
    }

    /// RSS, PSS and USS in KiB.
    fn memory(&self, pid: u32) -> [Option<u64>; 3] {
        let it = self.process(pid);
        [it.rss_bytes, it.pss_bytes, it.uss_bytes].map(|bytes| bytes.map(|it| it / 1024))
    }

    /// The class as `group/subgroup`.
    fn class(&self, pid: u32) -> String {
        self.process(pid).class.to_string()
    }

    fn subgroup(&self, class: &str) -> &Subgroup {
        let mut subgroups = self.snapshot.subgroups().iter();
        subgroups
            .find(|it| it.class.to_string() == class)
            .unwrap_or_else(|| panic!("no subgroup {class}"))
    }

    /// User and system time of a subgroup, in ticks.
    fn ticks(&self, class: &str) -> u64 {
        let it = self.subgroup(class);
        let seconds = it.cpu_user_seconds.unwrap() + it.cpu_system_seconds.unwrap();
        (seconds * 100.0).round() as u64
    }

    /// The errors as `kind file` with their counts.
    fn faults(&self) -> Vec<(String, u64)> {
        let faults = self.faults.iter();
        faults
            .map(|((kind, file), count)| (format!("{kind} {file}"), *count))
            .collect()
    }

    /// Every pid of the snapshot, counted by state.
    fn counted(&self) -> u64 {
        self.snapshot
            .states()
            .by_name()
            .iter()
            .map(|(_, n)| n)
            .sum()
    }

    /// The rendered 0.0.4 text.
    fn text(&self) -> String {
        let mut rendered = Rendered::default();
        render(&self.snapshot, Scope::Service, &mut rendered).unwrap();
        rendered.text().to_owned()
    }
}

/// One fault, as [`View::faults`] gives it.
fn once(fault: &str) -> Vec<(String, u64)> {
    vec![(fault.to_owned(), 1)]
}

/// RSS, PSS and USS that are all known.
fn kib(rss: u64, pss: u64, uss: u64) -> [Option<u64>; 3] {
    [Some(rss), Some(pss), Some(uss)]
}

/// A series that comes twice makes Prometheus refuse the whole scrape.
#[track_caller]
fn assert_series_are_unique(view: &View) {
    let text = view.text();
    let mut series = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (labels, _) = line.rsplit_once(' ').unwrap();
        assert!(series.insert(labels), "{labels} comes twice");
    }
}

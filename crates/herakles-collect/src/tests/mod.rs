//! Whole scans of processes in memory that fail, hang, panic, die and lie.

mod cgroups;
mod descriptors;
mod errors;
mod hangs;
mod history;
mod identity;
mod idle;
mod lagging;
mod modes;
mod renewals;
mod scripts;
mod shapes;
mod storage;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use herakles_classify::{Classifier, Rules};
use herakles_metrics::{MemoryReads, Process, Scope, Snapshot, Subgroup, TextFormat, render};
use herakles_plan::{PlanLimits, Ratio};
use herakles_scan::KernelUnits;
use herakles_scan::testing::MemProc;
use herakles_stat::{PageSize, TicksPerSecond};

use crate::{
    BootClock, Collector, ExitSource, Faults, HostFacts, IdleDetection, MemoryMode, Notice, Options,
};

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
fn unbounded() -> PlanLimits {
    PlanLimits {
        memory_max_age: Duration::from_secs(24 * 3600),
        hold_ratio: Ratio::new(1.0).unwrap(),
        max_hold: None,
        cpu_budget: None,
    }
}

/// How a world differs from the usual one: adaptive reading without bounds, without a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Setting {
    Rss,
    Exact,
    Adaptive,
    HoldRatio(f64),
    MaxHoldSeconds(u64),
    MaxAgeSeconds(u64),
    IntervalSeconds(u64),
    MaxProcesses(usize),
    NoPssNorUss,
    NoFds,
    Io,
}

/// Options with these settings and rules.
pub(crate) fn options(rules: &str, settings: &[Setting]) -> Options {
    let rules = Rules::parse(rules, "rules.toml").unwrap();
    let mut options = Options {
        memory: MemoryMode::Adaptive(unbounded()),
        idle_detection: IdleDetection::Auto,
        exits: ExitSource::Children,
        threads: NonZeroUsize::new(2),
        host: false,
        patience: PATIENT,
        first_patience: PATIENT,
        ..Options::new(Arc::new(Classifier::new(rules)))
    };
    let mut limits = unbounded();
    for setting in settings {
        match *setting {
            Setting::Rss => options.memory = MemoryMode::Rss,
            Setting::Exact => options.memory = MemoryMode::Exact,
            Setting::Adaptive => options.memory = MemoryMode::Adaptive(limits),
            Setting::HoldRatio(ratio) => limits.hold_ratio = Ratio::new(ratio).unwrap(),
            Setting::MaxHoldSeconds(most) => limits.max_hold = Some(Duration::from_secs(most)),
            Setting::MaxAgeSeconds(most) => limits.memory_max_age = Duration::from_secs(most),
            Setting::IntervalSeconds(pass) => options.interval = Duration::from_secs(pass),
            Setting::MaxProcesses(most) => options.max_processes = NonZeroUsize::new(most),
            Setting::Io => options.io = true,
            Setting::NoFds => options.fds = false,
            Setting::NoPssNorUss => {
                options.limits.quantities.pss = false;
                options.limits.quantities.uss = false;
            }
        }
    }
    if let MemoryMode::Adaptive(in_force) = &mut options.memory {
        *in_force = limits;
    }
    options
}

/// A collector and the processes that it scans.
struct World {
    proc: MemProc,
    collector: Collector<MemProc>,
    /// Until then `hold_ratio` may forbid to read again what the last scan read.
    held_until: Instant,
}

impl World {
    /// A world that `populate` fills, scanned by two threads with these settings.
    fn new(settings: &[Setting], populate: impl FnOnce(&MemProc)) -> Self {
        Self::with_patience(PATIENT, settings, populate)
    }

    fn with_patience(
        patience: Duration,
        settings: &[Setting],
        populate: impl FnOnce(&MemProc),
    ) -> Self {
        let proc = MemProc::new();
        populate(&proc);
        let options = Options {
            patience,
            ..options(RULES, settings)
        };
        let collector = Collector::with_source(proc.clone(), host_facts(), options);
        Self {
            proc,
            collector: collector.unwrap(),
            held_until: Instant::now(),
        }
    }

    /// Goes by other settings from now on.
    fn reconfigure(&mut self, settings: &[Setting]) {
        self.collector.reconfigure(options(RULES, settings));
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
        let scan = self.collector.scan();
        self.held_until = Instant::now() + begin.elapsed();
        let scan = scan.map_err(|error| (error.to_string(), error.faults()))?;
        let named = |notice: Notice| match notice {
            Notice::TooBig { pid, name, .. } => (pid.as_u32(), name.to_string()),
            other => panic!("{other}"),
        };
        Ok(View {
            snapshot: Arc::new(scan.snapshot),
            faults: scan.stats.faults,
            reads: scan.stats.reads,
            unread: scan.stats.unread,
            too_big: scan.notices.into_iter().map(named).collect(),
        })
    }
}

/// The machine of all worlds.
pub(crate) fn host_facts() -> HostFacts {
    let units = KernelUnits {
        ticks_per_second: TicksPerSecond::new(100).unwrap(),
        page_size: PageSize::new(4096).unwrap(),
    };
    HostFacts {
        counts_from: COUNTS_FROM,
        ..HostFacts::new(units, BootClock::fixed(Some(1_000.0)))
    }
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
        [
            it.memory.rss_bytes,
            it.memory.pss_bytes,
            it.memory.uss_bytes,
        ]
        .map(|bytes| bytes.map(|it| it / 1024))
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
            .map(|(fault, count)| {
                (
                    format!("{} {}", fault.kind.as_str(), fault.file.as_str()),
                    count,
                )
            })
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
        let mut text = String::new();
        render(&self.snapshot, TextFormat::Text, Scope::Service, &mut text);
        text
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

//! The scan: survey, memory, classes, accounts, snapshot.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use herakles_metrics::Selection;
use herakles_scan::{MemorySource, ProcSource};
use herakles_stat::{PageSize, Pid, ProcessKey};
use herakles_taskstats::ExitRecord;

use super::accounts::Accounts;
use super::adaptive::{Adaptive, Means};
use super::exact;
use super::exits::Exits;
use super::host::Host;
use super::idle::IdleDetector;
use super::machine::Machine;
use super::outcome::{Scan, ScanFailure, TooBig};
use super::process_sample::{Kind, ProcessSample};
use super::process_table::{ProcessTable, TrackedProcess};
use super::stats::{Found, ScanStats};
use super::survey::{Early, MemoryReads, Scratch, Survey, SurveyResult};
use super::users::Users;
use super::worker_pool::{Done, WorkerPool, thread_cpu};
use crate::config::{ExitSource, MemoryMode, Taskstats};
use crate::running_config::RunningConfig;

/// Everything a scan keeps for the next one.
pub(crate) struct Collector<S: ProcSource> {
    source: Arc<S>,
    root: PathBuf,
    taskstats_answers: bool,
    page_size: PageSize,
    memory_source: MemorySource,
    host: Host,
    workers: WorkerPool<Scratch>,
    /// While the mode is adaptive.
    adaptive: Option<Adaptive>,
    /// While the mode is adaptive, and where there is one.
    idle_detector: Option<IdleDetector>,
    /// Where taskstats tells of exits.
    exits: Option<Exits>,
    users: Arc<Users>,
    effective: Arc<RunningConfig>,
    table: Arc<RwLock<ProcessTable>>,
    accounts: Accounts,
    selection: Selection,
    pids: Vec<Pid>,
    /// What one process has cost in the last survey.
    each_took: Option<Duration>,
}

impl<S: ProcSource> Collector<S> {
    pub(crate) fn new(
        source: S,
        root: &Path,
        machine: Machine,
        threads: usize,
        effective: Arc<RunningConfig>,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        let patience = WorkerPool::<Scratch>::PATIENCE;
        Self::with_patience(source, root, machine, threads, patience, effective)
    }

    /// The same with another limit on the time that one process may take.
    pub(super) fn with_patience(
        source: S,
        root: &Path,
        machine: Machine,
        threads: usize,
        patience: Duration,
        effective: Arc<RunningConfig>,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        let mut pids = Vec::new();
        let memory_source = match source.pids(&mut pids) {
            Ok(()) => MemorySource::probe(&source, &pids),
            // The first scan says what is wrong.
            Err(_) => MemorySource::SmapsRollup,
        };
        let ticks = u64::from(machine.ticks_per_second.as_u32());
        let page = u64::from(machine.page_size.as_u32());
        let mut collector = Self {
            source: Arc::new(source),
            taskstats_answers: machine.taskstats_answers,
            page_size: machine.page_size,
            memory_source,
            host: Host::new(root, ticks, page),
            workers: WorkerPool::new(threads, patience)?,
            adaptive: None,
            idle_detector: None,
            exits: None,
            root: root.to_owned(),
            users: Arc::default(),
            table: Arc::default(),
            accounts: Accounts::new(machine),
            selection: Selection::default(),
            pids,
            each_took: None,
            effective: Arc::clone(&effective),
        };
        collector.adopt(effective);
        Ok(collector)
    }

    /// Goes by another configuration from the next scan on. Counters go on.
    pub(crate) fn adopt(&mut self, effective: Arc<RunningConfig>) {
        self.users = Arc::new(Users::current());
        self.accounts.adopt(effective.classifier.rules());
        self.workers.forget_scratch();
        let config = effective.config();
        if config.memory_mode() == MemoryMode::Adaptive {
            match &mut self.adaptive {
                Some(adaptive) => adaptive.apply(&config.scan),
                None => self.adaptive = Some(Adaptive::new(&config.scan)),
            }
        } else {
            self.adaptive = None;
        }
        // Processes that change places at the limit must be looked at, whether they ran or not.
        let gated = self.adaptive.is_some()
            && self.taskstats_answers
            && config.scan.taskstats == Taskstats::Auto
            && config.scan.max_processes.is_none();
        // A new idle_detector lets everybody be looked at once, as a planner or rules may be new too.
        self.idle_detector = if gated {
            IdleDetector::open(&self.root)
        } else {
            None
        };
        self.listen_to_exits(config.scan.exits);
        self.effective = effective;
    }

    fn listen_to_exits(&mut self, source: ExitSource) {
        // A record leaves out how long the kernel took to free the memory of the process, and that
        // is lost if nobody waits for it: as long as it is, only who asks for records has them.
        if source != ExitSource::Taskstats {
            self.exits = None;
        } else if self.exits.is_none() && self.taskstats_answers {
            self.exits = Exits::open()
                .inspect_err(|error| tracing::debug!(error = error.to_string(), "no exit records"))
                .ok();
        }
        if source == ExitSource::Taskstats && self.exits.is_none() {
            tracing::warn!(
                remedy = "run it with CAP_NET_ADMIN in the initial namespaces, or set scan.exits \
                          to children",
                "taskstats does not tell of exits: their CPU is taken from their parents"
            );
        }
    }

    /// The exits since the last scan. To be called after everybody has been looked at: the record
    /// of who was gone by then is there.
    fn take_exits(&mut self, stats: &mut ScanStats) -> Vec<ExitRecord> {
        let Some(exits) = &mut self.exits else {
            return Vec::new();
        };
        match exits.take() {
            Ok((records, lost)) => {
                stats.exits_lost(lost);
                records
            }
            Err(error) => {
                tracing::warn!(
                    error = error.to_string(),
                    "taskstats no longer tells of exits: their CPU is taken from their parents"
                );
                self.exits = None;
                Vec::new()
            }
        }
    }

    /// Kind and file of the fault that memory may not be read.
    pub(crate) fn refusal(&self) -> (&'static str, &'static str) {
        ("denied", self.memory_source.file().name())
    }

    /// Whether taskstats tells who has not run.
    pub(crate) fn is_gated(&self) -> bool {
        self.idle_detector.is_some()
    }

    /// The CPU time of all scans so far on all threads, for the thread that scans to ask.
    pub(crate) fn cpu(&self) -> Duration {
        self.workers.cpu().saturating_add(thread_cpu())
    }

    /// Scans once. `live_series` of the budget belong to the exporter's own families.
    pub(crate) fn scan(&mut self, live_series: usize) -> Result<Scan, ScanFailure> {
        self.source
            .pids(&mut self.pids)
            .map_err(ScanFailure::List)?;
        if self.pids.is_empty() {
            return Err(ScanFailure::NoProcesses);
        }
        let mut stats = ScanStats::default();
        self.accounts.begin();
        let mut seen = self.survey(&mut stats);
        if seen.is_empty() {
            let first = stats
                .first_error
                .map_or_else(String::new, |it| it.to_string());
            return Err(ScanFailure::NothingReadable {
                listed: self.pids.len(),
                first,
                faults: stats.faults,
            });
        }
        // Before memory is read, which may take a while: its CPU time and that of the processes
        // shall be of the same moment.
        let host = self
            .effective
            .config()
            .export
            .host
            .then(|| self.host.read());
        let over_limit = self.over_limit(&seen);
        self.read_memory(&mut seen, &over_limit, &mut stats);
        seen.retain(|it| !it.is_gone());
        let (snapshot, rule_counts) = {
            let exits = self.take_exits(&mut stats);
            let mut table = write(&self.table);
            self.accounts
                .classify(&seen, &exits, &mut table, &self.effective.classifier);
            let mut builder = self
                .accounts
                .account(&seen, &over_limit, &table, &self.effective);
            builder.unread(stats.unread);
            if let Some(host) = host {
                builder.host(host);
            }
            let limits = self.effective.limits(live_series);
            let snapshot = builder.finish(&limits, &mut self.selection);
            (snapshot, table.rule_counts())
        };
        let too_big = self.name(&stats.too_big);
        Ok(Scan {
            snapshot,
            rule_counts,
            stats,
            too_big,
        })
    }

    /// Looks at everybody, except for those that are known not to have run.
    fn survey(&mut self, stats: &mut ScanStats) -> Vec<ProcessSample> {
        let idle = self.idle();
        let early = self.early();
        let survey = Survey {
            source: Arc::clone(&self.source),
            pids: self.pids.clone(),
            table: Arc::clone(&self.table),
            classifier: Arc::clone(&self.effective.classifier),
            rules: self.accounts.rules(),
            users: Arc::clone(&self.users),
            page_size: self.page_size,
            memory_source: self.memory_source,
            memory: self.inline_reads(),
            early,
            stuck: self.workers.stuck().clone(),
            buffers: self.effective.config().buffers.clone(),
        };
        let listed = u32::try_from(self.pids.len()).unwrap_or(u32::MAX);
        let work = self.each_took.map(|it| it.saturating_mul(listed));
        let width = work.map_or(usize::MAX, WorkerPool::<Scratch>::width);
        let before = self.workers.cpu();
        let mut unread = Vec::new();
        let settle = |done: Done<SurveyResult>| {
            let pid = self.pids.get(done.0).copied();
            match stats.settle(done) {
                Found::Process(it) => return Some(it),
                Found::Unread => {
                    stats.unread += 1;
                    unread.extend(pid);
                }
                Found::Gone => {}
            }
            None
        };
        // Collected in place, as thousands of them are megabytes.
        let done = self.workers.run(survey, width);
        let mut seen: Vec<ProcessSample> = done.into_iter().filter_map(settle).collect();
        seen.extend(idle);
        seen.sort_unstable_by_key(|it| it.key);
        let took = self.workers.cpu().saturating_sub(before);
        self.each_took = took.checked_div(listed).or(self.each_took);
        let mut table = write(&self.table);
        for pid in unread {
            self.accounts.keep(pid, &mut table);
        }
        seen
    }

    /// Takes those that have not run since the last scan out of `pids`.
    fn idle(&mut self) -> Vec<ProcessSample> {
        let Some(idle_detector) = &mut self.idle_detector else {
            return Vec::new();
        };
        let mut idle = Vec::new();
        idle_detector.take_idle(&mut self.pids, &mut idle);
        let now = Instant::now();
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let rules = self.accounts.rules();
        let mut known = Vec::with_capacity(idle.len());
        for pid in idle {
            match table.by_pid(pid) {
                Some(it) if it.rules == Some(rules) && it.kind != Kind::Zombie => {
                    known.push(ProcessSample::idle(it, now));
                }
                _ => self.pids.push(pid),
            }
        }
        known
    }

    /// Whose memory is read along with the survey. None where most are not surveyed, as they are
    /// idle, or where it is not known yet who is within the limit.
    fn early(&mut self) -> Early {
        let scan = &self.effective.config().scan;
        let may_be = self.idle_detector.is_none() && scan.max_processes.is_none();
        match &mut self.adaptive {
            Some(adaptive) if may_be => adaptive.early(scan),
            _ => Early::default(),
        }
    }

    fn inline_reads(&self) -> MemoryReads {
        let config = self.effective.config();
        let all = config.scan.max_processes.is_none();
        if all && config.memory_mode() == MemoryMode::Exact {
            MemoryReads::Inline
        } else {
            MemoryReads::Elsewhere
        }
    }

    /// The processes beyond `scan.max_processes`: the smallest by RSS, of equals those with the
    /// higher pids.
    fn over_limit(&self, seen: &[ProcessSample]) -> HashSet<ProcessKey> {
        let Some(most) = self.effective.config().scan.max_processes else {
            return HashSet::new();
        };
        let mut by_size: Vec<(u64, ProcessKey)> = seen
            .iter()
            .filter(|it| it.kind == Kind::User)
            .map(|it| (it.rss_bytes.unwrap_or(0), it.key))
            .collect();
        by_size.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let beyond = by_size.into_iter().skip(most.get());
        beyond.map(|(_, key)| key).collect()
    }

    /// Brings the memory of those within the limit up to date, as the mode says.
    fn read_memory(
        &mut self,
        seen: &mut [ProcessSample],
        over_limit: &HashSet<ProcessKey>,
        stats: &mut ScanStats,
    ) {
        let means = Means {
            source: &self.source,
            memory_source: self.memory_source,
            config: self.effective.config(),
            workers: &mut self.workers,
            idle_detector: self.idle_detector.as_mut(),
            stats,
        };
        match (means.config.memory_mode(), &mut self.adaptive) {
            (MemoryMode::Adaptive, Some(adaptive)) => adaptive.read(seen, over_limit, means),
            (MemoryMode::Exact, _) if means.config.scan.max_processes.is_none() => {
                exact::count(seen, means.stats);
            }
            (MemoryMode::Exact, _) if !means.workers.stuck().are_too_many() => {
                exact::read(seen, over_limit, means);
            }
            _ => {}
        }
    }

    fn name(&self, keys: &[ProcessKey]) -> Vec<TooBig> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let members = keys.iter().filter_map(|key| table.get(*key));
        let name = |it: &TrackedProcess| TooBig {
            pid: it.key.pid,
            name: Arc::clone(&it.name),
            rss_bytes: it.rss_bytes.unwrap_or(0),
        };
        members.map(name).collect()
    }
}

fn write(table: &RwLock<ProcessTable>) -> RwLockWriteGuard<'_, ProcessTable> {
    table.write().unwrap_or_else(PoisonError::into_inner)
}

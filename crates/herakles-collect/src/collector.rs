//! The scan: survey, memory, classes, accounts, snapshot.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use herakles_classify::{display_name, shows_foreign_cgroups};
use herakles_metrics::{ProcessKind, Selection};
use herakles_scan::{
    MemorySource, MountOptions, ProcFile, ProcFs, ProcSource, ReadBuf, open_process, read_text,
};
use herakles_stat::{PageSize, Pid, ProcessKey};
use herakles_taskstats::ExitRecord;

use crate::accounts::Accounts;
use crate::exits::Exits;
use crate::fault::FaultFile;
use crate::host::Host;
use crate::host_facts::HostFacts;
use crate::idle_looks::StatmPass;
use crate::memory_pass::ReadContext;
use crate::memory_reader::MemoryReader;
use crate::notice::Notice;
use crate::open_error::OpenError;
use crate::options::{ExitSource, Options};
use crate::phase::ScanPhase;
use crate::process_sample::ProcessSample;
use crate::process_table::ProcessTable;
use crate::rule_counts::RuleCounts;
use crate::scan::{Scan, ScanFailure};
use crate::stats::{Found, ScanStats};
use crate::survey::{InlineReads, Scratch, Survey, SurveyResult};
use crate::users::Users;
use crate::worker_pool::{Done, WorkerPool, thread_cpu};

/// Scans processes, and keeps from scan to scan what makes the next one cheap and its counters
/// grow.
pub struct Collector<S: ProcSource> {
    source: Arc<S>,
    /// Where the procfs is whose pids taskstats understands.
    taskstats_root: Option<PathBuf>,
    page_size: PageSize,
    memory_source: MemorySource,
    host: Option<Host>,
    workers: WorkerPool<Scratch>,
    memory: MemoryReader,
    /// Where taskstats tells of exits.
    exits: Option<Exits>,
    users: Arc<Users>,
    options: Options,
    table: Arc<RwLock<ProcessTable>>,
    accounts: Accounts,
    selection: Selection,
    pids: Vec<Pid>,
    /// Empty; the room of the last scan, where most samples are of those who are idle.
    samples: Vec<ProcessSample>,
    /// Whether the kernel tells how many descriptors are open, as far as is known.
    counts_fds: bool,
    /// What one process has cost in the last survey.
    each_took: Option<Duration>,
    /// What the next scan is to tell.
    notices: Vec<Notice>,
}

impl Collector<ProcFs> {
    /// Opens a `/proc`, or a recorded tree laid out like one.
    ///
    /// # Errors
    /// If there is no process to be seen, or no thread to read with.
    pub fn open(root: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let root = root.as_ref();
        let proc = ProcFs::open(root)?;
        let facts = HostFacts::of(&proc, root).map_err(OpenError::Units)?;
        let mount = proc.mount_options().ok().flatten();
        let mut collector = Self::with_source(proc, facts, options)?;
        let hiding = mount.filter(MountOptions::hides_from_us);
        collector.notices.extend(hiding.map(Notice::Hidden));
        Ok(collector)
    }
}

impl<S: ProcSource> Collector<S> {
    /// Scans another source of processes.
    ///
    /// # Errors
    /// [`OpenError::Threads`] if there is no thread to read with.
    pub fn with_source(source: S, facts: HostFacts, options: Options) -> Result<Self, OpenError> {
        let mut pids = Vec::new();
        let memory_source = match source.pids(&mut pids) {
            Ok(()) => MemorySource::probe(&source, &pids),
            // The first scan says what is wrong.
            Err(_) => MemorySource::SmapsRollup,
        };
        let files = facts.files.clone();
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let mut collector = Self {
            page_size: facts.page_size,
            memory_source,
            host: files
                .as_deref()
                .map(|root| Host::new(root, facts.ticks_per_second)),
            taskstats_root: files.filter(|_| facts.taskstats_answers),
            workers: WorkerPool::new(options.thread_count(cores), options.patience)?,
            memory: MemoryReader::Rss,
            exits: None,
            users: Arc::new(Users::open(&options.rootfs)),
            table: Arc::default(),
            accounts: Accounts::new(facts),
            selection: Selection::default(),
            pids,
            samples: Vec::new(),
            counts_fds: true,
            each_took: None,
            notices: foreign_cgroups(&source).into_iter().collect(),
            source: Arc::new(source),
            options: options.clone(),
        };
        collector.accounts.adopt(options.classifier.rules());
        collector.go_by(options);
        Ok(collector)
    }

    /// Goes by other options from the next scan on. Counters go on. With the same classifier no
    /// process is classified again.
    pub fn reconfigure(&mut self, mut options: Options) {
        let before = &self.options;
        options.fds &= self.counts_fds;
        let is_same_classifier = Arc::ptr_eq(&options.classifier, &before.classifier);
        // What is asked of a new process once is to be asked of all.
        let asks_more = (options.fds && !before.fds) || (options.io && !before.io);
        if !is_same_classifier || options.rootfs != before.rootfs || asks_more {
            self.users = Arc::new(Users::open(&options.rootfs));
            self.accounts.adopt(options.classifier.rules());
        }
        if options.buffers != before.buffers {
            self.workers.forget_scratch();
        }
        self.go_by(options);
    }

    fn go_by(&mut self, options: Options) {
        self.memory.adopt(&options, self.taskstats_root.as_deref());
        self.listen_to_exits(options.exits);
        self.options = options;
    }

    fn listen_to_exits(&mut self, source: ExitSource) {
        // A record leaves out how long the kernel took to free the memory of the process, and that
        // is lost if nobody waits for it: as long as it is, only a user who asks for records has
        // them.
        match source {
            ExitSource::Children => self.exits = None,
            ExitSource::Taskstats if self.exits.is_some() => {}
            ExitSource::Taskstats => match Exits::open(self.taskstats_root.is_some()) {
                Ok(exits) => self.exits = Some(exits),
                Err(error) => self.notices.push(Notice::NoExitRecords(error)),
            },
        }
    }

    /// The exits since the last scan. To be called after everybody has been looked at: the record
    /// of a process that was gone by then is there.
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
                self.notices.push(Notice::ExitRecordsEnded(error));
                self.exits = None;
                Vec::new()
            }
        }
    }

    /// The file that memory is read from.
    pub fn memory_file(&self) -> FaultFile {
        self.memory_source.file().into()
    }

    /// Goes by this detector.
    #[cfg(test)]
    pub(crate) fn detect_idle_by(&mut self, detector: crate::idle::IdleDetector) {
        self.memory.detect_idle_by(detector);
    }

    /// Whether taskstats tells which processes have not run.
    pub fn detects_idle(&self) -> bool {
        self.memory.detects_idle()
    }

    /// The CPU time of all scans so far on all threads, for the thread that scans to ask.
    pub fn cpu_time(&self) -> Duration {
        self.workers.cpu().saturating_add(thread_cpu())
    }

    /// Keeps room for so many series beside those of the snapshot, within
    /// [`max_series`](herakles_metrics::SeriesLimits::max_series).
    pub fn reserve_series(&mut self, series: usize) {
        self.options.limits.live_series = series;
    }

    /// Scans once.
    ///
    /// # Errors
    /// If the processes cannot be listed, or none of them can be read. What is known stays: the
    /// next scan may succeed.
    pub fn scan(&mut self) -> Result<Scan, ScanFailure> {
        self.scan_observed(&mut |_| {})
    }

    /// As [`scan`](Self::scan), and calls `ended` at the end of each phase, on this thread.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub fn scan_observed(&mut self, ended: &mut dyn FnMut(ScanPhase)) -> Result<Scan, ScanFailure> {
        self.source
            .pids(&mut self.pids)
            .map_err(ScanFailure::List)?;
        ended(ScanPhase::List);
        if self.pids.is_empty() {
            return Err(ScanFailure::NoProcesses);
        }
        if let Some(users) = self.users.renewed() {
            self.users = Arc::new(users);
        }
        let mut stats = ScanStats::default();
        self.accounts.begin();
        let inline = self.memory.inline_reads(&self.options);
        let mut samples = self.survey(inline, &mut stats, ended);
        ended(ScanPhase::Observe);
        if samples.is_empty() {
            let first = stats
                .first_error
                .map_or_else(String::new, |error| error.to_string());
            return Err(ScanFailure::NothingReadable {
                listed: self.pids.len(),
                first,
                faults: stats.faults,
            });
        }
        if samples.iter().any(|sample| sample.open_fds.is_some()) {
            // An older kernel says of everybody that it has none.
            self.counts_fds = samples.iter().any(|sample| sample.open_fds > Some(0));
            self.options.fds &= self.counts_fds;
        }
        // Before memory is read, which may take a while: its CPU time and that of the processes
        // shall be of the same moment.
        let host = self.host.as_mut().filter(|_| self.options.host);
        let boot = self.accounts.boot_seconds();
        let host = host.map(|host| host.read(boot, &mut stats.faults));
        let over_limit = self.over_limit(&samples);
        let context = ReadContext {
            source: &self.source,
            memory_source: self.memory_source,
            buffers: self.options.buffers,
            page_size: self.page_size,
            interval: self.options.interval,
            workers: &mut self.workers,
            stats: &mut stats,
        };
        self.memory.read(&mut samples, &over_limit, inline, context);
        samples.retain(|sample| !sample.is_gone());
        ended(ScanPhase::Read);
        let exits = self.take_exits(&mut stats);
        let (snapshot, rule_counts) = {
            let mut table = write(&self.table);
            let classifier = &self.options.classifier;
            self.accounts
                .classify(&samples, &exits, &mut table, classifier);
            let mut builder = self
                .accounts
                .account(&samples, &over_limit, &table, &self.options);
            builder.unread(stats.unread);
            if let Some(host) = host {
                builder.host(host);
            }
            let snapshot = builder.finish(&self.options.limits, &mut self.selection);
            (snapshot, RuleCounts::of_table(&table))
        };
        if self.memory.detects_idle() {
            let most = 2 * samples.len();
            samples.clear();
            samples.shrink_to(most);
            self.samples = samples;
        }
        ended(ScanPhase::Snapshot);
        let mut notices = std::mem::take(&mut self.notices);
        notices.extend(self.too_big(&stats.too_big));
        Ok(Scan {
            snapshot,
            rule_counts,
            stats,
            notices,
        })
    }

    /// Looks at everybody, except for those that are known not to have run.
    fn survey(
        &mut self,
        inline: InlineReads,
        stats: &mut ScanStats,
        ended: &mut dyn FnMut(ScanPhase),
    ) -> Vec<ProcessSample> {
        let mut idle = self.idle();
        ended(ScanPhase::Detect);
        let early = self.memory.early(&self.options);
        let survey = Survey {
            source: Arc::clone(&self.source),
            pids: self.pids.clone(),
            table: Arc::clone(&self.table),
            classifier: Arc::clone(&self.options.classifier),
            rules: self.accounts.rules(),
            users: Arc::clone(&self.users),
            page_size: self.page_size,
            fds: self.options.fds,
            io: self.options.io,
            memory_source: self.memory_source,
            memory: inline,
            early,
            stuck: self.workers.stuck().clone(),
            buffers: self.options.buffers,
        };
        let listed = u32::try_from(self.pids.len()).unwrap_or(u32::MAX);
        let work = self.each_took.map(|took| took.saturating_mul(listed));
        let width = work.map_or(usize::MAX, WorkerPool::<Scratch>::width);
        let before = self.workers.cpu();
        let mut unread = Vec::new();
        let settle = |done: Done<SurveyResult>| {
            let pid = self.pids.get(done.0).copied();
            match stats.settle(done) {
                Found::Process(sample) => return Some(sample),
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
        let found = done.into_iter().filter_map(settle);
        let mut samples: Vec<ProcessSample> = if idle.is_empty() {
            found.collect()
        } else {
            idle.extend(found);
            idle
        };
        samples.sort_unstable_by_key(|sample| sample.key);
        let took = self.workers.cpu().saturating_sub(before);
        self.each_took = took.checked_div(listed).or(self.each_took);
        let mut table = write(&self.table);
        for pid in unread {
            self.accounts.keep(pid, &mut table);
        }
        samples
    }

    /// Takes those that have not run since the last scan out of `pids`.
    fn idle(&mut self) -> Vec<ProcessSample> {
        let Some(detector) = self.memory.idle_detector() else {
            return Vec::new();
        };
        let mut idle = Vec::new();
        let moves = detector.take_idle(&mut self.pids, &mut idle);
        let now = Instant::now();
        let mut known = std::mem::take(&mut self.samples);
        {
            let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
            let rules = self.accounts.rules();
            for pid in idle {
                match table.by_pid(pid) {
                    Some(process)
                        if process.rules == Some(rules) && process.kind != ProcessKind::Zombie =>
                    {
                        known.push(process.idle_sample(now));
                    }
                    _ => self.pids.push(pid),
                }
            }
        }
        let rss = |it: &ProcessSample| self.memory.rss_bytes(it);
        let pass = StatmPass::of(
            &known,
            rss,
            moves,
            self.accounts.scan(),
            &self.source,
            self.options.buffers,
        );
        self.pids
            .extend(pass.apply(&mut known, &mut self.workers, self.page_size));
        known
    }

    /// The processes beyond `max_processes`: the smallest by RSS, of equals those with the higher
    /// pids.
    fn over_limit(&self, samples: &[ProcessSample]) -> HashSet<ProcessKey> {
        let Some(most) = self.options.max_processes else {
            return HashSet::new();
        };
        let mut by_size: Vec<(u64, ProcessKey)> = samples
            .iter()
            .filter(|sample| sample.kind == ProcessKind::User)
            .map(|sample| (sample.rss_bytes.unwrap_or(0), sample.key))
            .collect();
        by_size.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let beyond = by_size.into_iter().skip(most.get());
        beyond.map(|(_, key)| key).collect()
    }

    fn too_big(&self, keys: &[ProcessKey]) -> Vec<Notice> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let processes = keys.iter().filter_map(|key| table.get(*key));
        processes
            .map(|process| Notice::TooBig {
                pid: process.key.pid,
                name: Arc::clone(&process.name),
                rss_bytes: process.rss_bytes.unwrap_or(0),
            })
            .collect()
    }
}

/// Whether the first process is outside of what we see of the control groups. It is the host's if
/// the processes are, and then in no group of ours.
fn foreign_cgroups<S: ProcSource>(source: &S) -> Option<Notice> {
    let mut buffer = ReadBuf::default();
    let first = open_process(source, Pid::new(1)?).ok()?;
    let text = read_text(&first, ProcFile::Cgroup, &mut buffer).ok()?;
    shows_foreign_cgroups(text).then(|| Notice::ForeignCgroups {
        first: display_name(text.trim_ascii()),
    })
}

fn write(table: &RwLock<ProcessTable>) -> RwLockWriteGuard<'_, ProcessTable> {
    table.write().unwrap_or_else(PoisonError::into_inner)
}

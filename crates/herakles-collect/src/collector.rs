//! The collector: what it keeps from scan to scan, how it is opened, and the options it goes by.

mod course;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::Duration;

use herakles_classify::{display_name, shows_foreign_cgroups};
use herakles_metrics::Selection;
use herakles_scan::{
    MemorySource, MountOptions, ProcFile, ProcFs, ProcSource, ReadBuf, open_process, read_text,
};
use herakles_stat::{PageSize, Pid};

use crate::accounts::Accounts;
use crate::exits::Exits;
use crate::fault::FaultFile;
use crate::host::Host;
use crate::host_facts::HostFacts;
use crate::idle_looks::IdleLooks;
use crate::memory_reader::MemoryReader;
use crate::notice::Notice;
use crate::open_error::OpenError;
use crate::options::{ExitSource, Options};
use crate::process_sample::ProcessSample;
use crate::process_table::ProcessTable;
use crate::survey::Scratch;
use crate::thread_time::thread_cpu;
use crate::users::Users;
use crate::worker_pool::WorkerPool;

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
    /// After which a read is given up once a scan has succeeded.
    patience: Duration,
    memory: MemoryReader,
    looks: IdleLooks,
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
    each_took: Duration,
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
        let first_patience = options.first_patience.min(options.patience);
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let mut collector = Self {
            page_size: facts.page_size,
            memory_source,
            host: files
                .as_deref()
                .map(|root| Host::new(root, facts.ticks_per_second)),
            taskstats_root: files.filter(|_| facts.taskstats_answers),
            workers: WorkerPool::new(options.thread_count(cores), first_patience)?,
            patience: options.patience,
            memory: MemoryReader::Rss,
            looks: IdleLooks::default(),
            exits: None,
            users: Arc::new(Users::open(&options.rootfs)),
            table: Arc::default(),
            accounts: Accounts::new(facts),
            selection: Selection::default(),
            pids,
            samples: Vec::new(),
            counts_fds: true,
            each_took: Duration::ZERO,
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

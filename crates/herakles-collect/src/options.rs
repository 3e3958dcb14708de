//! What a collector does: everything a program can choose.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use herakles_classify::{Classifier, Glob, Rules, Visibility};
use herakles_metrics::SeriesLimits;
use herakles_plan::PlanLimits;

/// What a [`Collector`](crate::Collector) reads, how it classifies, and what its snapshots hold.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The rules that classify processes. Default: the built-in ones.
    pub classifier: Arc<Classifier>,
    /// Which subgroups a snapshot shows. Default: all.
    pub visibility: Visibility,
    /// How memory beyond RSS is read. Default: adaptive. Where the limits export neither PSS nor
    /// USS nothing is read for them; see [`memory_mode`](Self::memory_mode).
    pub memory: MemoryMode,
    /// Whether adaptive reading asks taskstats which processes have not run.
    pub idle_detection: IdleDetection,
    /// Where the CPU time of exited processes comes from.
    pub exits: ExitSource,
    /// The time that is to pass between two scans, by which reads are planned. Default: 30 s.
    pub interval: Duration,
    /// Threads that read; `None`: as many as there are cores, at most 4. Holds from
    /// [`open`](crate::Collector::open) on.
    pub threads: Option<NonZeroUsize>,
    /// Beyond it the smallest processes by RSS are counted, but not read in detail; `None`: no
    /// limit.
    pub max_processes: Option<NonZeroUsize>,
    /// Which processes have series of their own by their names. Default: all.
    pub names: NameFilter,
    /// What a snapshot may export.
    pub limits: SeriesLimits,
    /// Whether the host's own figures are read too. Default: yes.
    pub host: bool,
    /// Whether open descriptors are counted, where the kernel tells their number. Default: yes.
    pub fds: bool,
    /// Whether storage bytes are read, which takes the rights of a debugger and
    /// `CAP_DAC_READ_SEARCH`. Default: no.
    pub io: bool,
    /// Initial sizes of the read buffers of each thread.
    pub buffers: BufferSizes,
    /// The root of the file system whose `etc/passwd` names users. Default: `/`.
    pub rootfs: PathBuf,
    /// A read that takes longer is given up, with its thread. Default: 10 s. Holds from
    /// [`open`](crate::Collector::open) on.
    pub patience: Duration,
    /// The same until a scan has succeeded, for who shows each scan as soon as it is there: nothing
    /// at all is known by then, and what was given up so is read by the next scan, if its thread has
    /// come back. Default: 10 s.
    pub first_patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self::new(Arc::new(Classifier::new(Rules::builtin())))
    }
}

impl Options {
    /// The default with other rules.
    pub fn new(classifier: Arc<Classifier>) -> Self {
        Self {
            classifier,
            visibility: Visibility::default(),
            memory: MemoryMode::default(),
            idle_detection: IdleDetection::default(),
            exits: ExitSource::default(),
            interval: Duration::from_secs(30),
            threads: None,
            max_processes: None,
            names: NameFilter::default(),
            limits: SeriesLimits::default(),
            host: true,
            fds: true,
            io: false,
            buffers: BufferSizes::default(),
            rootfs: PathBuf::from("/"),
            patience: Duration::from_secs(10),
            first_patience: Duration::from_secs(10),
        }
    }

    /// The memory mode in force: [`memory`](Self::memory), or RSS only where neither PSS nor USS
    /// is exported.
    pub fn memory_mode(&self) -> MemoryMode {
        if self.limits.quantities.pss || self.limits.quantities.uss {
            self.memory
        } else {
            MemoryMode::Rss
        }
    }

    /// The number of threads that read on a machine with so many cores.
    pub(crate) fn thread_count(&self, cores: NonZeroUsize) -> usize {
        const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
        self.threads.unwrap_or_else(|| cores.min(MOST)).get()
    }
}

/// How memory beyond RSS is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MemoryMode {
    /// Not at all: RSS only.
    Rss,
    /// Every process, every time.
    Exact,
    /// Processes whose memory may have moved or whose sample is old, within these limits.
    Adaptive(PlanLimits),
}

impl Default for MemoryMode {
    fn default() -> Self {
        Self::Adaptive(PlanLimits::default())
    }
}

impl MemoryMode {
    /// The mode in one word, as a label value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Exact => "exact",
            Self::Adaptive(_) => "adaptive",
        }
    }
}

/// Whether adaptive reading asks taskstats which processes have not run since the last scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdleDetection {
    /// Where kernel and rights (`CAP_NET_ADMIN`) allow it.
    #[default]
    Auto,
    /// Never.
    Off,
}

/// Where the CPU time of exited processes comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExitSource {
    /// From what their parents absorb (`cutime` and `cstime`).
    #[default]
    Children,
    /// From taskstats, with a [`Notice`](crate::Notice) where it is not to be had.
    Taskstats,
}

/// Initial sizes of the read buffers of one thread, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferSizes {
    /// For all files but these two.
    pub io_bytes: usize,
    /// For `smaps_rollup`.
    pub smaps_rollup_bytes: usize,
    /// For `smaps`.
    pub smaps_bytes: usize,
}

impl Default for BufferSizes {
    fn default() -> Self {
        Self {
            io_bytes: 4 << 10,
            smaps_rollup_bytes: 4 << 10,
            smaps_bytes: 64 << 10,
        }
    }
}

/// Globs on the name that decide which processes may have series of their own.
#[derive(Clone, Debug, Default)]
pub struct NameFilter {
    include: Vec<Glob>,
    exclude: Vec<Glob>,
}

impl NameFilter {
    /// Admits the names that a glob of `include` matches, or all if there is none, unless one of
    /// `exclude` does.
    pub fn new(include: Vec<Glob>, exclude: Vec<Glob>) -> Self {
        Self { include, exclude }
    }

    /// Whether a process of this name may have series of its own.
    pub fn admits(&self, name: &str) -> bool {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.is_match(name.as_bytes()));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_follow_the_cores_up_to_four() {
        let mut options = Options::new(Arc::new(Classifier::new(Rules::default())));
        let cores = |cores| NonZeroUsize::new(cores).unwrap();
        let threads = [1, 2, 4, 64].map(|n| options.thread_count(cores(n)));
        assert_eq!(threads, [1, 2, 4, 4]);
        options.threads = Some(cores(8));
        assert_eq!(options.thread_count(cores(2)), 8);
    }

    #[test]
    fn exclude_wins_over_include_and_no_include_means_all() {
        let globs = |patterns: &[&str]| {
            let parse = |pattern: &&str| Glob::parse(pattern).unwrap();
            patterns.iter().map(parse).collect()
        };
        let both = NameFilter::new(globs(&["java*", "?"]), globs(&["java-tmp"]));
        assert!(both.admits("java") && both.admits("java/x") && both.admits("a"));
        assert!(!both.admits("java-tmp") && !both.admits("bash"));
        let excluded = NameFilter::new(Vec::new(), globs(&["kworker/*"]));
        assert!(excluded.admits("bash") && !excluded.admits("kworker/0:1"));
    }
}

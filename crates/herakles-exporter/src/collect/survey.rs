//! The cheap part of a scan, one process at a time: who it is, its CPU time, its RSS, and what
//! classifies it if that is not known. With [`MemoryReads::Inline`] its memory too.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use herakles_classify::{Classifier, Decision};
use herakles_cpu::Usage;
use herakles_scan::{
    Buffers, MemorySource, ProcFile, ProcSource, ReadBuf, ScanError, Skip, live_thread,
    open_process, read_memory, read_stat, read_statm,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{PageSize, Pid, ProcessKey, Stat};

use super::crew::{Note, Task};
use super::facts::LiveFacts;
use super::roster::{Comm, Image, Roster};
use super::users::Users;

/// Whether the survey reads memory as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryReads {
    /// Of every process.
    Inline,
    /// Of none: another pass does, or nobody.
    Elsewhere,
}

/// One survey of the processes in `pids`.
pub(crate) struct Survey<S> {
    pub(crate) source: Arc<S>,
    pub(crate) pids: Vec<Pid>,
    pub(crate) roster: Arc<RwLock<Roster>>,
    pub(crate) classifier: Arc<Classifier>,
    /// The generation of the rules: members classified by another are classified again.
    pub(crate) rules: u32,
    pub(crate) users: Arc<Users>,
    pub(crate) page_size: PageSize,
    pub(crate) memory_source: MemorySource,
    pub(crate) memory: MemoryReads,
    /// Processes whose last reader has not come back.
    pub(crate) stuck: HashSet<ProcessKey>,
    /// Whether files that may hang are read at all.
    pub(crate) may_hang: bool,
}

/// The buffers of one worker.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) buffers: Buffers,
    pub(crate) facts: ReadBuf,
}

/// What sort of process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    KernelThread,
    Zombie,
}

/// What became of reading its memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MemoryRead {
    /// Nobody tried.
    Not,
    Fresh { usage: MemoryUsage, took: Duration },
    Failed(ScanError),
}

/// One process as the survey saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) key: ProcessKey,
    pub(crate) parent: Option<Pid>,
    pub(crate) kind: Kind,
    pub(crate) own: Usage,
    pub(crate) reaped: Usage,
    pub(crate) threads: u32,
    /// When `stat` was read.
    pub(crate) at: Instant,
    pub(crate) image: Image,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) memory: MemoryRead,
    /// What the rules say of it, if that was not known yet.
    pub(crate) news: Option<Box<News>>,
    /// `statm` could not be read.
    pub(crate) statm_error: Option<ScanError>,
    /// The file that is being read when the worker does not come back.
    pub(crate) reading: Option<ProcFile>,
}

/// What is found out about a process when it is new, took another name, or exec'd.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// The bytes of the name.
    pub(crate) comm: Vec<u8>,
    /// `None` for kernel threads, which no rule is asked about.
    pub(crate) decision: Option<Decision>,
    pub(crate) errors: Vec<ScanError>,
}

/// One item of a survey: a process, or why there is none.
pub(crate) type Sight = Result<Seen, ScanError>;

impl<S: ProcSource> Task for Survey<S> {
    type Output = Sight;
    type Scratch = Scratch;

    fn len(&self) -> usize {
        self.pids.len()
    }

    fn run(&self, item: usize, scratch: &mut Scratch, note: &Note<'_, Sight>) -> Sight {
        let pid = self.pids[item];
        let handle = open_process(&*self.source, pid)?;
        let (mut seen, comm) = self.read_stat(&handle, scratch)?;
        if seen.kind == Kind::User {
            self.read_rest(&handle, seen, comm, scratch, note)
        } else {
            if self.knows_otherwise(&seen) {
                let decision = (seen.kind == Kind::Zombie)
                    .then(|| self.decide(&handle, &seen, &comm, scratch).0);
                seen.news = Some(Box::new(News { comm, decision, errors: Vec::new() }));
            }
            Ok(seen)
        }
    }
}

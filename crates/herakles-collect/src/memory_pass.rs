//! The expensive part of a scan where not every process is read: the memory of chosen ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use herakles_scan::{
    MemorySource, ProcSource, ScanError, Skip, open_process, peek_memory, peek_statm, read_memory,
    read_stat, read_statm,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{PageSize, ProcessKey, Statm};

use crate::options::BufferSizes;
use crate::process_sample::{Memory, ProcessSample};
use crate::stats::ScanStats;
use crate::survey::Scratch;
use crate::thread_time::OwnTime;
use crate::worker_pool::{Note, StuckThreads, Task, WorkerPool};

/// What the passes of one scan need.
pub(crate) struct ReadContext<'a, S> {
    pub(crate) source: &'a Arc<S>,
    pub(crate) memory_source: MemorySource,
    pub(crate) buffers: BufferSizes,
    pub(crate) page_size: PageSize,
    /// Until the next scan.
    pub(crate) interval: Duration,
    pub(crate) workers: &'a mut WorkerPool<Scratch>,
    pub(crate) stats: &'a mut ScanStats,
}

/// What became of one read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// When it ended.
    pub(crate) at: Instant,
    /// CPU time.
    pub(crate) took: Duration,
    /// `None` if it was left, as the allowance was used up or too many threads are stuck.
    pub(crate) usage: Option<Result<MemoryUsage, ScanError>>,
    /// What `statm` said right before.
    pub(crate) statm: Option<Statm>,
}

impl Attempt {
    /// What the survey has read of a process as it went; `None` if it has not.
    pub(crate) fn of_survey(seen: &ProcessSample) -> Option<Self> {
        let (at, usage) = match seen.memory {
            Memory::Unknown => return None,
            Memory::Sample(sample) => (sample.taken_at, Ok(sample.usage)),
            Memory::Failed(error) => (seen.at, Err(error)),
        };
        Some(Self {
            at,
            took: seen.memory_took,
            usage: Some(usage),
            // The survey has just read it.
            statm: None,
        })
    }
}

/// A process whose memory is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) key: ProcessKey,
    /// Whether who asked makes sure afterwards that the pid is still this process's.
    pub(crate) is_proven_later: bool,
}

/// Whether `statm` is read with each sample, to tell later what has moved since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatmReads {
    /// It is.
    BesideEach,
    /// It is not.
    None,
}

/// Reads the memory of the targets, the first first.
pub(crate) struct MemoryPass<S> {
    pub(crate) source: Arc<S>,
    pub(crate) targets: Vec<Target>,
    pub(crate) memory_source: MemorySource,
    pub(crate) statm: StatmReads,
    /// Once the reads have taken this long together no further one begins.
    pub(crate) allowance: Option<Duration>,
    pub(crate) spent_nanos: AtomicU64,
    pub(crate) stuck: StuckThreads,
    pub(crate) buffers: BufferSizes,
}

impl<S: ProcSource> Task for MemoryPass<S> {
    type Output = Attempt;
    type Scratch = Scratch;

    fn len(&self) -> usize {
        self.targets.len()
    }

    fn scratch(&self) -> Scratch {
        Scratch::new(&self.buffers)
    }

    fn run(&self, item: usize, scratch: &mut Scratch, note: &Note<'_, Attempt>) -> Attempt {
        let spent = Duration::from_nanos(self.spent_nanos.load(Relaxed));
        let spent_all = self.allowance.is_some_and(|allowance| spent >= allowance);
        if spent_all || self.stuck.are_too_many() {
            return Attempt {
                at: Instant::now(),
                took: Duration::ZERO,
                usage: None,
                statm: None,
            };
        }
        let own_time = OwnTime::start();
        let mut statm = None;
        let usage = self.read(self.targets[item], &mut statm, scratch, note);
        let took = own_time.elapsed();
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.spent_nanos.fetch_add(nanos, Relaxed);
        Attempt {
            at: Instant::now(),
            took,
            usage: Some(usage),
            statm,
        }
    }
}

impl<S: ProcSource> MemoryPass<S> {
    fn read(
        &self,
        Target {
            key,
            is_proven_later,
        }: Target,
        statm: &mut Option<Statm>,
        scratch: &mut Scratch,
        note: &Note<'_, Attempt>,
    ) -> Result<MemoryUsage, ScanError> {
        if is_proven_later && self.memory_source == MemorySource::SmapsRollup {
            note.reading(key);
            if self.statm == StatmReads::BesideEach {
                *statm = peek_statm(&*self.source, key.pid, &mut scratch.buffers.io).ok();
            }
            // What is not as usual is read the usual way.
            if let Ok(usage) = peek_memory(&*self.source, key.pid, &mut scratch.buffers) {
                return Ok(usage);
            }
        }
        let handle = open_process(&*self.source, key.pid)?;
        // The pid may be another process's since the survey.
        if !is_proven_later && read_stat(&handle, &mut scratch.buffers.io)?.key() != key {
            return Err(vanished(key));
        }
        note.reading(key);
        if self.statm == StatmReads::BesideEach {
            *statm = read_statm(&handle, &mut scratch.buffers.io).ok();
        }
        read_memory(&handle, self.memory_source, &mut scratch.buffers)
    }
}

/// That a process is gone, although its pid may not be.
pub(crate) fn vanished(key: ProcessKey) -> ScanError {
    ScanError {
        pid: key.pid,
        file: None,
        skip: Skip::Vanished,
    }
}

//! The dear part of a scan where not every process is read: the memory of chosen ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use herakles_scan::{
    MemorySource, ProcSource, ScanError, Skip, open_process, read_memory, read_stat,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::ProcessKey;

use super::crew::{Note, StuckThreads, Task};
use super::survey::Scratch;
use crate::config;

/// What became of one read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// When it ended.
    pub(crate) at: Instant,
    pub(crate) took: Duration,
    /// `None` if it was left, as the allowance was used up or too many threads are stuck.
    pub(crate) usage: Option<Result<MemoryUsage, ScanError>>,
}

/// Reads the memory of the processes in `keys`, the first first.
pub(crate) struct MemoryPass<S> {
    pub(crate) source: Arc<S>,
    pub(crate) keys: Vec<ProcessKey>,
    pub(crate) memory_source: MemorySource,
    /// Once the reads have taken this long together no further one begins.
    pub(crate) allowance: Option<Duration>,
    pub(crate) spent_nanos: AtomicU64,
    pub(crate) stuck: StuckThreads,
    pub(crate) buffers: config::Buffers,
}

impl<S: ProcSource> Task for MemoryPass<S> {
    type Output = Attempt;
    type Scratch = Scratch;

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn scratch(&self) -> Scratch {
        Scratch::new(&self.buffers)
    }

    fn run(&self, item: usize, scratch: &mut Scratch, note: &Note<'_, Attempt>) -> Attempt {
        let begin = Instant::now();
        let spent = Duration::from_nanos(self.spent_nanos.load(Relaxed));
        let spent_all = self.allowance.is_some_and(|allowance| spent >= allowance);
        if spent_all || self.stuck.are_too_many() {
            return Attempt {
                at: begin,
                took: Duration::ZERO,
                usage: None,
            };
        }
        let usage = self.read(self.keys[item], scratch, note);
        let at = Instant::now();
        let took = at.saturating_duration_since(begin);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.spent_nanos.fetch_add(nanos, Relaxed);
        Attempt {
            at,
            took,
            usage: Some(usage),
        }
    }
}

impl<S: ProcSource> MemoryPass<S> {
    fn read(
        &self,
        key: ProcessKey,
        scratch: &mut Scratch,
        note: &Note<'_, Attempt>,
    ) -> Result<MemoryUsage, ScanError> {
        let handle = open_process(&*self.source, key.pid)?;
        // The survey's descriptor is gone, and the pid may be another process's by now.
        if read_stat(&handle, &mut scratch.buffers.io)?.key() != key {
            return Err(ScanError {
                pid: key.pid,
                file: None,
                skip: Skip::Vanished,
            });
        }
        note.reading(key);
        read_memory(&handle, self.memory_source, &mut scratch.buffers)
    }
}

//! The dear part of a scan where not every process is read: the memory of chosen ones.

use std::sync::Arc;
use std::time::Duration;

use herakles_scan::{MemorySource, ProcSource, ScanError, Skip, open_process, read_stat};
use herakles_smaps::MemoryUsage;
use herakles_stat::ProcessKey;

use super::crew::{Note, Task};
use super::survey::{Scratch, timed_memory};
use crate::config;

/// Reads the memory of the processes in `keys`.
pub(crate) struct MemoryPass<S> {
    pub(crate) source: Arc<S>,
    pub(crate) keys: Vec<ProcessKey>,
    pub(crate) memory_source: MemorySource,
    pub(crate) buffers: config::Buffers,
}

impl<S: ProcSource> Task for MemoryPass<S> {
    /// The memory, and how long the read took.
    type Output = Result<(MemoryUsage, Duration), ScanError>;
    type Scratch = Scratch;

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn scratch(&self) -> Scratch {
        Scratch::new(&self.buffers)
    }

    fn run(
        &self,
        item: usize,
        scratch: &mut Scratch,
        note: &Note<'_, Self::Output>,
    ) -> Self::Output {
        let key = self.keys[item];
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
        timed_memory(&handle, self.memory_source, scratch)
    }
}

//! Threads that do not come back from a read, and how many of them are too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use herakles_stat::ProcessKey;

/// The threads that were given up and have not come back, for all to see.
#[derive(Clone, Debug, Default)]
pub(crate) struct StuckThreads {
    /// Whose file each of them reads, by the thread's ticket.
    threads: Arc<Mutex<HashMap<usize, Option<ProcessKey>>>>,
}

impl StuckThreads {
    /// How many may be stuck. Those that read when the last of these is found stuck may follow.
    const MOST: usize = 8;

    /// Whether so many are stuck that nothing which may hang should be read.
    pub(crate) fn are_too_many(&self) -> bool {
        self.len() >= Self::MOST
    }

    /// Whether the last reader of this process has not come back.
    pub(crate) fn hold(&self, key: ProcessKey) -> bool {
        self.lock().values().any(|it| *it == Some(key))
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn add(&self, ticket: usize, key: Option<ProcessKey>) {
        self.lock().insert(ticket, key);
    }

    pub(super) fn remove(&self, ticket: usize) {
        self.lock().remove(&ticket);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Option<ProcessKey>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

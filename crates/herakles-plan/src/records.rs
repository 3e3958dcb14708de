//! The records of all processes, to be found by identity.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use herakles_stat::ProcessKey;

use crate::record::Record;

/// Records sorted by identity, and those that came since they were last sorted.
#[derive(Debug, Default)]
pub(crate) struct Records {
    sorted: Vec<Record>,
    arrivals: Vec<Record>,
    /// The index of the record that was found last: whoever asks in order finds the next one there.
    found: AtomicUsize,
}

impl Records {
    /// That of a process, unless it has only just arrived.
    pub(crate) fn get(&self, key: ProcessKey) -> Option<&Record> {
        self.sorted.get(self.find(key)?)
    }

    /// As [`get`](Self::get).
    pub(crate) fn get_mut(&mut self, key: ProcessKey) -> Option<&mut Record> {
        let index = self.find(key)?;
        self.sorted.get_mut(index)
    }

    /// All but those that have only just arrived.
    pub(crate) fn all(&self) -> &[Record] {
        &self.sorted
    }

    /// As [`all`](Self::all).
    pub(crate) fn all_mut(&mut self) -> &mut [Record] {
        &mut self.sorted
    }

    /// Takes one that is new; it is found from the next [turn](Self::turn_over) on.
    pub(crate) fn arrive(&mut self, record: Record) {
        self.arrivals.push(record);
    }

    /// Forgets those that do not stay and takes in those that have arrived.
    pub(crate) fn turn_over(&mut self, stays: impl FnMut(&mut Record) -> bool) {
        let Self {
            sorted, arrivals, ..
        } = self;
        sorted.retain_mut(stays);
        if !arrivals.is_empty() {
            let needed = sorted.len() + arrivals.len();
            if sorted.capacity() < needed {
                sorted.reserve_exact(arrivals.len() + needed / 16);
            }
            sorted.append(arrivals);
            arrivals.shrink_to(16);
            sorted.sort_unstable_by_key(|record| record.key);
            sorted.dedup_by_key(|record| record.key);
        }
        if sorted.capacity() > 2 * sorted.len() + 64 {
            sorted.shrink_to(sorted.len() + sorted.len() / 16);
        }
    }

    /// The number of all, those that have only just arrived included.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len() + self.arrivals.len()
    }

    /// Their heap memory in bytes, unused capacity included.
    pub(crate) fn heap_bytes(&self) -> usize {
        (self.sorted.capacity() + self.arrivals.capacity()) * size_of::<Record>()
    }

    fn find(&self, key: ProcessKey) -> Option<usize> {
        let last = self.found.load(Relaxed);
        let is_at = |index: &usize| self.sorted.get(*index).is_some_and(|it| it.key == key);
        let index = [last.wrapping_add(1), last].into_iter().find(is_at);
        let search = || self.sorted.binary_search_by_key(&key, |record| record.key);
        let index = index.or_else(|| search().ok())?;
        self.found.store(index, Relaxed);
        Some(index)
    }
}

//! What is kept of each process between two scans.

use std::collections::HashMap;
use std::time::Instant;

use herakles_stat::{IoBytes, Pid, ProcessKey};

use crate::Usage;
use crate::usage::{Used, zip_io};

/// What is remembered of one living process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<C> {
    pub(super) key: ProcessKey,
    pub(super) parent: Option<Pid>,
    pub(super) class: C,
    /// The highest values seen.
    pub(super) own: Usage,
    pub(super) reaped: Usage,
    /// When the last good read was made; `None` if the process is known from its exit only.
    pub(super) read_at: Option<Instant>,
    /// The last generation in which it was there.
    pub(super) listed_in: u32,
    /// Whether it was read in that generation, too.
    pub(super) read: bool,
    /// Whether it has exited, and its children are orphans.
    pub(super) zombie: bool,
}

/// The living processes by pid: records packed in a vector that grows by an eighth, so that
/// the unused part stays small, and an index of 8 bytes an entry.
#[derive(Debug)]
pub(super) struct Table<C> {
    slots: HashMap<Pid, u32>,
    records: Vec<Record<C>>,
    /// The highest values seen of storage; empty where nobody reads them.
    io: HashMap<Pid, IoBytes>,
}

impl<C> Table<C> {
    pub(super) fn new() -> Self {
        Self {
            slots: HashMap::new(),
            records: Vec::new(),
            io: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Record<C>> {
        self.records.iter()
    }

    pub(super) fn get(&self, pid: Pid) -> Option<&Record<C>> {
        self.slots
            .get(&pid)
            .and_then(|&slot| self.records.get(slot as usize))
    }

    /// A copy of the record of a pid, and its place until records are added or evicted.
    pub(super) fn find(&self, pid: Pid) -> Option<(usize, Record<C>)>
    where
        C: Copy,
    {
        let slot = *self.slots.get(&pid)? as usize;
        Some((slot, *self.records.get(slot)?))
    }

    /// Puts another record of the same pid into a place.
    pub(super) fn replace(&mut self, slot: usize, record: Record<C>) {
        if let Some(known) = self.records.get_mut(slot) {
            *known = record;
        }
    }

    pub(super) fn get_mut(&mut self, pid: Pid) -> Option<&mut Record<C>> {
        self.slots
            .get(&pid)
            .and_then(|&slot| self.records.get_mut(slot as usize))
    }

    /// All that has been seen of a process that is in the table.
    pub(super) fn seen(&self, record: &Record<C>) -> Used {
        Used {
            usage: record.own.plus(record.reaped),
            io: self.io(record.key.pid).unwrap_or_default(),
        }
    }

    /// What has been seen of its storage.
    pub(super) fn io(&self, pid: Pid) -> Option<IoBytes> {
        self.io.get(&pid).copied()
    }

    /// Remembers what has been seen of its storage; a counter that fell stays.
    pub(super) fn see_io(&mut self, pid: Pid, seen: IoBytes) {
        let known = self.io.entry(pid).or_default();
        *known = zip_io(*known, seen, u64::max);
    }

    /// Forgets that, as another process has the pid.
    pub(super) fn forget_io(&mut self, pid: Pid) {
        self.io.remove(&pid);
    }

    /// Adds the record of a pid that is not in the table.
    pub(super) fn insert(&mut self, record: Record<C>) {
        if self.records.len() == self.records.capacity() {
            self.records.reserve_exact(self.records.len() / 8 + 16);
        }
        // A pid fits into 31 bits, so the number of living ones does.
        self.slots.insert(record.key.pid, self.records.len() as u32);
        self.records.push(record);
    }

    /// Removes the records that were not listed in `generation`, handing each to `gone` with all
    /// that has been seen of it, and returns memory that a past crowd has left unused.
    pub(super) fn evict(&mut self, generation: u32, mut gone: impl FnMut(Record<C>, Used)) {
        let mut slot = 0;
        while let Some(record) = self.records.get(slot) {
            if record.listed_in == generation {
                slot += 1;
                continue;
            }
            let seen = self.seen(record);
            let record = self.records.swap_remove(slot);
            self.slots.remove(&record.key.pid);
            self.io.remove(&record.key.pid);
            if let Some(moved) = self.records.get(slot) {
                self.slots.insert(moved.key.pid, slot as u32);
            }
            gone(record, seen);
        }
        if self.records.capacity() > 2 * self.records.len() + 64 {
            self.records.shrink_to(self.records.len() / 8 * 9 + 16);
            self.slots.shrink_to(self.records.len() / 8 * 9 + 16);
            self.io.shrink_to(self.records.len() / 8 * 9 + 16);
        }
    }

    /// The heap memory in use, in bytes (of the indices estimated: 9 and 25 bytes a slot).
    pub(super) fn heap_bytes(&self) -> usize {
        let records = self.records.capacity() * size_of::<Record<C>>();
        let slots = self.slots.capacity() * 9 + self.io.capacity() * 25;
        records + slots * 8 / 7
    }
}

//! Which processes may share memory with one that came, went or changed.

use std::collections::HashMap;

use herakles_stat::{Pid, ProcessKey};

use crate::record::{MIN_SHARED_BYTES, Record};

/// Relatives are as wrong as the shared part of a process moved; less is left to their age.
const MIN_MOVE_BYTES: u64 = 64 << 10;

const INIT: Option<Pid> = Pid::new(1);

/// What a process's shared part has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// It fell: those it was shared with have more of it to themselves.
    Shrank,
    /// It grew: even a process that shared nothing before may have a sharer now.
    Grew,
}

/// How a process may share memory with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Relation {
    Is(Pid),
    ChildOf(Pid),
    Runs(u64),
}

/// Who must be read again because a process with much shared memory came, went or changed:
/// its parent, children and siblings, and all that run the same program.
///
/// Such an event changes PSS and USS of processes that do nothing at all themselves.
#[derive(Debug, Default)]
pub(crate) struct Sharers {
    news: HashMap<Relation, Change>,
}

impl Sharers {
    /// A process is gone, or has replaced its memory by exec.
    pub(crate) fn left(&mut self, record: &Record) {
        if record.shared_much {
            self.announce(record, Change::Shrank);
        }
    }

    /// A process has been read; `before` is what it shared at its previous sample.
    pub(crate) fn read(&mut self, record: &Record, before: Option<u64>) {
        let after = record.shared_bytes();
        let before = before.unwrap_or(0);
        if before.max(after) > MIN_SHARED_BYTES && before.abs_diff(after) > MIN_MOVE_BYTES {
            self.announce(
                record,
                if after > before {
                    Change::Grew
                } else {
                    Change::Shrank
                },
            );
        }
    }

    /// Whether `record` may share what has changed.
    pub(crate) fn concern(&self, record: &Record) -> bool {
        let relations = [
            Some(Relation::Is(record.key.pid)),
            record.parent.map(Relation::ChildOf),
            Some(Relation::Runs(record.program)),
        ];
        let change = relations
            .iter()
            .flatten()
            .filter_map(|relation| self.news.get(relation))
            .max();
        match change {
            Some(Change::Grew) => record.rss_bytes() > MIN_SHARED_BYTES,
            Some(Change::Shrank) => record.shares_much(),
            None => false,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.news.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.news.clear();
    }

    fn announce(&mut self, record: &Record, change: Change) {
        let Record {
            key: ProcessKey { pid, .. },
            parent,
            program,
            ..
        } = *record;
        self.add(Relation::ChildOf(pid), change);
        self.add(Relation::Runs(program), change);
        // The children of init have been adopted or have called exec: they share nothing.
        if let Some(parent) = parent.filter(|_| parent != INIT) {
            self.add(Relation::Is(parent), change);
            self.add(Relation::ChildOf(parent), change);
        }
    }

    fn add(&mut self, relation: Relation, change: Change) {
        let news = self.news.entry(relation).or_insert(change);
        *news = change.max(*news);
    }
}

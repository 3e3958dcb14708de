//! Which processes may share memory with one that came, went or changed.

use std::collections::HashMap;

use herakles_stat::{Pid, ProcessKey};

use crate::record::{MIN_SHARED_BYTES, Record, Shared};

/// Relatives are as wrong as the shared part of a process moved; less is left to their age.
const MIN_MOVE_BYTES: u64 = 64 << 10;

/// For news that all are to know who were read before this refresh.
const ANY_PASS: (u32, u32) = (0, u32::MAX);

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
    Runs(u32),
    Has(u32),
}

/// What is told to one kind of relatives.
#[derive(Clone, Copy, Debug)]
struct News {
    change: Change,
    /// Who was read in another pass knows of it, or there was nothing to know yet.
    passes: (u32, u32),
}

/// Who must be read again because a process with much shared memory came, went or changed:
/// its parent, children and siblings, all that were forked of the same memory, and, if it may be
/// read, all that run the same program.
///
/// Such an event changes PSS and USS of processes that do nothing at all themselves.
#[derive(Debug, Default)]
pub(crate) struct Sharers {
    news: HashMap<Relation, News>,
    /// The last pass of the refresh before the last, and of the last.
    ended: (u32, u32),
}

impl Sharers {
    /// A process is gone, or has replaced its memory by exec.
    pub(crate) fn left(&mut self, record: &Record) {
        if record.may_have_shared_much() {
            self.announce(record, Change::Shrank, ANY_PASS);
        }
    }

    /// A process has been read; `before` is what it shared at its previous sample.
    ///
    /// Those that are read in the same refresh are not told: they were read after the process had
    /// been seen. Whether it has changed again by the time it was read shows when it is
    /// [seen again](Self::seen_again).
    pub(crate) fn read(&mut self, record: &mut Record, before: Option<Shared>) {
        let after = record.shared().unwrap_or_default();
        let was = before.unwrap_or_default();
        let is_much = was.bytes.max(after.bytes) > MIN_SHARED_BYTES;
        let has_grown = is_much && after.bytes > was.bytes.saturating_add(MIN_MOVE_BYTES);
        let has_shrunk = is_much && was.bytes > after.bytes.saturating_add(MIN_MOVE_BYTES);
        if has_grown {
            self.announce(record, Change::Grew, ANY_PASS);
        } else if has_shrunk {
            self.announce(record, Change::Shrank, ANY_PASS);
        }
        let is_new = before.is_none();
        let may_have_moved = has_grown || has_shrunk || is_new;
        record.is_unsettled = may_have_moved && record.rss_bytes() > MIN_SHARED_BYTES;
        // Another one shares it now, and may be gone before anybody has seen it.
        let part_fell = was.part_bytes > after.part_bytes.saturating_add(MIN_MOVE_BYTES);
        let is_shared_more = has_grown || is_much && !has_shrunk && part_fell;
        record.shares_news |= !is_new && is_shared_more;
    }

    /// A process that is still there has been seen. If it has changed since it was seen last, those
    /// that were read in the last refresh before it was may have been read before it changed.
    pub(crate) fn seen_again(&mut self, record: &mut Record) {
        if !std::mem::take(&mut record.is_unsettled) || !record.has_moved() {
            return;
        }
        let change = if record.shares_much() {
            Change::Grew
        } else {
            Change::Shrank
        };
        self.announce(record, change, (self.ended.0 + 1, record.read_in));
    }

    /// A refresh has ended with this pass.
    pub(crate) fn refreshed(&mut self, pass: u32) {
        self.ended = (self.ended.1, pass);
    }

    /// Whether `record` may share what has changed.
    pub(crate) fn concern(&self, record: &Record) -> bool {
        let relations = [
            Some(Relation::Is(record.key.pid)),
            record.parent.map(Relation::ChildOf),
            Some(Relation::Runs(record.program)),
            image(record),
        ];
        let change = relations
            .iter()
            .flatten()
            .filter_map(|relation| self.news.get(relation))
            .filter(|news| (news.passes.0..=news.passes.1).contains(&record.read_in))
            .map(|news| news.change)
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

    pub(crate) fn heap_bytes(&self) -> usize {
        // The map keeps a byte beside each entry.
        self.news.capacity() * (size_of::<(Relation, News)>() + 1)
    }

    fn announce(&mut self, record: &Record, change: Change, passes: (u32, u32)) {
        let news = News { change, passes };
        let Record {
            key: ProcessKey { pid, .. },
            parent,
            program,
            ..
        } = *record;
        self.add(Relation::ChildOf(pid), news);
        // That one came which may not be read was told nobody. If its end were told to all of its
        // name, what other users run would have these read again, refresh after refresh.
        if record.may_be_readable() {
            self.add(Relation::Runs(program), news);
        }
        if let Some(image) = image(record) {
            self.add(image, news);
        }
        // The children of init have been adopted or have called exec: they share nothing.
        if let Some(parent) = parent.filter(|_| parent != INIT) {
            self.add(Relation::Is(parent), news);
            self.add(Relation::ChildOf(parent), news);
        }
    }

    fn add(&mut self, relation: Relation, news: News) {
        let known = self.news.entry(relation).or_insert(news);
        known.change = known.change.max(news.change);
        known.passes.0 = known.passes.0.min(news.passes.0);
        known.passes.1 = known.passes.1.max(news.passes.1);
    }
}

fn image(record: &Record) -> Option<Relation> {
    (record.image != 0).then_some(Relation::Has(record.image))
}

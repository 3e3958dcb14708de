//! The reads of a refresh, the most important first.

use std::time::Duration;

use crate::record::Record;
use crate::{Read, Reason};

/// A read that is due and that the process itself bears.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) read: Read,
    since: Duration,
    pub(crate) index: usize,
}

impl Candidate {
    pub(crate) fn new(record: &Record, index: usize, reason: Reason, predicted: Duration) -> Self {
        let read = Read {
            key: record.key,
            reason,
            predicted,
        };
        Self {
            read,
            since: record.since(),
            index,
        }
    }

    /// Sorts candidates by importance, the most important first.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        let Read { key, reason, .. } = self.read;
        (rank(reason), self.since, key)
    }
}

/// New and overdue ones share the front, in the order of their waiting, so that neither can
/// keep the other from being read for ever.
fn rank(reason: Reason) -> u8 {
    match reason {
        Reason::New | Reason::Overdue => 0,
        Reason::Changed => 1,
        Reason::Sharer => 2,
        Reason::Ksm => 3,
        Reason::Aged => 4,
    }
}

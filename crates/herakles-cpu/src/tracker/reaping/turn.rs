//! Whose turn it is to pay, and to whom.

use herakles_stat::{Pid, ProcessKey};

use super::Exited;
use crate::tracker::table::Record;

/// Whether it is the turn of the debts of this scan, or of older ones.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Turn {
    Old,
    New,
}

impl Turn {
    pub(super) fn includes(self, exited: &Exited) -> bool {
        (self == Self::New) == (exited.scans <= 1)
    }
}

/// Which orphans pay: those that one process can have absorbed, or all that are left.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ancestors {
    One,
    Any,
}

/// A step up the process tree.
pub(super) enum Ancestor<C> {
    Living(Record<C>),
    /// With its place in the list.
    Exited(usize, Exited),
}

impl<C> Ancestor<C> {
    pub(super) fn up(&self) -> (Option<Pid>, ProcessKey) {
        match self {
            Self::Living(record) => (record.parent, record.key),
            Self::Exited(_, exited) => (exited.parent, exited.key),
        }
    }
}

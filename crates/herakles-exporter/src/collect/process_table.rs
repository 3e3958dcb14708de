//! The living processes as the last scan left them.

use std::collections::HashMap;
use std::sync::Arc;

use herakles_classify::{ClassId, ClassTable, Inheritance, Rule};
use herakles_stat::{Pid, ProcessKey};

use super::process_sample::{Kind, ProcessSample};
use super::rule_counts::RuleCounts;

/// A name by which processes are told apart: its first 15 bytes, all that the kernel keeps of a
/// user process's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comm {
    length: u8,
    bytes: [u8; 15],
}

impl Comm {
    pub(crate) fn new(comm: &[u8]) -> Self {
        let mut bytes = [0; 15];
        let mut length = 0;
        for (to, from) in bytes.iter_mut().zip(comm) {
            *to = *from;
            length += 1;
        }
        Self { length, bytes }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// What a class and a name were made from: while it stays the same, so do they.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) comm: Comm,
    /// `startstack`, another address after each exec; 0 if it has never been known.
    pub(crate) start_stack: u64,
}

/// What is known of one living process from scan to scan.
#[derive(Clone, Debug)]
pub(crate) struct TrackedProcess {
    pub(crate) key: ProcessKey,
    pub(crate) parent: Option<Pid>,
    pub(crate) kind: Kind,
    pub(crate) threads: u32,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) image: Image,
    /// The `name` label.
    pub(crate) name: Arc<str>,
    pub(crate) class: ClassId,
    /// The rule that matched it, if one did.
    pub(crate) rule: Option<Arc<Rule>>,
    /// It is in `other` because its rule's names have `max_values` values already.
    pub(crate) overflowed: bool,
    /// What it passes on to its children.
    pub(crate) inheritance: Inheritance,
    /// The scan that saw it last.
    pub(crate) scan: u32,
    /// The rules it was classified by; `None` if not all that they asked for could be read for
    /// now, so that they are to be asked again.
    pub(crate) rules: Option<u32>,
}

impl TrackedProcess {
    /// Takes what moves from scan to scan.
    pub(crate) fn see(&mut self, seen: &ProcessSample, scan: u32) {
        self.parent = seen.parent;
        self.kind = seen.kind;
        self.threads = seen.threads;
        self.rss_bytes = seen.rss_bytes;
        self.scan = scan;
    }

    /// Whether its class is that of an ancestor.
    pub(crate) fn is_heir(&self) -> bool {
        let own = [ClassTable::other(), ClassTable::kernel()];
        self.rule.is_none() && !own.contains(&self.class)
    }
}

/// All of them by pid. Workers look up here what need not be read again.
#[derive(Debug, Default)]
pub(crate) struct ProcessTable {
    members: HashMap<Pid, TrackedProcess>,
}

impl ProcessTable {
    /// The member with this very identity.
    pub(crate) fn get(&self, key: ProcessKey) -> Option<&TrackedProcess> {
        self.members.get(&key.pid).filter(|it| it.key == key)
    }

    pub(crate) fn get_mut(&mut self, key: ProcessKey) -> Option<&mut TrackedProcess> {
        self.members.get_mut(&key.pid).filter(|it| it.key == key)
    }

    /// The member that has this pid now.
    pub(crate) fn by_pid(&self, pid: Pid) -> Option<&TrackedProcess> {
        self.members.get(&pid)
    }

    pub(crate) fn insert(&mut self, member: TrackedProcess) {
        self.members.insert(member.key.pid, member);
    }

    /// How many processes each rule has.
    pub(crate) fn rule_counts(&self) -> RuleCounts {
        let mut counts = RuleCounts::default();
        for member in self.members.values() {
            counts.count(member);
        }
        counts
    }

    /// Marks a pid whose files could not be read as still there.
    pub(crate) fn keep(&mut self, pid: Pid, scan: u32) {
        if let Some(member) = self.members.get_mut(&pid) {
            member.scan = scan;
        }
    }

    /// Forgets whom this scan did not see.
    pub(crate) fn evict(&mut self, scan: u32) {
        self.members.retain(|_, it| it.scan == scan);
        if self.members.capacity() > 4 * self.members.len() + 1024 {
            self.members.shrink_to(2 * self.members.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_what_the_kernel_keeps() {
        assert_eq!(Comm::new(b"").as_bytes(), b"");
        assert_eq!(Comm::new(b"a) (\n\xff").as_bytes(), b"a) (\n\xff");
        let long = Comm::new(b"kworker/u8:2-events");
        assert_eq!(long.as_bytes(), b"kworker/u8:2-ev");
    }
}

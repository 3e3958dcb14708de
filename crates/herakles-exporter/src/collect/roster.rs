//! The living processes as the last scan left them.

use std::collections::HashMap;
use std::sync::Arc;

use herakles_classify::ClassId;
use herakles_stat::{Pid, ProcessKey};

/// A name as processes can be told apart by it: the first 15 bytes, as long as the kernel lets a
/// user process have.
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
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// What is known of one living process from scan to scan.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: ProcessKey,
    pub(crate) parent: Option<Pid>,
    pub(crate) comm: Comm,
    /// `startstack`: another value after each exec.
    pub(crate) image: u64,
    /// The `name` label.
    pub(crate) name: Arc<str>,
    pub(crate) class: ClassId,
    /// The scan that saw it last.
    pub(crate) scan: u32,
}

/// All of them by pid. Workers look up what need not be read again.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    members: HashMap<Pid, Member>,
}

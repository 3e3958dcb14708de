//! The living processes as the last scan left them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use herakles_classify::{ClassId, ClassTable, Inheritance, Rule};
use herakles_metrics::{Activity, ProcessKind};
use herakles_stat::{Pid, ProcessKey};

use herakles_cpu::Usage;
use herakles_plan::Fingerprint;

use crate::image::{Image, Program};
use crate::process_sample::{Memory, ProcessSample};

/// What is known of one living process from scan to scan.
#[derive(Clone, Debug)]
pub(crate) struct TrackedProcess {
    pub(crate) key: ProcessKey,
    pub(crate) parent: Option<Pid>,
    pub(crate) kind: ProcessKind,
    pub(crate) threads: u32,
    pub(crate) rss_bytes: Option<u64>,
    /// When that was read.
    pub(crate) rss_at: Instant,
    pub(crate) activity: Activity,
    pub(crate) virtual_bytes: u64,
    pub(crate) open_fds: Option<u64>,
    pub(crate) max_fds: Option<u64>,
    pub(crate) image: Image,
    /// What it runs, where the image does not tell.
    pub(crate) program: Option<Box<Program>>,
    /// The `name` label.
    pub(crate) name: Arc<str>,
    /// What it runs, if it is an interpreter and its class is generic.
    pub(crate) script: Option<Arc<str>>,
    pub(crate) class: ClassId,
    /// The rule that decided its class, if one did.
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
        self.rss_at = seen.rss_at;
        if let Some(program) = seen.program {
            // In place, as it comes with every scan of a process that is looked at closely.
            match &mut self.program {
                Some(known) => **known = program,
                None => self.program = Some(Box::new(program)),
            }
        }
        self.activity = seen.activity;
        self.virtual_bytes = seen.virtual_bytes;
        self.open_fds = seen.open_fds;
        self.max_fds = seen.max_fds;
        self.scan = scan;
    }

    /// The process as it was at the last scan, as it has not run since.
    pub(crate) fn idle_sample(&self, at: Instant) -> ProcessSample {
        ProcessSample {
            key: self.key,
            parent: self.parent,
            kind: self.kind,
            own: Usage::ZERO,
            reaped: Usage::ZERO,
            threads: self.threads,
            at,
            idle: true,
            image: self.image,
            program: None,
            execd: false,
            fingerprint: Fingerprint::default(),
            rss_bytes: self.rss_bytes,
            rss_at: self.rss_at,
            memory: Memory::Unknown,
            memory_took: Duration::ZERO,
            news: None,
            activity: self.activity,
            virtual_bytes: self.virtual_bytes,
            open_fds: self.open_fds,
            max_fds: self.max_fds,
            statm_error: None,
            io: None,
            errors: Vec::new(),
            reading: None,
        }
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

    /// All of them, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &TrackedProcess> {
        self.members.values()
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

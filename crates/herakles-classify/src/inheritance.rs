//! What a process passes on to its children, and which processes pass on nothing.

use std::sync::Arc;

use crate::class::Class;
use crate::rule::{Precedence, Rule};

/// What a process passes on to the children that match no rule of their own.
///
/// Comes from [`ClassTable::place`](crate::ClassTable::place), is kept with the process, and goes
/// into `place` for each child. Eight bytes, cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Inheritance(pub(crate) Option<Arc<Inherited>>);

impl Inheritance {
    /// Nothing to inherit: for a process without a known parent.
    pub const NONE: Self = Self(None);

    /// The class that an unmatched child joins, if any.
    pub fn class(&self) -> Option<&Class> {
        self.0.as_deref().map(|inherited| &inherited.class)
    }
}

#[derive(Debug)]
pub(crate) struct Inherited {
    pub(crate) class: Class,
    pub(crate) kind: ClassKind,
    /// That of the rule which passes it on.
    pub(crate) precedence: Precedence,
}

/// How a class came to be, which decides how long it stays.
#[derive(Clone, Debug)]
pub(crate) enum ClassKind {
    /// Written out in a rule: stays once seen.
    Plain,
    /// A value of the rule's template: takes one of its places, goes when empty.
    Value(Arc<Rule>),
    /// Where further values of a template go: goes when empty.
    Overflow,
}

/// Processes that start unrelated ones: what their children are is not decided by what they are.
pub(crate) fn is_manager(comm: &[u8]) -> bool {
    const NAMES: [&[u8]; 42] = [
        b"init",
        b"systemd",
        b"(systemd)",
        b"openrc-init",
        b"openrc-run",
        b"upstart",
        b"procd",
        b"tini",
        b"tini-static",
        b"dumb-init",
        b"docker-init",
        b"catatonit",
        b"pid1",
        b"runit",
        b"runit-init",
        b"runsv",
        b"runsvdir",
        b"supervisord",
        b"monit",
        b"circusd",
        b"god",
        b"pm2",
        b"perpd",
        b"svscan",
        b"supervise",
        b"dinit",
        b"shepherd",
        b"conmon",
        b"crun",
        b"runc",
        b"containerd",
        b"dockerd",
        b"crio",
        b"kubelet",
        b"lxc-start",
        b"cron",
        b"crond",
        b"anacron",
        b"fcron",
        b"atd",
        b"sshd",
        b"xinetd",
    ];
    const PREFIXES: [&[u8]; 4] = [b"containerd-shim", b"s6-", b"sshd-session", b"sshd: "];
    NAMES.contains(&comm) || PREFIXES.iter().any(|prefix| comm.starts_with(prefix))
}

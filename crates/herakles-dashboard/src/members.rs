//! The processes of each subgroup, and the size that pages measure them by.

use std::cmp::Reverse;

use herakles_metrics::{Process, Snapshot, Subgroup};

/// A subgroup with its members.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) subgroup: &'a Subgroup,
    pub(crate) processes: &'a [Process],
    /// Their sizes together; `None` where there are members and none has one.
    pub(crate) bytes: Option<u64>,
}

/// PSS, which adds up; RSS where there is no PSS.
pub(crate) fn bytes_of(process: &Process) -> Option<u64> {
    process.memory.pss_bytes.or(process.memory.rss_bytes)
}

/// What [`bytes_of`] gave.
pub(crate) fn size_name(process: &Process) -> &'static str {
    match process.memory.pss_bytes {
        Some(_) => Basis::Pss.name(),
        None => Basis::Rss.name(),
    }
}

/// All subgroups with their members, the biggest first.
pub(crate) fn by_size(snapshot: &Snapshot) -> Vec<Members<'_>> {
    let mut runs = snapshot
        .processes()
        .chunk_by(|a, b| a.class == b.class)
        .peekable();
    let mut all: Vec<Members<'_>> = Vec::with_capacity(snapshot.subgroups().len());
    // Both are sorted by class.
    for subgroup in snapshot.subgroups() {
        let is_its = |run: &&[Process]| {
            run.first()
                .is_some_and(|first| first.class == subgroup.class)
        };
        let processes = runs.next_if(is_its).unwrap_or_default();
        let mut sizes = processes.iter().filter_map(bytes_of).peekable();
        let known = sizes.peek().is_some() || processes.is_empty();
        let bytes = known.then(|| sizes.fold(0, u64::saturating_add));
        all.push(Members {
            snapshot,
            subgroup,
            processes,
            bytes,
        });
    }
    all.sort_by_key(|members| Reverse((members.bytes, members.subgroup.processes)));
    all
}

/// The members of one subgroup.
pub(crate) fn of<'a>(snapshot: &'a Snapshot, group: &str, subgroup: &str) -> Option<Members<'a>> {
    by_size(snapshot).into_iter().find(|members| {
        let class = &members.subgroup.class;
        (&*class.group, &*class.subgroup) == (group, subgroup)
    })
}

/// What the sizes of some processes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// PSS of all, which adds up.
    Pss,
    /// PSS of some, RSS of the others, and what it is of most.
    Mixed(Telling),
    /// RSS, in which shared pages count for each process that maps them.
    Rss,
}

impl Basis {
    /// What the sizes are called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pss | Self::Mixed(Telling::Samples) => "PSS",
            Self::Rss | Self::Mixed(Telling::Rss) => "RSS",
        }
    }

    pub(crate) fn of(processes: &[Process]) -> Self {
        match sampled_and_others(processes) {
            (_, 0) => Self::Pss,
            (0, _) => Self::Rss,
            _ => Self::Mixed(Telling::of(processes)),
        }
    }
}

/// How many processes have a size by PSS, and how many by RSS alone.
fn sampled_and_others(processes: &[Process]) -> (usize, usize) {
    let sized = processes
        .iter()
        .filter(|process| bytes_of(process).is_some());
    let (sampled, others): (Vec<_>, Vec<_>) =
        sized.partition(|process| process.memory.pss_bytes.is_some());
    (sampled.len(), others.len())
}

/// The column of sizes that says most of some processes: it is bold, and the one that a phone shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// PSS and USS are known of most processes.
    Samples,
    /// Most are known by their RSS alone.
    Rss,
}

impl Telling {
    pub(crate) fn of(processes: &[Process]) -> Self {
        let (sampled, others) = sampled_and_others(processes);
        if sampled < others {
            Self::Rss
        } else {
            Self::Samples
        }
    }

    /// Classes of the columns of PSS and RSS; the other than the telling one has no room on a phone.
    pub(crate) fn pss_and_rss(self) -> (&'static str, &'static str) {
        match self {
            Self::Samples => ("n b", "n y"),
            Self::Rss => ("n y", "n b"),
        }
    }
}

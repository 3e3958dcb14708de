//! What is seen of a process without reading its memory.

use std::time::{Duration, Instant};

use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};

/// What moves when a process changes its own memory, from one read of `stat` and `statm`.
///
/// It does not show what others do to shared memory, nor what KSM does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// `minflt` of `stat`.
    pub minor_faults: u64,
    /// `majflt` of `stat`.
    pub major_faults: u64,
    /// `vsize` of `stat`, in bytes.
    pub virtual_bytes: u64,
    /// `num_threads` of `stat`.
    pub threads: u64,
    /// What `statm` says.
    pub resident: Resident,
}

/// What `statm` says of a process: of all that shows whether its memory has moved, the part that
/// others can move while it sleeps.
///
/// On some kernels (6.2 to about 6.15) the counts lag behind by megabytes on a machine with many
/// CPUs, and are 0 for small processes. So they are trusted for what has moved only, where there
/// is a sample to move from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resident {
    /// `resident`, in bytes.
    pub all_bytes: u64,
    /// `shared`, in bytes: the part that is of files or shared memory.
    pub shared_bytes: u64,
}

impl Fingerprint {
    /// What `stat` says in 64 bits: two that differ in one figure never have the same, others as
    /// good as never.
    pub(crate) fn stat_digest(&self) -> u64 {
        let Self {
            minor_faults,
            major_faults,
            virtual_bytes,
            threads,
            resident: _,
        } = *self;
        [minor_faults, major_faults, virtual_bytes, threads]
            .into_iter()
            .fold(0, mix)
    }
}

/// Mixes another figure into a digest. With either of the two held, each value of the other gives
/// another result: an odd factor can be undone, and so can the shift.
pub(crate) fn mix(digest: u64, figure: u64) -> u64 {
    let mixed = (digest ^ figure).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// A process with memory of its own, as this refresh found it. Kernel threads and zombies are
/// not observed.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// The identity.
    pub key: ProcessKey,
    /// The parent.
    pub parent: Option<Pid>,
    /// A number for the program that runs, such as a hash of `exe` or, where that cannot be
    /// read, of `comm`. If it changes, the process has called exec.
    pub program: u64,
    /// A number for the memory that exec gave it and that its forks share, whoever adopts them and
    /// whatever they call themselves, such as `startstack` of `stat`; 0 if it is not known, as it is
    /// of one whose memory may not be read.
    pub image: u64,
    /// What tells whether its memory has moved.
    pub fingerprint: Fingerprint,
}

/// When a plan is made, and what concerns all processes.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now.
    pub now: Instant,
    /// When the next refresh is expected: each renews its share of the samples.
    pub next: Instant,
    /// How many pages KSM saves: `pages_sharing` and `ksm_zero_pages` of `/sys/kernel/mm/ksm`.
    /// `None` where the kernel has no KSM.
    pub ksm_pages: Option<u64>,
}

/// Why a process's memory is to be read, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There is no sample of this process, or of the program that it runs now.
    New,
    /// The sample is more than twice as old as allowed, since reads were deferred.
    Overdue,
    /// Its fingerprint has moved since the sample.
    Changed,
    /// One that may share its memory came, went or changed.
    Sharer,
    /// The kernel has merged or separated pages of equal content.
    Ksm,
    /// The sample is about as old as allowed, or it is its turn.
    Aged,
}

/// A limit that puts off a read that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Reads have held the process long enough for now (`hold_ratio`).
    Hold,
    /// The budget is used up (`cpu_budget`).
    Budget,
}

/// What a refresh does about the memory of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It is read.
    Read(Reason),
    /// Its sample still holds.
    Reuse,
    /// A read is due but must wait; an older sample may exist.
    Defer(Bound),
    /// A read would take longer than `max_hold`; an older sample may exist.
    TooBig,
    /// The last read failed and nothing has changed since.
    Unreadable,
}

/// A read to make, in the order of [`Planner::plan`](crate::Planner::plan).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Of whom.
    pub key: ProcessKey,
    /// Why.
    pub reason: Reason,
    /// How long it should take, by the last read of the process or by its size.
    pub predicted: Duration,
}

/// The memory of a process at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What was read.
    pub usage: MemoryUsage,
    /// When it was read.
    pub taken_at: Instant,
    /// What is resident now: what the sample says, and by how much `resident` of `statm` has moved
    /// since.
    pub rss_bytes: u64,
}

/// What a refresh has done, in processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanSummary {
    /// Read.
    pub fresh: u64,
    /// Not read, as the sample still holds.
    pub reused: u64,
    /// Due but not read, because of `hold_ratio`.
    pub deferred_hold: u64,
    /// Due but not read, because of `cpu_budget`.
    pub deferred_budget: u64,
    /// Due but not read, because of `max_hold`.
    pub skipped_size: u64,
    /// Without a sample because the read failed, now or earlier.
    pub unreadable: u64,
}

impl PlanSummary {
    /// Counts one process.
    pub(crate) fn count(&mut self, decision: Decision) {
        let count = match decision {
            Decision::Read(_) => &mut self.fresh,
            Decision::Reuse => &mut self.reused,
            Decision::Defer(Bound::Hold) => &mut self.deferred_hold,
            Decision::Defer(Bound::Budget) => &mut self.deferred_budget,
            Decision::TooBig => &mut self.skipped_size,
            Decision::Unreadable => &mut self.unreadable,
        };
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fingerprint([minor_faults, major_faults, virtual_bytes, threads]: [u64; 4]) -> Fingerprint {
        Fingerprint {
            minor_faults,
            major_faults,
            virtual_bytes,
            threads,
            resident: Resident::default(),
        }
    }

    proptest! {
        #[test]
        fn no_figure_moves_unseen(figures: [u64; 4], which in 0..4_usize, to: u64) {
            let mut moved = figures;
            moved[which] = to;
            let digest = fingerprint(figures).stat_digest();
            prop_assert_eq!(fingerprint(moved).stat_digest() == digest, moved == figures);
        }

        #[test]
        fn small_moves_of_two_figures_do_not_cancel(
            figures: [u64; 4],
            first in 0..3_usize,
            (by, then) in (1..1_u64 << 20, 1..1_u64 << 20),
        ) {
            let mut moved = figures;
            moved[first] = moved[first].wrapping_add(by);
            moved[first + 1] = moved[first + 1].wrapping_sub(then);
            let digest = fingerprint(figures).stat_digest();
            prop_assert_ne!(fingerprint(moved).stat_digest(), digest);
        }
    }
}

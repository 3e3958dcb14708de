//! A look at those that have not run: others can change their memory behind their backs.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use herakles_metrics::ProcessKind;
use herakles_scan::{ProcSource, ScanError, peek_statm};
use herakles_stat::{PageSize, Pid, ProcessKey, Statm};

use crate::options::BufferSizes;
use crate::process_sample::ProcessSample;
use crate::survey::Scratch;
use crate::worker_pool::{Note, Task, WorkerPool};

/// Whoever holds more is looked at in every scan.
const BIG_BYTES: u64 = 8 << 20;

/// So much of all that is resident is looked at in every scan, in percent, while those are few.
const MOST_OF_ALL: u64 = 95;

/// Those are few that are at most this part of all.
const FEW: usize = 4;

/// Within so many scans everybody is looked at.
const TURNS: u32 = 10;

/// What a look costs, about.
const LOOK: Duration = Duration::from_micros(6);

/// What the kernel has done to memory since the last scan, by its own counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KernelMoves {
    /// It has left all pages where they were.
    None,
    /// It has taken pages from somebody, or given some.
    Some,
}

/// An idle process that may be looked at.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// Its place among all that are idle.
    index: usize,
    pid: Pid,
    rss_bytes: u64,
}

/// Whom to look at: all if the kernel has moved pages; else those that hold most, and the others
/// in turns, which `scan` counts.
fn choose(idle: Vec<Candidate>, moves: KernelMoves, scan: u32) -> Vec<Candidate> {
    if moves == KernelMoves::Some {
        return idle;
    }
    let few = idle.len() / FEW;
    let most = idle.iter().map(|it| it.rss_bytes).sum::<u64>() / 100 * MOST_OF_ALL;
    let (mut chosen, mut others): (Vec<_>, Vec<_>) =
        idle.into_iter().partition(|it| it.rss_bytes > BIG_BYTES);
    let mut held: u64 = chosen.iter().map(|it| it.rss_bytes).sum();
    if held < most && chosen.len() < few {
        others.sort_unstable_by_key(|it| Reverse(it.rss_bytes));
        let wanted = others.iter().take_while(|it| {
            let is_wanted = held < most;
            held += it.rss_bytes;
            is_wanted
        });
        let wanted = wanted.count().min(few - chosen.len());
        chosen.extend(others.drain(..wanted));
    }
    let has_turn = |it: &Candidate| it.pid.as_u32() % TURNS == scan % TURNS;
    chosen.extend(others.into_iter().filter(has_turn));
    chosen
}

/// Reads `statm` of processes that are known to be the ones that they were.
pub(crate) struct StatmPass<S> {
    source: Arc<S>,
    /// Whom to look at, by the place among the idle.
    targets: Vec<(usize, ProcessKey)>,
    buffers: BufferSizes,
}

impl<S: ProcSource> StatmPass<S> {
    /// A pass over those of `idle` whose turn it is; `rss_bytes` tells how much they hold.
    pub(crate) fn of(
        idle: &[ProcessSample],
        rss_bytes: impl Fn(&ProcessSample) -> u64,
        moves: KernelMoves,
        scan: u32,
        source: &Arc<S>,
        buffers: BufferSizes,
    ) -> Self {
        let users = idle.iter().enumerate();
        let candidates = users
            .filter(|(_, it)| it.kind == ProcessKind::User)
            .map(|(index, it)| Candidate {
                index,
                pid: it.key.pid,
                rss_bytes: rss_bytes(it),
            });
        let chosen = choose(candidates.collect(), moves, scan);
        let target = |it: Candidate| Some((it.index, idle.get(it.index)?.key));
        Self {
            source: Arc::clone(source),
            targets: chosen.into_iter().filter_map(target).collect(),
            buffers,
        }
    }

    /// Brings what is resident of `idle` up to date. Takes out, and returns, those of whom
    /// nothing usual could be read: they must be looked at more closely.
    pub(crate) fn apply(
        self,
        idle: &mut Vec<ProcessSample>,
        workers: &mut WorkerPool<Scratch>,
        page_size: PageSize,
    ) -> Vec<Pid> {
        if self.targets.is_empty() {
            return Vec::new();
        }
        let count = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
        let width = workers.width(LOOK.saturating_mul(count));
        let mut odd: Vec<usize> = self.targets.iter().map(|(index, _)| *index).collect();
        odd.sort_unstable();
        let mut usual = Vec::with_capacity(odd.len());
        let targets = self.targets.clone();
        for (item, result) in workers.run(self, width) {
            // Size 0 is a process that has let go of its memory and is about to end.
            if let Ok(Ok(statm)) = result
                && statm.size_pages > 0
                && let Some(&(index, _)) = targets.get(item)
                && let Some(it) = idle.get_mut(index)
            {
                it.take_statm(&statm, page_size);
                usual.push(index);
            }
        }
        usual.sort_unstable();
        odd.retain(|index| usual.binary_search(index).is_err());
        // From the end, so that the places of the others hold.
        let taken = odd.into_iter().rev();
        taken.map(|index| idle.swap_remove(index).key.pid).collect()
    }
}

impl<S: ProcSource> Task for StatmPass<S> {
    type Output = Result<Statm, ScanError>;
    type Scratch = Scratch;

    fn len(&self) -> usize {
        self.targets.len()
    }

    fn scratch(&self) -> Scratch {
        Scratch::new(&self.buffers)
    }

    fn run(
        &self,
        item: usize,
        scratch: &mut Scratch,
        note: &Note<'_, Self::Output>,
    ) -> Self::Output {
        let (_, key) = self.targets[item];
        note.reading(key);
        peek_statm(&*self.source, key.pid, &mut scratch.buffers.io)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn idle(rss: &[u64]) -> Vec<Candidate> {
        let candidate = |(index, &rss_bytes)| Candidate {
            index,
            pid: Pid::new(u32::try_from(index).unwrap() + 300).unwrap(),
            rss_bytes,
        };
        rss.iter().enumerate().map(candidate).collect()
    }

    fn chosen(rss: &[u64], moves: KernelMoves, scan: u32) -> BTreeSet<usize> {
        let chosen = choose(idle(rss), moves, scan);
        let set: BTreeSet<usize> = chosen.iter().map(|it| it.index).collect();
        assert_eq!(set.len(), chosen.len(), "somebody twice");
        set
    }

    proptest! {
        #[test]
        fn the_biggest_are_looked_at_each_time_and_all_within_ten(
            rss in prop::collection::vec(prop_oneof![0..20 * MIB, Just(0), 0..4096 * MIB], 0..300),
            first in 0..1000_u32,
        ) {
            let mut seen = BTreeSet::new();
            for scan in 0..TURNS {
                let set = chosen(&rss, KernelMoves::None, first + scan);
                let left = (0..rss.len()).filter(|n| !set.contains(n));
                prop_assert!(left.map(|n| rss[n]).all(|rss| rss <= BIG_BYTES));
                seen.extend(set);
            }
            prop_assert_eq!(seen.len(), rss.len());
            prop_assert_eq!(chosen(&rss, KernelMoves::Some, first).len(), rss.len());
        }
    }

    #[test]
    fn a_few_that_hold_nearly_all_are_looked_at_each_time() {
        let mut rss = vec![7 * MIB; 10];
        rss.extend([10 << 10; 90]);
        let most: BTreeSet<usize> = (0..10).collect();
        for scan in 0..TURNS {
            let set = chosen(&rss, KernelMoves::None, scan);
            assert!(most.is_subset(&set), "{scan}");
            assert!(set.len() <= 10 + 9);
        }
    }

    #[test]
    fn where_all_are_alike_no_scan_looks_at_more_than_a_third() {
        let rss = [4 * MIB; 1000];
        for scan in 0..TURNS {
            assert!(chosen(&rss, KernelMoves::None, scan).len() < 334, "{scan}");
        }
    }
}

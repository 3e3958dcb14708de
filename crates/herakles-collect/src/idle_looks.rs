//! A look at those that have not run: others can change their memory behind their backs.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use herakles_scan::{ProcSource, ScanError, peek_statm};
use herakles_stat::{PageSize, Pid, ProcessKey, Statm};

use crate::options::BufferSizes;
use crate::process_sample::ProcessSample;
use crate::survey::Scratch;
use crate::worker_pool::{Note, Task, WorkerPool};

/// Whoever holds more is looked at in every scan.
const BIG_BYTES: u64 = 8 << 20;

/// So much of all that is resident is looked at in every scan, in percent, where those who hold it
/// are few.
const MOST_OF_ALL: u64 = 95;

/// Those are few that are at most this part of all, or at most so many.
const FEW_OF: usize = 4;
const FEW: usize = 64;

/// Within so many scans everybody is looked at.
const TURNS: usize = 10;

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
pub(crate) struct Candidate {
    /// Its place among all that are idle.
    pub(crate) index: usize,
    pub(crate) key: ProcessKey,
    pub(crate) rss_bytes: u64,
    pub(crate) looked_at: Instant,
    /// It is planned to read its memory in this scan, and `statm` with it.
    pub(crate) is_planned: bool,
}

/// Chooses whom to look at in each scan.
#[derive(Debug, Default)]
pub(crate) struct IdleLooks {
    /// When the last scans began, the latest first.
    begun: VecDeque<Instant>,
}

impl IdleLooks {
    /// Whom to look at in the scan that begins `now`: all if the kernel has moved pages; else
    /// those that hold most, and of the others who has waited longest.
    pub(crate) fn choose(
        &mut self,
        idle: Vec<Candidate>,
        moves: KernelMoves,
        now: Instant,
    ) -> Vec<Candidate> {
        self.begun.push_front(now);
        self.begun.truncate(TURNS + 1);
        match moves {
            KernelMoves::Some => idle,
            KernelMoves::None => {
                let (mut biggest, others) = by_size(idle);
                biggest.extend(self.in_turn(others));
                biggest
            }
        }
    }

    /// Those of `others` whose turn it is: whoever has waited for so many scans, and as many more
    /// as it takes to spread the looks, of which a read is one.
    fn in_turn(&self, mut others: Vec<Candidate>) -> Vec<Candidate> {
        let all = others.len();
        // The bounds on reads may have put off one that was planned before: it is not counted on
        // twice.
        others.retain(|it| !it.is_planned || self.has_waited(it, TURNS + 1));
        let share = all.div_ceil(TURNS).saturating_sub(all - others.len());
        let waiting = others.iter().filter(|it| self.has_waited(it, TURNS));
        let turns = waiting.count().max(share);
        if turns < others.len() {
            others.select_nth_unstable_by_key(turns, |it| it.looked_at);
            others.truncate(turns);
        }
        others
    }

    /// Whether it was last looked at so many scans ago, or earlier.
    fn has_waited(&self, it: &Candidate, scans: usize) -> bool {
        let begun = self.begun.get(scans - 1);
        begun.is_some_and(|begun| it.looked_at < *begun)
    }
}

/// Those that hold most, and the others.
fn by_size(idle: Vec<Candidate>) -> (Vec<Candidate>, Vec<Candidate>) {
    let few = (idle.len() / FEW_OF).max(FEW);
    let most = idle.iter().map(|it| it.rss_bytes).sum::<u64>() / 100 * MOST_OF_ALL;
    let (mut biggest, mut others): (Vec<_>, Vec<_>) =
        idle.into_iter().partition(|it| it.rss_bytes > BIG_BYTES);
    let mut held: u64 = biggest.iter().map(|it| it.rss_bytes).sum();
    let room = few.saturating_sub(biggest.len()).min(others.len());
    if held < most && room > 0 {
        others.select_nth_unstable_by_key(room - 1, |it| Reverse(it.rss_bytes));
        let next = &mut others[..room];
        // Where so many do not hold it, as all are much alike, it is not worth the looks.
        if held + next.iter().map(|it| it.rss_bytes).sum::<u64>() >= most {
            next.sort_unstable_by_key(|it| Reverse(it.rss_bytes));
            let wanted = next.iter().take_while(|it| {
                let is_wanted = held < most;
                held += it.rss_bytes;
                is_wanted
            });
            let wanted = wanted.count();
            biggest.extend(others.drain(..wanted));
        }
    }
    (biggest, others)
}

/// Reads `statm` of processes that are known to be the ones that they were.
pub(crate) struct StatmPass<S> {
    source: Arc<S>,
    /// Whom to look at, by the place among the idle.
    targets: Vec<(usize, ProcessKey)>,
    buffers: BufferSizes,
}

impl<S: ProcSource> StatmPass<S> {
    pub(crate) fn new(source: &Arc<S>, chosen: Vec<Candidate>, buffers: BufferSizes) -> Self {
        Self {
            source: Arc::clone(source),
            targets: chosen.into_iter().map(|it| (it.index, it.key)).collect(),
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
mod tests;

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
    /// Its memory is read in this scan, and `statm` with it.
    pub(crate) is_read: bool,
}

/// Chooses whom to look at in each scan.
#[derive(Debug, Default)]
pub(crate) struct IdleLooks {
    /// When the last scans began, the oldest first: whoever has not been looked at since the first
    /// of [`TURNS`] has waited for so many.
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
        self.begun.push_back(now);
        let waited = match self.begun.len() {
            TURNS.. => self.begun.pop_front(),
            _ => None,
        };
        let mut chosen = match moves {
            KernelMoves::Some => idle,
            KernelMoves::None => {
                let (mut biggest, others) = by_size(idle);
                biggest.extend(in_turn(others, waited));
                biggest
            }
        };
        chosen.retain(|it| !it.is_read);
        chosen
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

/// Those of `others` whose turn it is: whoever has not been looked at since `waited`, and as many
/// more as it takes to spread the looks, of which a read is one.
fn in_turn(mut others: Vec<Candidate>, waited: Option<Instant>) -> Vec<Candidate> {
    let all = others.len();
    others.retain(|it| !it.is_read);
    let share = all.div_ceil(TURNS).saturating_sub(all - others.len());
    let has_waited = |it: &&Candidate| waited.is_some_and(|waited| it.looked_at < waited);
    let turns = others.iter().filter(has_waited).count().max(share);
    if turns < others.len() {
        others.select_nth_unstable_by_key(turns, |it| it.looked_at);
        others.truncate(turns);
    }
    others
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

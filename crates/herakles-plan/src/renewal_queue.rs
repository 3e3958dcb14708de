//! The order in which samples that have not changed are renewed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Whose turn it is to be read again for no other reason than the age of its sample.
///
/// Each refresh owes the same share of the time that reading everybody once takes, and pays it
/// with the oldest samples: so everybody is read once per `memory_max_age`, and no refresh pays
/// for all at once, however old samples became in a bunch.
#[derive(Debug, Default)]
pub(crate) struct RenewalQueue {
    /// The oldest sample first.
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// What reading everybody once costs, in nanoseconds.
    total: u64,
    /// What is left to pay, in nanoseconds.
    owed: u64,
    /// What reads that could wait no longer have paid in this refresh.
    paid: u64,
}

/// When the sample was taken, the index of the record, and what its read costs, in nanoseconds.
type Waiting = (u64, u32, u32);

impl RenewalQueue {
    /// A process whose sample may be renewed, and since when it has it.
    pub(crate) fn wait(&mut self, since: Duration, index: usize, cost: Duration) {
        let cost = nanos(cost);
        self.total = self.total.saturating_add(cost);
        // More than that is a read of several seconds, and more processes than the kernel allows.
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.waiting.push(Reverse((nanos(since), index, cost)));
    }

    /// A process that is read for its age as it cannot wait for its turn.
    pub(crate) fn overtake(&mut self, cost: Duration) {
        let cost = nanos(cost);
        self.total = self.total.saturating_add(cost);
        self.paid = self.paid.saturating_add(cost);
    }

    /// Begins the turns of a refresh, which are `interval` apart and renew all samples within
    /// `max_age`.
    pub(crate) fn begin(&mut self, max_age: Duration, interval: Duration) {
        let share = self.total / rounded(max_age, interval).max(1);
        // What nobody could be read for is not saved up.
        let owed = self.owed.saturating_add(share).min(self.total);
        self.owed = owed.saturating_sub(self.paid);
    }

    /// The index of the next whose turn it is in this refresh.
    pub(crate) fn next(&mut self) -> Option<usize> {
        let Reverse((_, index, cost)) = *self.waiting.peek()?;
        self.owed = self.owed.checked_sub(cost.into())?;
        self.waiting.pop();
        usize::try_from(index).ok()
    }

    /// Ends the refresh. Only what is owed is carried over.
    pub(crate) fn end(&mut self) {
        let waited = self.waiting.len();
        self.waiting.clear();
        self.waiting.shrink_to(2 * waited + 64);
        (self.total, self.paid) = (0, 0);
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.waiting.capacity() * size_of::<Waiting>()
    }
}

/// How often `interval` goes into `time`, to the nearest number.
fn rounded(time: Duration, interval: Duration) -> u64 {
    let interval = interval.as_nanos().max(1);
    let times = (time.as_nanos() + interval / 2) / interval;
    u64::try_from(times).unwrap_or(u64::MAX)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

//! Keeps the samples of all processes and decides which to read.

use std::time::{Duration, Instant};

use herakles_smaps::MemoryUsage;
use herakles_stat::ProcessKey;

use crate::budget::Budget;
use crate::candidate::Candidate;
use crate::cost::Cost;
use crate::record::{Progress, Record};
use crate::records::Records;
use crate::renewal_queue::RenewalQueue;
use crate::sample::Packed;
use crate::sharers::Sharers;
use crate::{
    Bound, Decision, Moment, Observation, PlanLimits, PlanSummary, Read, Reason, Resident, Sample,
};

/// Decides which processes' memory to read in each refresh, and remembers the samples of all.
///
/// See the [crate documentation](crate) for the course of a refresh and the rules. Nothing is
/// allocated for a process that is known already; a living process takes at most 200 bytes.
#[derive(Debug)]
pub struct Planner {
    limits: PlanLimits,
    /// Times are kept as durations since then.
    epoch: Instant,
    generation: u32,
    records: Records,
    turned_over: bool,
    /// Counts the plans: those who are read by one are read at about the same time.
    pass: u32,
    /// Whether the turns of this refresh have been taken.
    took_turns: bool,
    /// When the first plan of this refresh was made: everybody had been observed by then.
    planned_at: Duration,
    ksm_pages: Option<u64>,
    sharers: Sharers,
    cost: Cost,
    budget: Budget,
    renewals: RenewalQueue,
    candidates: Vec<Candidate>,
}

impl Planner {
    /// A planner without processes, with a full budget. No time handed to it may be before
    /// `epoch`.
    pub fn new(limits: PlanLimits, epoch: Instant) -> Self {
        Self {
            limits,
            epoch,
            generation: 1,
            records: Records::default(),
            turned_over: false,
            pass: 0,
            took_turns: false,
            planned_at: Duration::ZERO,
            ksm_pages: None,
            sharers: Sharers::default(),
            cost: Cost::prior(),
            budget: Budget::full(&limits),
            renewals: RenewalQueue::default(),
            candidates: Vec::new(),
        }
    }

    /// Applies other limits from now on; samples stay.
    pub fn apply(&mut self, limits: PlanLimits) {
        self.limits = limits;
        self.took_turns = false;
    }

    /// Takes what `stat` and `statm` of a process say in this refresh, read at `at`.
    pub fn observe(&mut self, seen: &Observation, at: Instant) {
        let (generation, at) = (self.generation, self.since_epoch(at));
        let Some(record) = self.records.get_mut(seen.key) else {
            self.records.arrive(Record::new(seen, generation, at));
            return;
        };
        if record.runs(seen.program) {
            if record.has_other_memory_than(seen) {
                self.sharers.left(record);
                record.outdate();
            }
            record.see(seen, generation);
        } else {
            // After exec nothing that was known of its memory holds.
            self.sharers.left(record);
            *record = Record::new(seen, generation, at);
        }
    }

    /// Takes it that a process is still there and has not run since it was last observed, or
    /// cannot be observed this time. Returns whether it is known.
    pub fn idle(&mut self, key: ProcessKey) -> bool {
        let generation = self.generation;
        match self.records.get_mut(key) {
            Some(record) => {
                record.stay(generation);
                true
            }
            None => false,
        }
    }

    /// Takes what `statm` of a known process says by itself: of one that has not run, to find out
    /// whether others have changed its memory, or together with a sample that is
    /// [recorded](Self::record) next.
    pub fn resident(&mut self, key: ProcessKey, resident: Resident) {
        if let Some(record) = self.records.get_mut(key) {
            record.reside(resident);
        }
    }

    /// The reads that this refresh makes for the age of samples, before anybody is observed: who
    /// is to be looked at anyway can be read in one go. They are recorded after the process has
    /// been observed; those that are not come to [`plan`](Self::plan) again.
    ///
    /// There are none while the budget might not suffice for all that may turn out to be more
    /// important.
    pub fn plan_ahead(&mut self, now: Instant, next: Instant, out: &mut Vec<Read>) {
        out.clear();
        self.pass = self.pass.wrapping_add(1);
        self.took_turns = false; // also if the last refresh was never finished
        let now = self.since_epoch(now);
        let interval = self.since_epoch(next).saturating_sub(now);
        self.budget.refill(&self.limits, now);
        let price = |record: &Record| self.cost.predict(record.rss_bytes());
        let all: Duration = self.records.all().iter().map(price).sum();
        if self.allowance().is_some_and(|left| left < all) {
            return;
        }
        let horizon = now.saturating_add(interval / 2);
        for index in 0..self.records.all().len() {
            let due = |it: &Record| it.due(&self.limits, now, horizon);
            if self.records.all().get(index).and_then(due) == Some(Reason::Aged) {
                self.nominate(index, now);
            }
        }
        self.take_turns(now, interval);
        for candidate in self.candidates.drain(..) {
            if let Some(record) = self.records.all_mut().get_mut(candidate.index) {
                record.decision = Decision::Read(Reason::Aged);
                record.progress = Progress::Ahead;
                out.push(candidate.read);
            }
        }
    }

    /// Decides about every process that was observed since [`finish`](Self::finish), and puts
    /// the reads to make into `out`, the most important first. Processes that were not observed
    /// are gone.
    ///
    /// After these reads have been [recorded](Self::record), another call gives the reads that
    /// follow from their results: a new process may share memory with others. Each process is
    /// planned once per refresh, so that the calls come to an end.
    pub fn plan(&mut self, moment: &Moment, out: &mut Vec<Read>) {
        out.clear();
        self.pass = self.pass.wrapping_add(1);
        let now = self.since_epoch(moment.now);
        let interval = self.since_epoch(moment.next).saturating_sub(now);
        self.budget.refill(&self.limits, now);
        let is_first = !self.turned_over;
        if is_first {
            self.planned_at = now;
            self.turn_over();
            self.hear_of_ksm(moment.ksm_pages);
            self.turned_over = true;
        }
        if !self.hear_of_sharers() && !is_first {
            return;
        }
        self.gather(now, now.saturating_add(interval / 2));
        if is_first && !self.took_turns {
            self.take_turns(now, interval);
        }
        self.spend(out);
    }

    /// The time that the planned reads may take together; `None`: any. A caller that stops
    /// once that is used up, leaving the rest unread, never overdraws the budget by more than
    /// the last read, however wrong the predictions were.
    pub fn allowance(&self) -> Option<Duration> {
        self.budget.left(&self.limits)
    }

    /// Takes the result of a read: the memory, when it was read, and how long that took: CPU time,
    /// so that the process is not charged for what kept its reader waiting.
    ///
    /// Ignored if the process is not known (any more).
    pub fn record(&mut self, key: ProcessKey, usage: &MemoryUsage, at: Instant, took: Duration) {
        let at = self.since_epoch(at);
        self.budget.charge(took);
        self.cost.learn(usage.rss_bytes, took);
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        self.sharers.seen_again(record);
        let (before, was_told) = (record.shared(), record.shares_news);
        record.attempted(Some(Packed::pack(usage)), at);
        record.took(took);
        record.read_in = self.pass;
        if !matches!(record.decision, Decision::Read(_)) {
            record.decision = Decision::Read(Reason::New);
        }
        self.sharers.read(record, before);
        // What others did may have made up for what it did itself.
        record.is_unsettled |= was_told;
    }

    /// Takes it that a read gave nothing. The sample of the process is dropped, as it can no
    /// longer be renewed; the read is tried again when the process changes or by its age.
    pub fn failed(&mut self, key: ProcessKey, at: Instant, took: Duration) {
        let at = self.since_epoch(at);
        self.budget.charge(took);
        if let Some(record) = self.records.get_mut(key) {
            record.attempted(None, at);
            record.decision = Decision::Unreadable;
        }
    }

    /// Ends the refresh and counts what became of each process. Planned reads that were neither
    /// recorded nor failed count as deferred for the budget.
    pub fn finish(&mut self) -> PlanSummary {
        if !self.turned_over {
            self.planned_at = Duration::MAX; // reads so far were made ahead
            self.turn_over();
            self.hear_of_sharers();
        }
        let mut summary = PlanSummary::default();
        for record in self.records.all_mut() {
            record.conclude();
            summary.count(record.decision);
        }
        self.generation = self.generation.wrapping_add(1);
        (self.turned_over, self.took_turns) = (false, false);
        self.sharers.refreshed(self.pass);
        summary
    }

    /// The last sample of a process, however old.
    pub fn sample(&self, key: ProcessKey) -> Option<Sample> {
        let record = self.records.get(key)?;
        let usage = record.sample.as_ref()?.unpack();
        Some(Sample {
            usage,
            taken_at: self.epoch + record.since(),
            rss_bytes: record.rss_bytes(),
        })
    }

    /// What is resident of a process: by its sample and what `statm` has moved since, by `statm`
    /// alone without one. `None` if the process is not known.
    pub fn rss_bytes(&self, key: ProcessKey) -> Option<u64> {
        Some(self.records.get(key)?.rss_bytes())
    }

    /// The last decision about a process.
    pub fn decision(&self, key: ProcessKey) -> Option<Decision> {
        Some(self.records.get(key)?.decision)
    }

    /// The number of processes remembered.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no process is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The heap memory of all that is remembered, in bytes, unused capacity included.
    pub fn heap_bytes(&self) -> usize {
        self.records.heap_bytes()
            + self.sharers.heap_bytes()
            + self.candidates.capacity() * size_of::<Candidate>()
            + self.renewals.heap_bytes()
    }

    /// Forgets the processes that are gone and takes in those that are new.
    fn turn_over(&mut self) {
        let (sharers, generation) = (&mut self.sharers, self.generation);
        self.records.turn_over(|record| {
            let stays = record.seen_in == generation;
            if stays {
                sharers.seen_again(record);
            } else {
                sharers.left(record);
            }
            stays
        });
    }

    fn hear_of_ksm(&mut self, pages: Option<u64>) {
        let before = std::mem::replace(&mut self.ksm_pages, pages);
        if before.is_some() && pages.is_some() && before != pages {
            for record in self.records.all_mut() {
                record.ksm_moved |= record.sample.is_some();
            }
        }
    }

    /// Whether there was anything to hear.
    fn hear_of_sharers(&mut self) -> bool {
        if self.sharers.is_empty() {
            return false;
        }
        for record in self.records.all_mut() {
            if !self.sharers.concern(record) {
                continue;
            }
            if record.is_read_since(self.planned_at) {
                // What was read since the plan was read after the event, but maybe also after
                // others had been read.
                record.is_unsettled = true;
            } else {
                record.shares_news = true;
            }
        }
        self.sharers.clear();
        true
    }

    /// Decides about each process by itself, and gathers those that only the budget may stop.
    fn gather(&mut self, now: Duration, horizon: Duration) {
        for (index, record) in self.records.all_mut().iter_mut().enumerate() {
            let turn = match record.progress {
                Progress::Undecided => None,
                Progress::Ahead => self.took_turns.then_some(Reason::Aged),
                Progress::Planned | Progress::Attempted => continue,
            };
            let Some(reason) = record.due(&self.limits, now, horizon).or(turn) else {
                record.rest();
                continue;
            };
            match record.admit(&self.limits, &self.cost, now) {
                Err(forbidden) => record.decision = forbidden,
                Ok(predicted) => {
                    record.decision = Decision::Read(reason);
                    let candidate = Candidate::new(record, index, reason, predicted);
                    self.candidates.push(candidate);
                }
            }
        }
    }

    /// Adds the oldest samples, so that each refresh does its share of renewing all.
    fn take_turns(&mut self, now: Duration, interval: Duration) {
        self.took_turns = true;
        let horizon = now.saturating_add(interval / 2);
        for (index, record) in self.records.all().iter().enumerate() {
            if record.admit(&self.limits, &self.cost, now).is_err() {
                continue;
            }
            let price = self.cost.predict(record.rss_bytes());
            match record.due(&self.limits, now, horizon) {
                None => self.renewals.wait(record.since(), index, price),
                Some(Reason::Aged) => self.renewals.overtake(price),
                Some(_) => {}
            }
        }
        self.renewals.begin(self.limits.memory_max_age, interval);
        while let Some(index) = self.renewals.next() {
            self.nominate(index, now);
        }
        self.renewals.end();
    }

    /// Gathers one that is old enough, unless the process itself forbids a read.
    fn nominate(&mut self, index: usize, now: Duration) {
        if let Some(record) = self.records.all().get(index)
            && let Ok(predicted) = record.admit(&self.limits, &self.cost, now)
        {
            let candidate = Candidate::new(record, index, Reason::Aged, predicted);
            self.candidates.push(candidate);
        }
    }

    /// Spends the budget on the candidates, the most important first.
    fn spend(&mut self, out: &mut Vec<Read>) {
        self.candidates.sort_unstable_by_key(Candidate::order);
        let mut left = self.budget.left(&self.limits);
        for candidate in &self.candidates {
            let Some(record) = self.records.all_mut().get_mut(candidate.index) else {
                continue;
            };
            if left == Some(Duration::ZERO) {
                record.decision = Decision::Defer(Bound::Budget);
                continue;
            }
            left = left.map(|left| left.saturating_sub(candidate.read.predicted));
            record.decision = Decision::Read(candidate.read.reason);
            record.progress = Progress::Planned;
            out.push(candidate.read);
        }
        // Only the first refresh has all processes as candidates.
        self.candidates.clear();
        self.candidates.shrink_to(self.records.all().len() / 8 + 64);
    }

    fn since_epoch(&self, time: Instant) -> Duration {
        time.saturating_duration_since(self.epoch)
    }
}

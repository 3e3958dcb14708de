//! What is kept of one process between two refreshes.

use std::time::Duration;

use herakles_stat::{Pid, ProcessKey};

use crate::cost::Cost;
use crate::observation::mix;
use crate::sample::Packed;
use crate::{Bound, Decision, Fingerprint, Observation, PlanLimits, Reason, Resident};

/// Less shared memory than this is not worth a trigger: libraries that everybody maps.
pub(crate) const MIN_SHARED_BYTES: u64 = 8 << 20;

/// Reads of what is smaller, and shorter than [`SHORT`], hold nobody up to speak of.
const SMALL_BYTES: u64 = 64 << 20;

const SHORT: Duration = Duration::from_millis(1);

/// What is remembered of one process.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) key: ProcessKey,
    pub(crate) parent: Option<Pid>,
    pub(crate) seen_in: u32,
    /// What runs, and in which memory, 0 if that has never been known: half of the numbers, which
    /// is enough to tell relatives.
    pub(crate) program: u32,
    pub(crate) image: u32,
    seen: Seen,
    /// The digest of what was seen at the last attempt to read, and what was resident then.
    attempted_digest: u64,
    attempted_resident_bytes: u64,
    pub(crate) sample: Option<Packed>,
    /// When the process was first seen, or last attempted to be read.
    since: Nanos,
    /// How long the last read took, in microseconds; 0 before the first.
    took_micros: u32,
    attempted: bool,
    /// The pass in which it was last read.
    pub(crate) read_in: u32,
    /// Whether what it shared had moved at its last read, or was not known before. Those that were
    /// read shortly before may have been read before that moved.
    pub(crate) is_unsettled: bool,
    /// What it shared at its last sample, also if that was dropped since: one that is about to end
    /// can no longer be read, and may not have left its sharers yet.
    shared: Sharing,
    pub(crate) progress: Progress,
    pub(crate) shares_news: bool,
    pub(crate) ksm_moved: bool,
    pub(crate) decision: Decision,
}

/// A [`Fingerprint`], its part from `stat` as a digest.
#[derive(Clone, Copy, Debug)]
struct Seen {
    stat_digest: u64,
    resident: Resident,
}

impl From<&Fingerprint> for Seen {
    fn from(fingerprint: &Fingerprint) -> Self {
        Self {
            stat_digest: fingerprint.stat_digest(),
            resident: fingerprint.resident,
        }
    }
}

impl Seen {
    fn digest(&self) -> u64 {
        let Resident {
            all_bytes,
            shared_bytes,
        } = self.resident;
        mix(mix(self.stat_digest, all_bytes), shared_bytes)
    }
}

/// A time since the planner's epoch, in half the size of a [`Duration`].
#[derive(Clone, Copy, Debug)]
struct Nanos(u64);

impl From<Duration> for Nanos {
    fn from(time: Duration) -> Self {
        Self(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(time: Nanos) -> Self {
        Self::from_nanos(time.0)
    }
}

/// A number in half as many bits, 0 for 0 alone.
fn folded(number: u64) -> u32 {
    let [.., a, b, c, d] = (number ^ (number >> 32)).to_be_bytes();
    let half = u32::from_be_bytes([a, b, c, d]);
    if number == 0 { 0 } else { half.max(1) }
}

/// Whether a process shared much memory when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    /// It has not been since it shared little, if ever.
    Unknown,
    Little,
    Much,
}

/// What a process shares with others.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shared {
    /// `Rss` less USS.
    pub(crate) bytes: u64,
    /// PSS less USS: the less, the more they are.
    pub(crate) part_bytes: u64,
}

/// How far this refresh has got with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Undecided,
    /// It is its turn, as was planned before anybody was observed.
    Ahead,
    Planned,
    Attempted,
}

impl Record {
    pub(crate) fn new(seen: &Observation, generation: u32, now: Duration) -> Self {
        Self {
            key: seen.key,
            parent: seen.parent,
            seen_in: generation,
            program: folded(seen.program),
            image: folded(seen.image),
            seen: Seen::from(&seen.fingerprint),
            attempted_digest: 0,
            attempted_resident_bytes: 0,
            sample: None,
            since: now.into(),
            took_micros: 0,
            attempted: false,
            read_in: 0,
            is_unsettled: false,
            shared: Sharing::Unknown,
            progress: Progress::Undecided,
            shares_news: false,
            ksm_moved: false,
            decision: Decision::Unreadable,
        }
    }

    pub(crate) fn see(&mut self, seen: &Observation, generation: u32) {
        self.parent = seen.parent;
        self.program = folded(seen.program);
        if seen.image != 0 {
            self.image = folded(seen.image);
        }
        self.seen = Seen::from(&seen.fingerprint);
        self.stay(generation);
    }

    /// Whether exec has given it other memory under the name that it had, as far as that is known.
    pub(crate) fn has_other_memory_than(&self, seen: &Observation) -> bool {
        let image = folded(seen.image);
        image != self.image && image != 0 && self.image != 0
    }

    pub(crate) fn runs(&self, program: u64) -> bool {
        self.program == folded(program)
    }

    /// Takes it that its sample is of other memory. What that read took counts all the same.
    pub(crate) fn outdate(&mut self) {
        self.attempted = false;
    }

    /// Takes what `statm` says by itself.
    pub(crate) fn reside(&mut self, resident: Resident) {
        self.seen.resident = resident;
    }

    /// What is resident: by the sample and what has moved since; by `statm` alone without one.
    pub(crate) fn rss_bytes(&self) -> u64 {
        let now = self.seen.resident.all_bytes;
        let then = self.attempted_resident_bytes;
        match &self.sample {
            None => now,
            Some(sample) if now >= then => sample.rss_bytes().saturating_add(now - then),
            Some(sample) => sample.rss_bytes().saturating_sub(then - now),
        }
    }

    pub(crate) fn stay(&mut self, generation: u32) {
        self.seen_in = generation;
        if self.progress != Progress::Ahead {
            self.progress = Progress::Undecided;
        }
    }

    /// The read has been made, or tried: what it was due for is over.
    pub(crate) fn attempted(&mut self, sample: Option<Packed>, at: Duration) {
        self.sample = sample;
        self.shared = match (&self.sample, self.shared) {
            (Some(_), _) if self.shares_much() => Sharing::Much,
            (Some(_), _) => Sharing::Little,
            (None, Sharing::Much) => Sharing::Much,
            (None, _) => Sharing::Unknown,
        };
        self.since = at.into();
        self.attempted_digest = self.seen.digest();
        self.attempted_resident_bytes = self.seen.resident.all_bytes;
        self.attempted = true;
        self.shares_news = false;
        self.ksm_moved = false;
        self.progress = Progress::Attempted;
    }

    /// Brings the decision in line with what became of it.
    pub(crate) fn conclude(&mut self) {
        match (self.progress, self.decision) {
            (Progress::Planned, _) => self.decision = Decision::Defer(Bound::Budget),
            // Nothing was planned in this refresh: it is that of another one.
            (Progress::Undecided | Progress::Ahead, Decision::Read(_)) => self.rest(),
            _ => {}
        }
        self.progress = Progress::Undecided;
    }

    /// Decides that nothing is to be read.
    pub(crate) fn rest(&mut self) {
        self.decision = if self.sample.is_some() {
            Decision::Reuse
        } else {
            Decision::Unreadable
        };
    }

    /// Whether it was read in this refresh, and not before `time`: so not ahead of the plan.
    pub(crate) fn is_read_since(&self, time: Duration) -> bool {
        self.progress == Progress::Attempted && self.since() >= time
    }

    /// When the process was first seen, or last attempted to be read.
    pub(crate) fn since(&self) -> Duration {
        self.since.into()
    }

    pub(crate) fn took(&mut self, took: Duration) {
        self.took_micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX).max(1);
    }

    /// Why the process must be read, if it must. Samples are renewed in the refresh that is
    /// nearest to the moment at which they are as old as allowed: until `horizon`, half-way to
    /// the next one, this one is.
    pub(crate) fn due(
        &self,
        limits: &PlanLimits,
        now: Duration,
        horizon: Duration,
    ) -> Option<Reason> {
        let max_age = limits.memory_max_age;
        if !self.attempted {
            Some(Reason::New)
        } else if self.sample.is_some()
            && now.saturating_sub(self.since()) > max_age.saturating_mul(2)
        {
            Some(Reason::Overdue)
        } else if self.has_moved() {
            Some(Reason::Changed)
        } else if self.shares_news {
            Some(Reason::Sharer)
        } else if self.ksm_moved {
            Some(Reason::Ksm)
        } else if horizon >= self.since().saturating_add(max_age) {
            Some(Reason::Aged)
        } else {
            None
        }
    }

    /// Whether its own files show that it has changed since the last attempt to read it.
    pub(crate) fn has_moved(&self) -> bool {
        self.seen.digest() != self.attempted_digest
    }

    /// Whether it may have shared much with those that were read while it was there.
    pub(crate) fn may_have_shared_much(&self) -> bool {
        self.is_unsettled || self.shared != Sharing::Little || self.has_moved()
    }

    /// Whether it has been read, or shows what it would show to nobody else than those who may read
    /// it: its image. Without address randomisation it has none to show either, and counts as
    /// unreadable until it has been read.
    pub(crate) fn may_be_readable(&self) -> bool {
        self.last_took().is_some() || self.image != 0
    }

    /// How long a read should take, or what forbids it, whatever the budget.
    pub(crate) fn admit(
        &self,
        limits: &PlanLimits,
        cost: &Cost,
        now: Duration,
    ) -> Result<Duration, Decision> {
        let predicted = self.predict(cost, limits, now);
        if limits.max_hold.is_some_and(|max| predicted > max) {
            Err(Decision::TooBig)
        } else if now < self.held_until(limits) {
            Err(Decision::Defer(Bound::Hold))
        } else {
            Ok(predicted)
        }
    }

    /// How long a read should take: as long as the last one, more if the process has grown since;
    /// by its size if there was none, or if the last was so long that it may not be repeated and
    /// so long ago that it is worth another guess.
    fn predict(&self, cost: &Cost, limits: &PlanLimits, now: Duration) -> Duration {
        let rss = self.rss_bytes();
        let Some(took) = self.last_took() else {
            return cost.predict(rss);
        };
        let then = self.sample.as_ref().map_or(rss, Packed::rss_bytes).max(1);
        let measured = if rss <= then {
            took
        } else {
            let grown = rss as f64 / then as f64;
            Duration::try_from_secs_f64(took.as_secs_f64() * grown).unwrap_or(Duration::MAX)
        };
        if limits.max_hold.is_none_or(|max| measured <= max) {
            return measured;
        }
        let forgotten = self
            .held_until(limits)
            .max(self.since().saturating_add(limits.memory_max_age));
        if now >= forgotten {
            cost.predict(rss).min(measured)
        } else {
            measured
        }
    }

    /// Until when the last read forbids the next.
    fn held_until(&self, limits: &PlanLimits) -> Duration {
        let sample = self.sample.as_ref();
        let size = sample.map_or_else(|| self.rss_bytes(), Packed::rss_bytes);
        let held = self.last_took();
        let held = held.filter(|took| size >= SMALL_BYTES || *took >= SHORT);
        held.map_or(Duration::ZERO, |took| {
            self.since()
                .saturating_add(limits.hold_ratio.fraction(took))
        })
    }

    /// Whether a process shares so much that what becomes of it matters to others.
    pub(crate) fn shares_much(&self) -> bool {
        self.shared_bytes() > MIN_SHARED_BYTES
    }

    /// What a process shares with others.
    pub(crate) fn shared_bytes(&self) -> u64 {
        self.shared().map_or(0, |shared| shared.bytes)
    }

    /// The same and its part of that, where there is a sample.
    pub(crate) fn shared(&self) -> Option<Shared> {
        let usage = self.sample.as_ref()?.unpack();
        Some(Shared {
            bytes: usage.rss_bytes.saturating_sub(usage.uss_bytes()),
            part_bytes: usage.pss_bytes.saturating_sub(usage.uss_bytes()),
        })
    }

    fn last_took(&self) -> Option<Duration> {
        (self.took_micros > 0).then(|| Duration::from_micros(self.took_micros.into()))
    }
}

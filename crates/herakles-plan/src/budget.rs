//! What reads may spend: a bucket that fills with time.

use std::time::Duration;

use crate::PlanLimits;

/// The token bucket of CPU time for memory reads.
///
/// It may be overdrawn by the read that empties it; then nothing is read until it is above 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Nanoseconds left.
    tokens: i64,
    refilled_at: Duration,
}

impl Budget {
    pub(crate) fn full(limits: &PlanLimits) -> Self {
        Self {
            tokens: capacity(limits),
            refilled_at: Duration::ZERO,
        }
    }

    pub(crate) fn refill(&mut self, limits: &PlanLimits, now: Duration) {
        let Some(budget) = limits.cpu_budget else {
            return;
        };
        let earned = nanos(budget.of(now.saturating_sub(self.refilled_at)));
        self.tokens = self.tokens.saturating_add(earned).min(capacity(limits));
        self.refilled_at = now;
    }

    pub(crate) fn charge(&mut self, time: Duration) {
        self.tokens = self.tokens.saturating_sub(nanos(time));
    }

    pub(crate) fn left(&self, limits: &PlanLimits) -> Option<Duration> {
        limits
            .cpu_budget
            .map(|_| Duration::from_nanos(u64::try_from(self.tokens).unwrap_or(0)))
    }
}

fn capacity(limits: &PlanLimits) -> i64 {
    limits
        .cpu_budget
        .map_or(0, |budget| nanos(budget.of(limits.memory_max_age)))
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

//! A token bucket for requests.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::Problem;
use super::raw_config::RateLimitSection;

/// One request per interval, and a burst beyond it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RateLimit {
    interval: Duration,
    burst: u32,
}

impl RateLimit {
    /// `None` without an interval or with one of zero: then nothing is limited.
    pub(super) fn new(section: RateLimitSection) -> Result<Option<Self>, Problem> {
        let Some(text) = section.interval else {
            return Ok(None);
        };
        let interval = match text.value.trim() {
            "0" => Duration::ZERO,
            interval => humantime::parse_duration(interval).map_err(|_| {
                let message = "the interval is no duration; write one such as 1s or 500ms";
                Problem::at(text.referenced, message)
            })?,
        };
        if interval.is_zero() {
            return Ok(None);
        }
        let burst = section.burst.as_ref().map_or(1, |burst| burst.value);
        let at = section
            .burst
            .map_or(text.referenced, |burst| burst.referenced);
        match u32::try_from(burst) {
            Ok(burst) if burst > 0 => Ok(Some(Self { interval, burst })),
            _ => Err(Problem::at(
                at,
                "the burst must be from 1 to 4294967295: 0 would let no request through",
            )),
        }
    }
}

/// The tokens of a [`RateLimit`].
#[derive(Debug, Default)]
pub(super) struct TokenBucket {
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    limit: RateLimit,
    /// When the bucket would be full again; later by one interval for each token taken.
    full_at: Instant,
}

impl TokenBucket {
    /// Takes a token, or says how long until there is one. A limit that differs from the last
    /// one's starts with a full bucket.
    pub(super) fn take(&self, limit: RateLimit, now: Instant) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = match &*state {
            Some(state) if state.limit == limit => state.full_at.max(now),
            _ => now,
        };
        let missing = full_at - now + limit.interval;
        let depth = limit.interval.saturating_mul(limit.burst);
        if missing > depth {
            return Err(missing - depth);
        }
        let full_at = now.checked_add(missing).unwrap_or(now);
        *state = Some(State { limit, full_at });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_request_per_interval() {
        let limit = RateLimit {
            interval: Duration::from_secs(1),
            burst: 3,
        };
        let bucket = TokenBucket::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        for _ in 0..3 {
            assert_eq!(bucket.take(limit, start), Ok(()));
        }
        assert_eq!(bucket.take(limit, start), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(limit, at(400)), Err(Duration::from_millis(600)));
        assert_eq!(bucket.take(limit, at(1000)), Ok(()));
        assert!(bucket.take(limit, at(1500)).is_err());
        // A long silence fills the bucket, and no more than that.
        for _ in 0..3 {
            assert_eq!(bucket.take(limit, at(60_000)), Ok(()));
        }
        assert!(bucket.take(limit, at(60_000)).is_err());
    }

    #[test]
    fn another_limit_starts_full() {
        let slow = RateLimit {
            interval: Duration::from_secs(3600),
            burst: 1,
        };
        let bucket = TokenBucket::default();
        let now = Instant::now();
        assert!(bucket.take(slow, now).is_ok() && bucket.take(slow, now).is_err());
        let faster = RateLimit {
            interval: Duration::from_secs(1),
            burst: 1,
        };
        assert!(bucket.take(faster, now).is_ok() && bucket.take(faster, now).is_err());
    }
}

//! What bounds the reading of memory.

use std::time::Duration;

/// A positive, finite ratio.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// The ratio, or `None` if it is not above 0 and finite.
    pub fn new(ratio: f64) -> Option<Self> {
        (ratio > 0.0 && ratio.is_finite()).then_some(Self(ratio))
    }

    /// The ratio as a number.
    pub const fn as_f64(self) -> f64 {
        self.0
    }

    /// `time` times the ratio, or the longest duration there is.
    pub(crate) fn of(self, time: Duration) -> Duration {
        Duration::try_from_secs_f64(time.as_secs_f64() * self.0).unwrap_or(Duration::MAX)
    }

    /// `time` divided by the ratio, or the longest duration there is.
    pub(crate) fn fraction(self, time: Duration) -> Duration {
        Duration::try_from_secs_f64(time.as_secs_f64() / self.0).unwrap_or(Duration::MAX)
    }
}

/// What bounds the reading of memory: how old a sample may get, how long a process may be held
/// up, and what the exporter may spend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanLimits {
    /// No sample gets older, unless one of the other limits forbids the read.
    pub memory_max_age: Duration,
    /// The share of the time for which reads may hold a process's address space: one whose read
    /// took 50 ms is read again after 50 s at the earliest with 0.001. One that was below 64 MiB,
    /// and whose read took less than 1 ms, may be read again at any time.
    pub hold_ratio: Ratio,
    /// A process whose read would take longer is not read; `None`: no limit.
    pub max_hold: Option<Duration>,
    /// The share of one core that reads may use, as a token bucket that holds
    /// `cpu_budget × memory_max_age` and is full at the start; `None`: no limit.
    pub cpu_budget: Option<Ratio>,
}

impl Default for PlanLimits {
    /// Samples of at most 5 minutes; a process held for a thousandth of the time and never for
    /// more than a second; a fiftieth of one core.
    fn default() -> Self {
        Self {
            memory_max_age: Duration::from_secs(300),
            hold_ratio: Ratio(0.001),
            max_hold: Some(Duration::from_secs(1)),
            cpu_budget: Some(Ratio(0.02)),
        }
    }
}

//! When a fault that goes on is worth a line: as it begins, hourly, and as it ends.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often a fault that lasts is repeated in the log.
const REPEAT: Duration = Duration::from_secs(3600);

/// What the log should say about one cause now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultLine {
    /// It was not there before.
    Began {
        /// How often it was met.
        count: u64,
    },
    /// It still lasts, an hour after it was last said.
    Continues {
        /// How many times since it was last said.
        count: u64,
    },
    /// It is gone.
    Ended {
        /// How many times since it was last said.
        count: u64,
    },
}

#[derive(Debug)]
struct Ongoing {
    said: Instant,
    since_said: u64,
    seen: Instant,
}

/// One line per cause when it begins or ends, and at most hourly in between.
#[derive(Debug)]
pub struct FaultLog<K> {
    ongoing: BTreeMap<K, Ongoing>,
    quiet: Duration,
}

impl<K: Ord + Copy> FaultLog<K> {
    /// A fault is over when nobody has met it for longer than `quiet`: one that comes and goes
    /// makes no line each time.
    pub fn new(quiet: Duration) -> Self {
        Self {
            ongoing: BTreeMap::new(),
            quiet,
        }
    }

    /// Whether no fault lasts.
    pub fn is_quiet(&self) -> bool {
        self.ongoing.is_empty()
    }

    /// Takes the faults met since the last call by cause and tells what to log. A count of 0 says that the
    /// fault lasts, though nobody has met it this time.
    pub fn observe(
        &mut self,
        faults: impl IntoIterator<Item = (K, u64)>,
        now: Instant,
    ) -> Vec<(K, FaultLine)> {
        let mut lines = Vec::new();
        for (cause, count) in faults {
            if let Some(it) = self.ongoing.get_mut(&cause) {
                it.seen = now;
                it.since_said = it.since_said.saturating_add(count);
                if now.saturating_duration_since(it.said) >= REPEAT {
                    lines.push((
                        cause,
                        FaultLine::Continues {
                            count: it.since_said,
                        },
                    ));
                    (it.said, it.since_said) = (now, 0);
                }
            } else if count > 0 {
                self.ongoing.insert(
                    cause,
                    Ongoing {
                        said: now,
                        since_said: 0,
                        seen: now,
                    },
                );
                lines.push((cause, FaultLine::Began { count }));
            }
        }
        self.ongoing.retain(|cause, it| {
            let lasts = now.saturating_duration_since(it.seen) <= self.quiet;
            if !lasts {
                lines.push((
                    *cause,
                    FaultLine::Ended {
                        count: it.since_said,
                    },
                ));
            }
            lasts
        });
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_fault_is_said_when_it_begins_hourly_and_when_it_ends() {
        let start = Instant::now();
        let mut log = FaultLog::new(Duration::ZERO);
        let mut at = |minutes: u64, count: u64| {
            let fault = (count > 0).then_some(("denied", count));
            log.observe(fault, start + Duration::from_secs(60 * minutes))
        };
        assert_eq!(at(0, 5), [("denied", FaultLine::Began { count: 5 })]);
        assert_eq!(at(1, 5), []);
        assert_eq!(at(59, 5), []);
        assert_eq!(at(60, 5), [("denied", FaultLine::Continues { count: 15 })]);
        assert_eq!(at(61, 5), []);
        assert_eq!(at(62, 0), [("denied", FaultLine::Ended { count: 5 })]);
        assert_eq!(at(63, 0), []);
        assert_eq!(at(64, 2), [("denied", FaultLine::Began { count: 2 })]);
    }

    #[test]
    fn a_fault_that_nobody_meets_may_last_all_the_same() {
        let now = Instant::now();
        let mut log = FaultLog::new(Duration::ZERO);
        let later = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(log.observe([("denied", 0)], now), []);
        log.observe([("denied", 9)], later(1));
        assert_eq!(log.observe([("denied", 0)], later(2)), []);
        assert_eq!(log.observe([("denied", 2)], later(3)), []);
        assert_eq!(
            log.observe([], later(4)),
            [("denied", FaultLine::Ended { count: 2 })]
        );
    }

    #[test]
    fn a_fault_that_comes_and_goes_is_one_fault() {
        let start = Instant::now();
        let mut log = FaultLog::new(Duration::from_secs(60));
        let mut at = |seconds: u64, count: u64| {
            let fault = (count > 0).then_some(("refused", count));
            log.observe(fault, start + Duration::from_secs(seconds))
        };
        assert_eq!(at(0, 1), [("refused", FaultLine::Began { count: 1 })]);
        for seconds in (1..600).step_by(2) {
            assert_eq!(at(seconds, 0), []);
            assert_eq!(at(seconds + 1, 3), []);
        }
        assert_eq!(at(660, 0), []);
        assert_eq!(at(661, 0), [("refused", FaultLine::Ended { count: 900 })]);
    }

    #[test]
    fn causes_do_not_hide_each_other() {
        let now = Instant::now();
        let mut log = FaultLog::new(Duration::ZERO);
        log.observe([(1, 1)], now);
        assert_eq!(
            log.observe([(2, 7)], now + Duration::from_secs(1)),
            [
                (2, FaultLine::Began { count: 7 }),
                (1, FaultLine::Ended { count: 0 })
            ]
        );
    }
}

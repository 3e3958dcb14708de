//! How long a read takes, learnt from those made.

use std::time::Duration;

/// What opening, entering and formatting cost before the first page is looked at.
const BASE: Duration = Duration::from_micros(50);

/// The price of a page walk before anything has been measured: 12 ns per KiB.
const PRIOR_NANOS_PER_KIB: f64 = 12.0;
/// The prior weighs as much as reading 1 GiB.
const PRIOR_KIB: f64 = (1 << 20) as f64;
/// Half of what was measured is forgotten each 64 GiB.
const MEMORY_KIB: f64 = (64_u64 << 20) as f64;

/// The price of a memory read on this host, learnt from those that were made.
///
/// A read walks the page table of everything resident, so its time follows RSS; how fast
/// depends on the machine, and on the use of huge pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    nanos: f64,
    kib: f64,
}

impl Cost {
    pub(crate) const fn prior() -> Self {
        Self {
            nanos: PRIOR_NANOS_PER_KIB * PRIOR_KIB,
            kib: PRIOR_KIB,
        }
    }

    pub(crate) fn learn(&mut self, resident_bytes: u64, took: Duration) {
        self.nanos += took.saturating_sub(BASE).as_nanos() as f64;
        self.kib += resident_bytes as f64 / 1024.0;
        if self.kib > MEMORY_KIB {
            self.nanos /= 2.0;
            self.kib /= 2.0;
        }
    }

    pub(crate) fn predict(&self, resident_bytes: u64) -> Duration {
        let walk = resident_bytes as f64 / 1024.0 * self.nanos / self.kib;
        BASE + Duration::from_nanos(walk as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn before_any_measurement_a_gibibyte_takes_about_12_ms() {
        let predicted = Cost::prior().predict(1024 * MIB);
        assert!((12..14).contains(&predicted.as_millis()), "{predicted:?}");
    }

    #[test]
    fn the_prediction_follows_what_this_host_takes() {
        let mut cost = Cost::prior();
        for _ in 0..2_000 {
            cost.learn(100 * MIB, Duration::from_micros(50 + 4 * 100));
        }
        let predicted = cost.predict(1024 * MIB);
        assert!((4..5).contains(&predicted.as_millis()), "{predicted:?}");
        for _ in 0..5_000 {
            cost.learn(100 * MIB, Duration::from_micros(50 + 20 * 100));
        }
        let predicted = cost.predict(1024 * MIB);
        assert!((18..=21).contains(&predicted.as_millis()), "{predicted:?}");
    }
}

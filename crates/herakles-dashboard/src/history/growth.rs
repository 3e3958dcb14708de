//! Growth that lasts, told from noise.

use std::time::Duration;

use super::Line;

/// Growth is looked for in the last so many minutes.
const WINDOW: Duration = Duration::from_secs(600);
/// With less to look at nothing is said.
const LEAST_TIME: Duration = Duration::from_secs(120);
const LEAST_POINTS: usize = 6;
/// Less is no news.
const LEAST_BYTES: f64 = 8.0 * 1024.0 * 1024.0;
const LEAST_SHARE: f64 = 0.02;

/// Memory that grew, and kept growing.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Growth {
    /// By so many bytes.
    pub bytes: f64,
    /// Within this time.
    pub over: Duration,
}

impl Line {
    /// The growth of the last ten minutes, if it lasts: everything in the last third of that time
    /// is above everything in the first third, by at least 8 MiB and 2 %. A peak that is over, or
    /// a value that swings, is none.
    pub fn growth(&self) -> Option<Growth> {
        let known: Vec<(Duration, f64)> = self
            .points
            .iter()
            .filter(|point| point.ago <= WINDOW)
            .filter_map(|point| Some((point.ago, point.value?)))
            .collect();
        let (&(first_ago, _), &(last_ago, last)) = (known.first()?, known.last()?);
        let over = first_ago.saturating_sub(last_ago);
        if known.len() < LEAST_POINTS || over < LEAST_TIME {
            return None;
        }
        let third = known.len() / 3;
        let early = known.iter().take(third).map(|(_, value)| *value);
        let late = known.iter().rev().take(third).map(|(_, value)| *value);
        let (low, high) = (
            early.clone().fold(f64::MAX, f64::min),
            early.fold(0.0, f64::max),
        );
        let bytes = last - low;
        let lasts = late.fold(f64::MAX, f64::min) > high;
        let counts = bytes >= LEAST_BYTES && bytes >= LEAST_SHARE * low;
        (lasts && counts).then_some(Growth { bytes, over })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Point;
    use super::*;

    /// A point each half minute, in MiB.
    fn line(values: &[f64]) -> Line {
        let points = values
            .iter()
            .rev()
            .enumerate()
            .rev()
            .map(|(back, mib)| Point {
                ago: Duration::from_secs(30) * back as u32,
                value: Some(mib * 1024.0 * 1024.0),
            });
        Line {
            points: points.collect(),
        }
    }

    fn mib(growth: Option<Growth>) -> Option<f64> {
        growth.map(|growth| growth.bytes / 1024.0 / 1024.0)
    }

    #[test]
    fn a_leak_is_growth() {
        let leak: Vec<f64> = (0..20)
            .map(|minute| 500.0 + 10.0 * f64::from(minute))
            .collect();
        assert_eq!(mib(line(&leak).growth()), Some(190.0));
        assert_eq!(line(&leak).growth().unwrap().over, Duration::from_secs(570));
    }

    #[test]
    fn swings_peaks_and_trifles_are_none() {
        let swing: Vec<f64> = (0..20)
            .map(|tick| 500.0 + 50.0 * f64::from(tick % 2))
            .collect();
        assert_eq!(line(&swing).growth(), None);
        let mut peak = vec![500.0; 20];
        peak[10] = 900.0;
        assert_eq!(line(&peak).growth(), None);
        let trifle: Vec<f64> = (0..20).map(|tick| 500.0 + 0.1 * f64::from(tick)).collect();
        assert_eq!(line(&trifle).growth(), None);
        assert_eq!(line(&[500.0, 600.0, 700.0]).growth(), None);
        assert_eq!(line(&[]).growth(), None);
    }
}

//! What a program takes over time.

use std::{fmt, fs, time::Duration};

use crate::service::Service;

/// What grows in the beginning settles within this time, or within a third of a shorter run.
const WARM_UP: Duration = Duration::from_secs(300);

/// A slope over less time is noise.
const LEAST_FOR_SLOPE: Duration = Duration::from_secs(1200);

/// Growth of RSS that is allowed.
const MOST_MIB_PER_HOUR: f64 = 1.0;

/// Connections come and go, so that a look finds some more or less.
const DESCRIPTORS_TO_AND_FRO: u64 = 8;

/// What one look has found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Footprint {
    at: Duration,
    rss_kib: u64,
    descriptors: u64,
    threads: u64,
}

impl Footprint {
    /// What the program takes now; `None` if it has ended.
    pub(super) fn of(service: &Service, at: Duration) -> Option<Self> {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", service.pid())).ok()?;
        Some(Self {
            at,
            rss_kib: service.status_kib("VmRSS:")?,
            descriptors: descriptors.count() as u64,
            threads: service.status_kib("Threads:")?,
        })
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rss_mib = self.rss_kib as f64 / 1024.0;
        write!(
            f,
            "RSS {rss_mib:.1} MiB, {} descriptors, {} threads",
            self.descriptors, self.threads
        )
    }
}

/// The footprints of a run in their order.
#[derive(Debug, Default)]
pub(super) struct Trend(Vec<Footprint>);

impl Trend {
    pub(super) fn push(&mut self, footprint: Footprint) {
        self.0.push(footprint);
    }

    /// The footprints after the warm-up.
    fn settled(&self) -> &[Footprint] {
        let end = self.0.last().map_or(Duration::ZERO, |last| last.at);
        let from = WARM_UP.min(end / 3);
        let first = self.0.partition_point(|footprint| footprint.at < from);
        &self.0[first..]
    }

    /// The growth of RSS after the warm-up, by least squares.
    fn mib_per_hour(&self) -> f64 {
        let points = self.settled().iter();
        let points: Vec<(f64, f64)> = points
            .map(|footprint| {
                (
                    footprint.at.as_secs_f64() / 3600.0,
                    footprint.rss_kib as f64 / 1024.0,
                )
            })
            .collect();
        let count = points.len().max(1) as f64;
        let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
        let (hours, mib) = (mean(|point| point.0), mean(|point| point.1));
        let (mut together, mut spread) = (0.0, 0.0);
        for point in &points {
            together += (point.0 - hours) * (point.1 - mib);
            spread += (point.0 - hours).powi(2);
        }
        if spread > 0.0 { together / spread } else { 0.0 }
    }

    /// The most of something in the first and in the second half after the warm-up.
    fn halves(&self, value: fn(&Footprint) -> u64) -> (u64, u64) {
        let settled = self.settled();
        let (first, second) = settled.split_at(settled.len() / 2);
        let most = |half: &[Footprint]| half.iter().map(value).max().unwrap_or(0);
        (most(first), most(second))
    }

    /// Prints it as the first rows of a table.
    pub(super) fn print(&self) {
        println!("| what | value |");
        println!("|---|---|");
        if let (Some(first), Some(last)) = (self.settled().first(), self.0.last()) {
            println!("| after the warm-up, {} s | {first} |", first.at.as_secs());
            println!("| at the end, {} s | {last} |", last.at.as_secs());
        }
        println!(
            "| slope of RSS, MiB per hour | {:.2} |",
            self.mib_per_hour()
        );
        let (first, second) = self.halves(|footprint| footprint.descriptors);
        println!("| most descriptors, first and second half | {first}, {second} |");
        let (first, second) = self.halves(|footprint| footprint.threads);
        println!("| most threads, first and second half | {first}, {second} |");
    }

    /// What it grew by that it should not, in sentences.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let slope = self.mib_per_hour();
        let end = self.0.last().map_or(Duration::ZERO, |last| last.at);
        if end >= LEAST_FOR_SLOPE && slope > MOST_MIB_PER_HOUR {
            complaints.push(format!("RSS grows by {slope:.2} MiB per hour"));
        }
        let (first, second) = self.halves(|footprint| footprint.descriptors);
        if second > first + DESCRIPTORS_TO_AND_FRO {
            complaints.push(format!("{first} descriptors became {second}"));
        }
        let (first, second) = self.halves(|footprint| footprint.threads);
        if second > first {
            complaints.push(format!("{first} threads became {second}"));
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(rss_kib: impl Fn(u64) -> u64, descriptors: impl Fn(u64) -> u64) -> Trend {
        let footprints = (0..=180).map(|step| Footprint {
            at: Duration::from_secs(10 * step),
            rss_kib: rss_kib(step),
            descriptors: descriptors(step),
            threads: 6,
        });
        Trend(footprints.collect())
    }

    #[test]
    fn growth_counts_after_the_warm_up() {
        // 8 KiB each 10 s; twice that in the first five minutes.
        let growing = trend(|step| 9_000 + 8 * step + 8 * step.min(30), |_| 20);
        assert!((growing.mib_per_hour() - 2.8125).abs() < 1e-9);
        assert_eq!(growing.complaints(), ["RSS grows by 2.81 MiB per hour"]);
        let settled = trend(|step| 9_000 + 800 * step.min(30), |_| 20);
        assert_eq!(settled.complaints(), Vec::<String>::new());
    }

    #[test]
    fn descriptors_may_go_to_and_fro_but_not_grow() {
        let to_and_fro = trend(|_| 9_000, |step| 20 + step % 7);
        assert_eq!(to_and_fro.complaints(), Vec::<String>::new());
        let growing = trend(|_| 9_000, |step| 20 + step / 5);
        assert_eq!(growing.complaints(), ["40 descriptors became 56"]);
    }
}

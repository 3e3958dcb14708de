//! How far an adaptive scan is from the truth at the same moment.

use std::{collections::HashSet, time::Duration};

use herakles_metrics::Snapshot;

use crate::processes;

/// What is exported, against what the kernel says right after the scan, over the fleet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Errors {
    pub(super) pss: Difference,
    pub(super) uss: Difference,
}

/// The error of one quantity.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Difference {
    exported_bytes: u64,
    true_bytes: u64,
    /// Of the process that is furthest off.
    pub(super) worst_bytes: u64,
    /// Processes that are off by more than 1 % and 64 KiB, with a sample of an earlier scan.
    pub(super) far_off: usize,
    /// The same with a sample of this scan: they have moved since.
    pub(super) moved: usize,
    /// Processes whose value is not exported.
    pub(super) absent: usize,
}

impl Difference {
    fn add(&mut self, exported: Option<u64>, truth: u64, is_fresh: bool) {
        let Some(exported) = exported else {
            self.absent += 1;
            return;
        };
        self.exported_bytes += exported;
        self.true_bytes += truth;
        let off = exported.abs_diff(truth);
        self.worst_bytes = self.worst_bytes.max(off);
        let far_off = if is_fresh {
            &mut self.moved
        } else {
            &mut self.far_off
        };
        *far_off += usize::from(is_far(exported, truth));
    }

    /// By how much the sum is off, as a share of the true one.
    pub(super) fn of_sum(&self) -> f64 {
        self.exported_bytes.abs_diff(self.true_bytes) as f64 / self.true_bytes.max(1) as f64
    }
}

/// Off by more than 1 % and 64 KiB.
fn is_far(exported: u64, truth: u64) -> bool {
    exported.abs_diff(truth) > truth / 100 + 65_536
}

/// Reads the memory of all members of the fleet and compares it with the snapshot's, of a scan
/// that took `scan_took`. One that is far off is read once more: those that move may be caught
/// while they have dropped their pages.
pub(super) fn judge(snapshot: &Snapshot, fleet: &HashSet<u32>, scan_took: Duration) -> Errors {
    let mut errors = Errors::default();
    let members = snapshot
        .processes()
        .iter()
        .filter(|it| fleet.contains(&it.key.pid.as_u32()));
    for process in members {
        let read = || processes::memory(process.key.pid.as_u32());
        let Some(mut truth) = read() else { continue };
        if process
            .memory
            .pss_bytes
            .is_some_and(|pss| is_far(pss, truth.pss_bytes))
        {
            let Some(again) = read() else { continue };
            truth = again;
        }
        let age = process.memory.sample_age_seconds;
        let is_fresh = age.is_some_and(|age| age <= scan_took.as_secs_f64());
        errors
            .pss
            .add(process.memory.pss_bytes, truth.pss_bytes, is_fresh);
        errors
            .uss
            .add(process.memory.uss_bytes, truth.uss_bytes(), is_fresh);
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_either_sign_cancel_in_the_sum_but_not_in_the_worst() {
        let mut pss = Difference::default();
        pss.add(Some(1_000_000), 900_000, false);
        pss.add(Some(900_000), 1_000_000, false);
        assert_eq!(pss.of_sum(), 0.0);
        assert_eq!((pss.worst_bytes, pss.far_off, pss.absent), (100_000, 2, 0));
    }

    #[test]
    fn who_was_read_in_this_scan_has_moved() {
        let mut pss = Difference::default();
        pss.add(Some(1_000_000), 900_000, true);
        assert_eq!((pss.worst_bytes, pss.far_off, pss.moved), (100_000, 0, 1));
    }

    #[test]
    fn an_absent_value_is_no_error_but_counted() {
        let mut pss = Difference::default();
        pss.add(None, 1_000_000, false);
        pss.add(Some(64 << 10), 0, false);
        assert_eq!((pss.far_off, pss.absent), (0, 1));
    }
}

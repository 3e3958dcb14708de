//! What CPU time the host spent, and how much of it subgroups were credited with.

use crate::snapshot::{Snapshot, Subgroup};

/// The CPU time between two refreshes: of the host, and as credited to subgroups.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attribution {
    /// User, nice and system time by `/proc/stat`, in seconds. Most kernels draw it at ticks, so
    /// that it can be off by a per cent or two.
    pub host_seconds: f64,
    /// Growth of the counters of all visible subgroups, in seconds.
    pub credited_seconds: f64,
}

impl Attribution {
    /// The difference between two snapshots of one series of scans; `None` unless both hold the CPU time
    /// of the host and of subgroups.
    #[must_use]
    pub fn between(before: &Snapshot, now: &Snapshot) -> Option<Self> {
        let grown =
            |subgroup: &Subgroup| Some(cpu_seconds(subgroup)? - earlier_seconds(before, subgroup));
        Some(Self {
            host_seconds: host_seconds(now)? - host_seconds(before)?,
            credited_seconds: now.subgroups().iter().map(grown).sum::<Option<f64>>()?,
        })
    }

    /// What the host spent and no visible subgroup was credited with, in seconds. Below 0 where
    /// time of the interval before is credited late, such as that of children not yet waited for.
    #[must_use]
    pub fn unattributed_seconds(self) -> f64 {
        self.host_seconds - self.credited_seconds
    }
}

fn host_seconds(snapshot: &Snapshot) -> Option<f64> {
    let cpu = snapshot.host()?.cpu?;
    Some(cpu.user_seconds? + cpu.nice_seconds? + cpu.system_seconds?)
}

fn cpu_seconds(subgroup: &Subgroup) -> Option<f64> {
    Some(subgroup.cpu_user_seconds? + subgroup.cpu_system_seconds?)
}

/// What the same counters showed in an earlier snapshot; 0 if they started since.
fn earlier_seconds(before: &Snapshot, subgroup: &Subgroup) -> f64 {
    let subgroups = before.subgroups();
    subgroups
        .binary_search_by(|earlier| earlier.class.cmp(&subgroup.class))
        .ok()
        .and_then(|index| subgroups.get(index))
        .filter(|earlier| earlier.created_seconds == subgroup.created_seconds)
        .and_then(cpu_seconds)
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HostCpu, HostRecord, Selection, SeriesLimits, SnapshotBuilder, SubgroupRecord};
    use herakles_classify::Class;

    /// A snapshot with CPU seconds of the host and of subgroups: (name, start, seconds).
    fn snapshot(host: f64, subgroups: &[(&str, f64, f64)]) -> Snapshot {
        let mut builder = SnapshotBuilder::new(0.0);
        builder.host(HostRecord {
            cpu: Some(HostCpu {
                user_seconds: Some(host / 2.0),
                nice_seconds: Some(host / 4.0),
                system_seconds: Some(host / 4.0),
                idle_seconds: Some(1000.0),
                ..HostCpu::default()
            }),
            ..HostRecord::default()
        });
        for &(name, created_seconds, seconds) in subgroups {
            let mut record = SubgroupRecord::new(Class::new(name, name), created_seconds);
            record.stays = true;
            record.counters.cpu_user_seconds = seconds / 2.0;
            record.counters.cpu_system_seconds = seconds / 2.0;
            builder.subgroup(record);
        }
        builder.finish(&SeriesLimits::default(), &mut Selection::default())
    }

    #[test]
    fn growth_of_host_and_subgroups_is_compared() {
        let before = snapshot(100.0, &[("b", 1.0, 10.0), ("a", 1.0, 20.0)]);
        let now = snapshot(
            112.0,
            &[("b", 1.0, 13.0), ("a", 1.0, 26.0), ("c", 2.0, 2.0)],
        );
        let attribution = Attribution::between(&before, &now).unwrap();
        assert_eq!(attribution.host_seconds, 12.0);
        assert_eq!(attribution.credited_seconds, 11.0);
        assert_eq!(attribution.unattributed_seconds(), 1.0);
    }

    #[test]
    fn counters_that_started_again_count_from_zero() {
        let before = snapshot(0.0, &[("a", 1.0, 50.0)]);
        let now = snapshot(4.0, &[("a", 9.0, 4.0)]);
        let attribution = Attribution::between(&before, &now).unwrap();
        assert_eq!(attribution.unattributed_seconds(), 0.0);
    }

    #[test]
    fn a_subgroup_that_has_gone_takes_nothing_back() {
        let before = snapshot(0.0, &[("a", 1.0, 50.0), ("b", 1.0, 1.0)]);
        let now = snapshot(4.0, &[("b", 1.0, 4.0)]);
        let attribution = Attribution::between(&before, &now).unwrap();
        assert_eq!(attribution.unattributed_seconds(), 1.0);
    }

    #[test]
    fn without_the_host_there_is_nothing_to_compare() {
        let with = snapshot(1.0, &[]);
        let without =
            SnapshotBuilder::new(0.0).finish(&SeriesLimits::default(), &mut Selection::default());
        assert_eq!(Attribution::between(&without, &with), None);
    }
}

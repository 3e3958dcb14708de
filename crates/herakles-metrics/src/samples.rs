//! The samples of a family: one walk over a snapshot, which every writer takes.

use crate::families::{Family, Source};
use crate::process::Process;
use crate::sample::{Sample, Value};
use crate::snapshot::{Snapshot, Subgroup};
use crate::status::ExporterStatus;

/// The labels of a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Labels<'a> {
    /// Those of a process, and its position in the snapshot.
    Process(usize, &'a Process),
    /// Those of a subgroup.
    Subgroup(&'a Subgroup),
    /// Those of a subgroup, and one more with its name.
    SubgroupBy(&'a Subgroup, &'static str, &'static str),
    /// Those of a sample, by these names.
    Of(&'static [&'static str], &'a Sample<'a>),
}

/// Visits the samples that `family` has in this snapshot, in their order: labels, value, and where
/// a counter started, Unix time in seconds, if that is known and to be told.
pub(crate) fn each_of_snapshot<E>(
    family: &Family,
    snapshot: &Snapshot,
    mut visit: impl FnMut(Labels<'_>, Value, Option<f64>) -> Result<(), E>,
) -> Result<(), E> {
    let created = |seconds: Option<f64>| seconds.filter(|_| snapshot.created);
    match family.source {
        Source::Process(value) => {
            let processes = snapshot.processes.iter().enumerate();
            for (at, process) in processes.filter(|(_, process)| process.has_series) {
                if let Some(value) = value(process) {
                    let created = created(process.start_time_seconds);
                    visit(Labels::Process(at, process), value, created)?;
                }
            }
        }
        Source::Top(ranking, value) => {
            for (at, process) in snapshot.top_positions(ranking) {
                if let Some(value) = value(process) {
                    let created = created(process.start_time_seconds);
                    visit(Labels::Process(at, process), value, created)?;
                }
            }
        }
        Source::Subgroup(value) => {
            for subgroup in &snapshot.subgroups {
                if let Some(value) = value(subgroup) {
                    visit(Labels::Subgroup(subgroup), value, None)?;
                }
            }
        }
        Source::SubgroupBy(values) => {
            let name = family.labels.last().copied().unwrap_or_default();
            for subgroup in &snapshot.subgroups {
                for (mode, value) in values(subgroup).into_iter().flatten() {
                    let labels = Labels::SubgroupBy(subgroup, name, mode);
                    visit(labels, value, created(Some(subgroup.created_seconds)))?;
                }
            }
        }
        Source::Host(samples) => {
            if let Some(host) = &snapshot.host {
                let created = created(host.boot_time_seconds);
                for sample in &samples(host) {
                    visit(Labels::Of(family.labels, sample), sample.value, created)?;
                }
            }
        }
        Source::Status(_) => {}
    }
    Ok(())
}

/// The same of the live families.
pub(crate) fn each_of_status<E>(
    family: &Family,
    status: &ExporterStatus,
    mut visit: impl FnMut(Labels<'_>, Value, Option<f64>) -> Result<(), E>,
) -> Result<(), E> {
    if let Source::Status(samples) = family.source {
        for sample in &samples(status) {
            visit(
                Labels::Of(family.labels, sample),
                sample.value,
                status.created.then_some(status.started_seconds),
            )?;
        }
    }
    Ok(())
}

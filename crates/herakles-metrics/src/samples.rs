//! The samples of a family: one walk over a snapshot, which every writer takes.

use std::borrow::Cow;

use crate::exporter::ExporterStatus;
use crate::families::{Family, Source};
use crate::process::Process;
use crate::snapshot::{Snapshot, Subgroup};

/// The value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Integer(u64),
    Real(f64),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(u64::from(value))
    }
}

/// A sample with the values of its family's labels; the places beyond those are empty.
#[derive(Clone, Debug)]
pub(crate) struct Sample<'a> {
    pub(crate) labels: [Cow<'a, str>; 4],
    pub(crate) value: Value,
}

impl<'a> Sample<'a> {
    pub(crate) fn plain(value: impl Into<Value>) -> Self {
        Self::labelled([], value)
    }

    pub(crate) fn labelled<const N: usize>(labels: [&'a str; N], value: impl Into<Value>) -> Self {
        let mut labels = labels.into_iter().map(Cow::Borrowed);
        Self {
            labels: std::array::from_fn(|_| labels.next().unwrap_or_default()),
            value: value.into(),
        }
    }

    /// Label names with their values.
    pub(crate) fn labelled_by(
        &self,
        names: &'static [&'static str],
    ) -> impl Iterator<Item = (&'static str, &str)> {
        names
            .iter()
            .copied()
            .zip(self.labels.iter().map(AsRef::as_ref))
    }

    pub(crate) fn optional(value: Option<impl Into<Value>>) -> Vec<Self> {
        value.into_iter().map(Self::plain).collect()
    }

    pub(crate) fn each<V: Into<Value>>(
        samples: impl IntoIterator<Item = (&'a str, V)>,
    ) -> Vec<Self> {
        samples
            .into_iter()
            .map(|(label, value)| Self::labelled([label], value))
            .collect()
    }

    pub(crate) fn request(path: &'a str, code: u16, count: u64) -> Self {
        let mut sample = Self::labelled([path], count);
        sample.labels[1] = Cow::Owned(code.to_string());
        sample
    }
}

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

//! The one table of all metric families.

use crate::host::HostRecord;
use crate::process::{Activity, Process};
use crate::sample::{Sample, Value};
use crate::snapshot::{Ranking, Subgroup};
use crate::status::ExporterStatus;

mod host;
mod process;
mod subgroup;

/// The one live family that a single shot knows too.
pub(crate) const BUILD_INFO: &str = "herakles_exporter_build_info";

/// Every family that a snapshot has, in the order of the exposition. Those that a running exporter
/// adds of itself are in [`exporter::FAMILIES`](crate::exporter::FAMILIES).
///
/// The one source for the exposition, the JSON, the documentation and the tests.
pub const FAMILIES: &[Family] = &{
    const TABLES: [&[Family]; 3] = [subgroup::FAMILIES, process::FAMILIES, host::FAMILIES];
    concat::<{ total(TABLES) }>(TABLES)
};

/// One metric family: what it means, and where its samples come from.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The name samples carry in the text format 0.0.4, with `_total` for counters.
    pub name: &'static str,
    /// Counter or gauge.
    pub kind: FamilyKind,
    /// The unit, which is also the end of the name (before `_total`).
    pub unit: Unit,
    /// The HELP text.
    pub help: &'static str,
    /// Label names, in order.
    pub labels: &'static [&'static str],
    /// When there is no sample, for the documentation; empty = never.
    pub absent: &'static str,
    pub(crate) source: Source,
}

impl Family {
    /// The name of the family in OpenMetrics: without the `_total` of its samples.
    pub(crate) fn base(&self) -> &'static str {
        self.name.strip_suffix("_total").unwrap_or(self.name)
    }

    /// The name without `_total` and unit, as prometheus-client composes it again.
    pub(crate) fn stem(&self) -> &'static str {
        let name = self.base();
        match self.unit.as_str() {
            Some(unit) => name
                .strip_suffix(unit)
                .and_then(|name| name.strip_suffix('_'))
                .unwrap_or(name),
            None => name,
        }
    }

    /// Whether it is known only while the exporter runs: a single shot leaves it out.
    pub fn needs_service(&self) -> bool {
        match self.source {
            Source::Subgroup(_) | Source::Process(_) | Source::Top(..) | Source::Host(_) => false,
            Source::SubgroupBy(_) => self.kind == FamilyKind::Counter,
            Source::Status(_) => self.name != BUILD_INFO,
        }
    }
}

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only grows, and restarts at 0.
    Counter,
    /// Goes up and down.
    Gauge,
}

impl FamilyKind {
    /// The word of the TYPE line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }

    /// Series of one label set in OpenMetrics: there a counter has a `_created` beside its `_total`
    /// where such are `created`.
    pub(crate) fn series(self, created: bool) -> usize {
        match self {
            Self::Counter if created => 2,
            Self::Counter | Self::Gauge => 1,
        }
    }
}

/// The unit of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    None,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// A share of 1; of one core, for CPU.
    Ratio,
}

impl Unit {
    /// The word of the UNIT line.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Bytes => Some("bytes"),
            Self::Seconds => Some("seconds"),
            Self::Ratio => Some("ratio"),
        }
    }
}

/// How to get the samples of a family.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// One of each process with series of its own.
    Process(fn(&Process) -> Option<Value>),
    /// One of each process that the ranking chose.
    Top(Ranking, fn(&Process) -> Option<Value>),
    /// One of each subgroup.
    Subgroup(fn(&Subgroup) -> Option<Value>),
    /// Some of each subgroup, told apart by the last label.
    SubgroupBy(fn(&Subgroup) -> Split),
    /// From the host.
    Host(fn(&HostRecord) -> Vec<Sample<'_>>),
    /// From the exporter itself, live.
    Status(fn(&ExporterStatus) -> Vec<Sample<'_>>),
}

/// The values of a subgroup that the last label tells apart.
pub(crate) type Split = [Option<(&'static str, Value)>; Activity::ALL.len()];

/// The host samples of `family`; none when it is of another level.
pub(crate) fn host_samples<'a>(family: &Family, host: &'a HostRecord) -> Vec<Sample<'a>> {
    match family.source {
        Source::Host(samples) => samples(host),
        _ => Vec::new(),
    }
}

/// The live samples of `family`; none when it is of another level.
pub(crate) fn status_samples<'a>(family: &Family, status: &'a ExporterStatus) -> Vec<Sample<'a>> {
    match family.source {
        Source::Status(samples) => samples(status),
        _ => Vec::new(),
    }
}

/// How many `herakles_process_*` series a process has. Without its start its counters have no
/// creation time.
pub(crate) fn process_series(process: &Process, created: bool) -> usize {
    let created = created && process.start_time_seconds.is_some();
    series(process::FAMILIES, created, |source| match source {
        Source::Process(value) => value(process).into_iter().count(),
        _ => 0,
    })
}

/// How many top series a process has where `ranking` chose it.
pub(crate) fn top_series(ranking: Ranking, process: &Process, created: bool) -> usize {
    let created = created && process.start_time_seconds.is_some();
    series(process::FAMILIES, created, |source| match source {
        Source::Top(by, value) if by == ranking => value(process).into_iter().count(),
        _ => 0,
    })
}

/// How many series a subgroup has.
pub(crate) fn subgroup_series(subgroup: &Subgroup, created: bool) -> usize {
    series(subgroup::FAMILIES, created, |source| match source {
        Source::Subgroup(value) => value(subgroup).into_iter().count(),
        Source::SubgroupBy(values) => values(subgroup).into_iter().flatten().count(),
        _ => 0,
    })
}

/// How many series the host has. Without its boot time its counters have no creation time.
pub(crate) fn host_series(host: &HostRecord, created: bool) -> usize {
    let created = created && host.boot_time_seconds.is_some();
    let samples = |family: &Family| host_samples(family, host).len();
    let families = host::FAMILIES.iter();
    families
        .map(|family| samples(family) * family.kind.series(created))
        .sum()
}

/// Series of families of which `samples` counts the samples.
fn series(families: &[Family], created: bool, samples: impl Fn(Source) -> usize) -> usize {
    families
        .iter()
        .map(|family| samples(family.source) * family.kind.series(created))
        .sum()
}

const fn total(tables: [&[Family]; 3]) -> usize {
    tables[0].len() + tables[1].len() + tables[2].len()
}

const fn concat<const N: usize>(tables: [&[Family]; 3]) -> [Family; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut row, mut at) = (0, 0, 0);
    while table < tables.len() {
        if row == tables[table].len() {
            table += 1;
            row = 0;
        } else {
            all[at] = tables[table][row];
            at += 1;
            row += 1;
        }
    }
    all
}

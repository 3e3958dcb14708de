//! The snapshot as JSON.

use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::exporter;
use crate::families::{self, FAMILIES, Family, Source, Split};
use crate::process::Process;
use crate::sample::{Sample, Value};
use crate::snapshot::{Snapshot, Subgroup};
use crate::status::ExporterStatus;

/// Version of the schema.
const SCHEMA: u32 = 1;

/// What processes and subgroups alike call the age of their memory.
const SAMPLE_AGE: &str = "memory_sample_age_seconds";

/// The snapshot as JSON, for `/api/v1/snapshot` and `once --format json`.
///
/// `{schema, taken_at, age_seconds, host, exporter, subgroups, processes}`. Names are metric names
/// without prefix; what is absent is `null`. A family with one label of its own is an object by
/// that label's values, one with more is an array. All processes of visible subgroups are in it,
/// whether they have series or not. `taken_at` is Unix time in seconds.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotJson<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// Time since it was taken.
    pub age: Duration,
    /// The exporter now; `None` in a program that is none, and `null` in the JSON.
    pub exporter: Option<&'a ExporterStatus>,
}

impl Serialize for SnapshotJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let snapshot = self.snapshot;
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("schema", &SCHEMA)?;
        map.serialize_entry("taken_at", &snapshot.taken_at_seconds())?;
        map.serialize_entry("age_seconds", &self.age.as_secs_f64())?;
        map.serialize_entry("host", &HostJson(snapshot))?;
        map.serialize_entry("exporter", &self.exporter.map(ExporterJson))?;
        map.serialize_entry("subgroups", &List(snapshot.subgroups(), SubgroupJson))?;
        map.serialize_entry("processes", &List(snapshot.processes(), ProcessJson))?;
        map.end()
    }
}

/// A slice, each item in its own wrapper.
struct List<'a, T, W>(&'a [T], fn(&'a T) -> W);

impl<T, W: Serialize> Serialize for List<'_, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

struct ProcessJson<'a>(&'a Process);

impl Serialize for ProcessJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let process = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("pid", &process.key.pid.as_u32())?;
        map.serialize_entry("name", &*process.name)?;
        map.serialize_entry("group", &*process.class.group)?;
        map.serialize_entry("subgroup", &*process.class.subgroup)?;
        for family in FAMILIES {
            if let Source::Process(value) = family.source {
                map.serialize_entry(field(family), &value(process))?;
            }
        }
        map.serialize_entry(SAMPLE_AGE, &process.memory.sample_age_seconds)?;
        map.end()
    }
}

struct SubgroupJson<'a>(&'a Subgroup);

impl Serialize for SubgroupJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let subgroup = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("group", &*subgroup.class.group)?;
        map.serialize_entry("subgroup", &*subgroup.class.subgroup)?;
        for family in FAMILIES {
            match family.source {
                Source::Subgroup(value) => map.serialize_entry(field(family), &value(subgroup))?,
                Source::SubgroupBy(values) => {
                    let values = values(subgroup);
                    let any = values.iter().any(Option::is_some);
                    map.serialize_entry(field(family), &any.then_some(Entries(values)))?;
                }
                _ => {}
            }
        }
        map.end()
    }
}

struct HostJson<'a>(&'a Snapshot);

impl Serialize for HostJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for family in FAMILIES
            .iter()
            .filter(|family| matches!(family.source, Source::Host(_)))
        {
            let samples = self
                .0
                .host()
                .map_or_else(Vec::new, |host| families::host_samples(family, host));
            map.serialize_entry(
                field(family),
                &Samples {
                    family,
                    samples: &samples,
                },
            )?;
        }
        map.end()
    }
}

struct ExporterJson<'a>(&'a ExporterStatus);

impl Serialize for ExporterJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for family in exporter::FAMILIES {
            let samples = families::status_samples(family, self.0);
            map.serialize_entry(
                field(family),
                &Samples {
                    family,
                    samples: &samples,
                },
            )?;
        }
        map.end()
    }
}

/// The samples of one family: a value, an object by label value, or an array.
struct Samples<'a> {
    family: &'a Family,
    samples: &'a [Sample<'a>],
}

impl Serialize for Samples<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.family.labels {
            [] => self
                .samples
                .first()
                .map(|sample| sample.value)
                .serialize(serializer),
            [_] => serializer.collect_map(
                self.samples
                    .iter()
                    .map(|sample| (&sample.labels[0], sample.value)),
            ),
            names if self.family.name.ends_with("_info") => {
                serializer.collect_map(self.samples.iter().flat_map(|s| s.labelled_by(names)))
            }
            names => {
                let mut seq = serializer.serialize_seq(Some(self.samples.len()))?;
                for sample in self.samples {
                    seq.serialize_element(&Labelled { names, sample })?;
                }
                seq.end()
            }
        }
    }
}

/// One sample with its labels: `{"kind": …, "file": …, "value": …}`.
struct Labelled<'a> {
    names: &'static [&'static str],
    sample: &'a Sample<'a>,
}

impl Serialize for Labelled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.sample.labelled_by(self.names) {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("value", &self.sample.value)?;
        map.end()
    }
}

/// Values by the last label.
struct Entries(Split);

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.into_iter().flatten())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Integer(value) => serializer.serialize_u64(value),
            Self::Real(value) => serializer.serialize_f64(value),
        }
    }
}

/// The metric name without the prefix that says which object it is in. Of processes and subgroups
/// `rss_bytes` says as much as `memory_rss_bytes`.
fn field(family: &Family) -> &'static str {
    const PREFIXES: [&str; 6] = [
        "herakles_process_memory_",
        "herakles_process_",
        "herakles_subgroup_memory_",
        "herakles_subgroup_",
        "herakles_host_",
        "herakles_exporter_",
    ];
    if family.name == "herakles_subgroup_memory_sample_age_seconds" {
        return SAMPLE_AGE;
    }
    PREFIXES
        .iter()
        .find_map(|prefix| family.name.strip_prefix(prefix))
        .unwrap_or(family.name)
}

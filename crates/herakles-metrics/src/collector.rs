//! The snapshot as a prometheus-client collector.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    CounterValueEncoder, DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabel,
    EncodeLabelSet, GaugeValueEncoder, LabelSetEncoder, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry;

use crate::exporter::{self, ExporterStatus};
use crate::families::{self, FAMILIES, Family, Kind, Sample, Source, Unit, Value};
use crate::process::Process;
use crate::snapshot::{Snapshot, Subgroup};

/// A [`Snapshot`] as a prometheus-client [`Collector`], for a registry of your own.
///
/// Encoding allocates nothing per series. prometheus-client cannot write `_created` samples of
/// constant counters; [`Rendered`](crate::Rendered) has them.
#[derive(Clone, Debug)]
pub struct SnapshotCollector {
    snapshot: Arc<Snapshot>,
    style: Style,
}

/// The exporter itself as a collector, in the form that the exposition reads.
#[derive(Clone, Debug)]
pub(crate) struct StatusCollector {
    pub(crate) status: Arc<ExporterStatus>,
    pub(crate) style: Style,
}

/// How, and how much, to encode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Follow each counter by a sample of the bare family name that holds its creation time:
    /// no valid exposition, but all that [`Rendered`](crate::Rendered) needs to make one.
    pub(crate) mark_created: bool,
    /// Leave out what is known only while the exporter runs.
    pub(crate) one_shot: bool,
}

impl SnapshotCollector {
    /// A collector of this snapshot.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self {
            snapshot,
            style: Style {
                mark_created: false,
                one_shot: false,
            },
        }
    }

    pub(crate) fn styled(snapshot: Arc<Snapshot>, style: Style) -> Self {
        Self { snapshot, style }
    }
}

impl Collector for SnapshotCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in FAMILIES {
            encode_family(family, &self.snapshot, self.style, &mut encoder)?;
        }
        Ok(())
    }
}

impl Collector for StatusCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let created = Some(self.status.started_seconds);
        for family in exporter::FAMILIES {
            let samples = families::status_samples(family, &self.status);
            encode_plain(family, &samples, created, self.style, &mut encoder)?;
        }
        Ok(())
    }
}

fn encode_family(
    family: &'static Family,
    snapshot: &Snapshot,
    style: Style,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    match family.source {
        Source::Process(value) => {
            let own = snapshot
                .processes()
                .iter()
                .filter(|process| process.has_series);
            write_family(
                family,
                own.filter_map(|process| process_sample(process, value)),
                style,
                encoder,
            )
        }
        Source::Top(ranking, value) => {
            let top = snapshot.top(ranking);
            write_family(
                family,
                top.filter_map(|process| process_sample(process, value)),
                style,
                encoder,
            )
        }
        Source::Subgroup(value) => {
            let samples = snapshot
                .subgroups()
                .iter()
                .filter_map(|subgroup| Some((subgroup_labels(subgroup), value(subgroup)?, None)));
            write_family(family, samples, style, encoder)
        }
        Source::SubgroupCounter(values) => {
            let last = family.labels.last().copied().unwrap_or_default();
            let samples = snapshot.subgroups().iter().flat_map(|subgroup| {
                values(subgroup)
                    .into_iter()
                    .flatten()
                    .map(move |(mode, value)| {
                        let labels = (subgroup_labels(subgroup), [(last, mode)]);
                        (labels, value, Some(subgroup.created_seconds))
                    })
            });
            write_family(family, samples, style, encoder)
        }
        Source::Host(samples) => snapshot.host().map_or(Ok(()), |host| {
            encode_plain(
                family,
                &samples(host),
                host.boot_time_seconds,
                style,
                encoder,
            )
        }),
        Source::Status(_) => Ok(()),
    }
}

/// The families whose samples come as a list: few series, any labels.
fn encode_plain(
    family: &'static Family,
    samples: &[Sample<'_>],
    created: Option<f64>,
    style: Style,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let samples = samples.iter().map(|sample| {
        (
            ListedLabels {
                names: family.labels,
                sample,
            },
            sample.value,
            created,
        )
    });
    write_family(family, samples, style, encoder)
}

/// Descriptor and samples; nothing at all without samples.
fn write_family<L: EncodeLabelSet>(
    family: &'static Family,
    samples: impl Iterator<Item = (L, Value, Option<f64>)>,
    style: Style,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let mut samples = samples.peekable();
    if samples.peek().is_none() || (style.one_shot && family.needs_service()) {
        return Ok(());
    }
    let unit = unit(family.unit);
    let mut metric = encoder.encode_descriptor(
        family.stem(),
        family.help,
        unit.as_ref(),
        family.kind.into(),
    )?;
    for (labels, value, created) in samples {
        if family.labels.is_empty() {
            write_sample(family.kind, value, created, style, &mut metric)?;
        } else {
            let mut metric = metric.encode_family(&labels)?;
            write_sample(family.kind, value, created, style, &mut metric)?;
        }
    }
    Ok(())
}

fn write_sample(
    kind: Kind,
    value: Value,
    created: Option<f64>,
    style: Style,
    metric: &mut MetricEncoder<'_>,
) -> fmt::Result {
    match kind {
        Kind::Gauge => metric.encode_gauge(&value),
        Kind::Counter => {
            metric.encode_counter::<NoLabelSet, _, f64>(&value, None)?;
            match created {
                Some(created) if style.mark_created => metric.encode_gauge(&created),
                _ => Ok(()),
            }
        }
    }
}

fn process_sample(
    process: &Process,
    value: fn(&Process) -> Option<Value>,
) -> Option<(impl EncodeLabelSet + '_, Value, Option<f64>)> {
    Some((
        process_labels(process),
        value(process)?,
        process.start_time_seconds,
    ))
}

fn process_labels(process: &Process) -> impl EncodeLabelSet + '_ {
    let texts = [
        ("group", &*process.class.group),
        ("subgroup", &*process.class.subgroup),
        ("name", &*process.name),
    ];
    (texts, [("pid", process.key.pid.as_u32())])
}

fn subgroup_labels(subgroup: &Subgroup) -> impl EncodeLabelSet + '_ {
    [
        ("group", &*subgroup.class.group),
        ("subgroup", &*subgroup.class.subgroup),
    ]
}

/// Label names of a family with the values of one sample.
struct ListedLabels<'a> {
    names: &'static [&'static str],
    sample: &'a Sample<'a>,
}

impl EncodeLabelSet for ListedLabels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let mut labels = self.sample.labelled_by(self.names);
        labels.try_for_each(|label| label.encode(encoder.encode_label()))
    }
}

impl EncodeGaugeValue for Value {
    fn encode(&self, encoder: &mut GaugeValueEncoder<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => EncodeGaugeValue::encode(value, encoder),
            Self::Real(value) => EncodeGaugeValue::encode(value, encoder),
        }
    }
}

impl EncodeCounterValue for Value {
    fn encode(&self, encoder: &mut CounterValueEncoder<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => EncodeCounterValue::encode(value, encoder),
            Self::Real(value) => EncodeCounterValue::encode(value, encoder),
        }
    }
}

impl From<Kind> for MetricType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter,
            Kind::Gauge => Self::Gauge,
        }
    }
}

fn unit(unit: Unit) -> Option<registry::Unit> {
    match unit {
        Unit::None => None,
        Unit::Bytes => Some(registry::Unit::Bytes),
        Unit::Seconds => Some(registry::Unit::Seconds),
        Unit::Ratio => Some(registry::Unit::Other("ratio".to_owned())),
    }
}

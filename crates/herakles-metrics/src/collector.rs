//! A snapshot as a prometheus-client collector, for programs with a registry of their own.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    CounterValueEncoder, DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabel,
    EncodeLabelSet, GaugeValueEncoder, LabelSetEncoder, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry;

use crate::families::{FAMILIES, Family, FamilyKind, Unit};
use crate::sample::Value;
use crate::samples::{Labels, each_of_snapshot};
use crate::snapshot::Snapshot;

/// The last [`Snapshot`], shared: registered once with a prometheus-client registry, and given
/// each new snapshot as it comes.
///
/// Clones share the snapshot. Neither [`store`](Self::store) nor an encoding waits for the other,
/// and an encoding sees one snapshot whole. Before the first there are no samples. prometheus-client
/// does not write `_created` samples of such counters; [`render`](crate::render) does.
///
/// ```
/// use std::sync::Arc;
///
/// use herakles_metrics::{Selection, SeriesLimits, SharedSnapshot, SnapshotBuilder};
/// use prometheus_client::registry::Registry;
///
/// let shared = SharedSnapshot::new();
/// let mut registry = Registry::default();
/// registry.register_collector(Box::new(shared.clone()));
///
/// let mut selection = Selection::default();
/// // After each scan:
/// let snapshot = SnapshotBuilder::new(0.0).finish(&SeriesLimits::default(), &mut selection);
/// shared.store(Arc::new(snapshot));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SharedSnapshot(Arc<ArcSwapOption<Snapshot>>);

impl SharedSnapshot {
    /// One that has no snapshot yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows this snapshot from now on.
    pub fn store(&self, snapshot: Arc<Snapshot>) {
        self.0.store(Some(snapshot));
    }

    /// The snapshot that is shown.
    #[must_use]
    pub fn load(&self) -> Option<Arc<Snapshot>> {
        self.0.load_full()
    }
}

impl Collector for SharedSnapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(snapshot) = self.load() else {
            return Ok(());
        };
        FAMILIES
            .iter()
            .filter(|family| has_samples(family, &snapshot))
            .try_for_each(|family| encode_family(family, &snapshot, &mut encoder))
    }
}

fn has_samples(family: &Family, snapshot: &Snapshot) -> bool {
    each_of_snapshot(family, snapshot, |_, _, _| Err(())).is_err()
}

fn encode_family(
    family: &Family,
    snapshot: &Snapshot,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let unit = unit(family.unit);
    let kind = match family.kind {
        FamilyKind::Counter => MetricType::Counter,
        FamilyKind::Gauge => MetricType::Gauge,
    };
    let mut metric = encoder.encode_descriptor(family.stem(), family.help, unit.as_ref(), kind)?;
    each_of_snapshot(family, snapshot, |labels, value, _| {
        if family.labels.is_empty() {
            encode_value(family.kind, value, &mut metric)
        } else {
            let mut metric = metric.encode_family(&labels)?;
            encode_value(family.kind, value, &mut metric)
        }
    })
}

fn encode_value(kind: FamilyKind, value: Value, metric: &mut MetricEncoder<'_>) -> fmt::Result {
    match kind {
        FamilyKind::Gauge => metric.encode_gauge(&value),
        FamilyKind::Counter => metric.encode_counter::<NoLabelSet, _, f64>(&value, None),
    }
}

impl EncodeLabelSet for Labels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let mut label = |name, value: &str| (name, value).encode(encoder.encode_label());
        match *self {
            Labels::Process(_, process) => {
                label("group", &process.class.group)?;
                label("subgroup", &process.class.subgroup)?;
                label("name", &process.name)?;
                ("pid", process.key.pid.as_u32()).encode(encoder.encode_label())
            }
            Labels::Subgroup(subgroup) => {
                label("group", &subgroup.class.group)?;
                label("subgroup", &subgroup.class.subgroup)
            }
            Labels::SubgroupBy(subgroup, name, value) => {
                label("group", &subgroup.class.group)?;
                label("subgroup", &subgroup.class.subgroup)?;
                label(name, value)
            }
            Labels::Of(names, sample) => {
                let mut labels = sample.labelled_by(names);
                labels.try_for_each(|(name, value)| label(name, value))
            }
        }
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

fn unit(unit: Unit) -> Option<registry::Unit> {
    match unit {
        Unit::None => None,
        Unit::Bytes => Some(registry::Unit::Bytes),
        Unit::Seconds => Some(registry::Unit::Seconds),
        Unit::Ratio => Some(registry::Unit::Other("ratio".to_owned())),
    }
}

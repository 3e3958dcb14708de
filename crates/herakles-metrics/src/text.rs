//! Both text formats, OpenMetrics 1.0.0 and Prometheus text 0.0.4, written from the one table of
//! families.

use std::convert::Infallible;
use std::ops::Range;

use crate::exporter;
use crate::families::{FAMILIES, Family, Kind};
use crate::process::Process;
use crate::sample::Value;
use crate::samples::{Labels, each_of_snapshot, each_of_status};
use crate::snapshot::{Snapshot, Subgroup};
use crate::status::ExporterStatus;

/// A text format of Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextFormat {
    /// OpenMetrics 1.0.0: with units, and with `_created` samples of counters.
    OpenMetrics,
    /// The text format 0.0.4.
    Text,
}

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A scrape of the running exporter: everything.
    Service,
    /// A single run: without what only a running exporter can know (subgroup counters, and of
    /// the live families all but `herakles_exporter_build_info`).
    OneShot,
}

impl Scope {
    fn has(self, family: &Family) -> bool {
        self == Self::Service || !family.needs_service()
    }
}

/// Writes the snapshot behind what `out` holds.
///
/// Beside the growth of `out` it allocates one table of the processes, and nothing per series. An
/// OpenMetrics exposition is complete with [`render_live`], or with a line `# EOF`.
pub fn render(snapshot: &Snapshot, format: TextFormat, scope: Scope, out: &mut String) {
    let mut text = Text::new(format, snapshot.processes.len(), out);
    for family in FAMILIES.iter().filter(|family| scope.has(family)) {
        text.begin(family);
        let Ok(()) = each_of_snapshot(family, snapshot, |labels, value, created| {
            text.sample(labels, value, created);
            Ok::<(), Infallible>(())
        });
    }
}

/// Writes the live part, which comes after the snapshot part and ends the exposition, behind what
/// `out` holds.
pub fn render_live(status: &ExporterStatus, format: TextFormat, scope: Scope, out: &mut String) {
    let mut text = Text::new(format, 0, out);
    for family in exporter::FAMILIES.iter().filter(|family| scope.has(family)) {
        text.begin(family);
        let Ok(()) = each_of_status(family, status, |labels, value, created| {
            text.sample(labels, value, created);
            Ok::<(), Infallible>(())
        });
    }
    if format == TextFormat::OpenMetrics {
        out.push_str("# EOF\n");
    }
}

/// A text that is being written.
struct Text<'a> {
    format: TextFormat,
    out: &'a mut String,
    family: &'static Family,
    /// Whether the family has its descriptor: one without samples gets none.
    is_described: bool,
    /// Where in `out` the label set of each process stands. It is written once, and copied from
    /// there for all other families.
    label_sets: Vec<Range<usize>>,
}

impl<'a> Text<'a> {
    fn new(format: TextFormat, processes: usize, out: &'a mut String) -> Self {
        Self {
            format,
            out,
            family: &FAMILIES[0],
            is_described: false,
            label_sets: vec![0..0; processes],
        }
    }

    fn begin(&mut self, family: &'static Family) {
        self.family = family;
        self.is_described = false;
    }

    fn sample(&mut self, labels: Labels<'_>, value: Value, created: Option<f64>) {
        if !self.is_described {
            self.describe();
            self.is_described = true;
        }
        self.out.push_str(self.family.name);
        let label_set = self.label_set(labels);
        self.value(value);
        match created {
            Some(created)
                if self.family.kind == Kind::Counter && self.format == TextFormat::OpenMetrics =>
            {
                self.out.push_str(self.family.base());
                self.out.push_str("_created");
                self.out.extend_from_within(label_set);
                self.value(Value::Real(created));
            }
            _ => {}
        }
    }

    fn describe(&mut self) {
        let Family {
            name,
            help,
            kind,
            unit,
            ..
        } = *self.family;
        let (name, unit) = match self.format {
            TextFormat::OpenMetrics => (self.family.base(), unit.as_str()),
            TextFormat::Text => (name, None),
        };
        let kind = kind.as_str();
        for part in [
            "# HELP ",
            name,
            " ",
            help,
            "\n# TYPE ",
            name,
            " ",
            kind,
            "\n",
        ] {
            self.out.push_str(part);
        }
        if let Some(unit) = unit {
            for part in ["# UNIT ", name, " ", unit, "\n"] {
                self.out.push_str(part);
            }
        }
    }

    /// Writes the label set of a sample, and says where it stands.
    fn label_set(&mut self, labels: Labels<'_>) -> Range<usize> {
        let begin = self.out.len();
        match labels {
            Labels::Process(at, process) => self.process_labels(at, process),
            Labels::Subgroup(subgroup) => self.labels(subgroup_labels(subgroup)),
            Labels::SubgroupBy(subgroup, name, value) => {
                self.labels(subgroup_labels(subgroup).into_iter().chain([(name, value)]));
            }
            Labels::Of(names, sample) => self.labels(sample.labelled_by(names)),
        }
        begin..self.out.len()
    }

    fn process_labels(&mut self, at: usize, process: &Process) {
        let written = self.label_sets.get(at).cloned().unwrap_or_default();
        if !written.is_empty() {
            self.out.extend_from_within(written);
            return;
        }
        let begin = self.out.len();
        let mut pid = itoa::Buffer::new();
        self.labels([
            ("group", &*process.class.group),
            ("subgroup", &*process.class.subgroup),
            ("name", &*process.name),
            ("pid", pid.format(process.key.pid.as_u32())),
        ]);
        if let Some(label_set) = self.label_sets.get_mut(at) {
            *label_set = begin..self.out.len();
        }
    }

    fn labels<'l>(&mut self, labels: impl IntoIterator<Item = (&'static str, &'l str)>) {
        let begin = self.out.len();
        for (name, value) in labels {
            let is_first = self.out.len() == begin;
            self.out.push(if is_first { '{' } else { ',' });
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(value, self.out);
            self.out.push('"');
        }
        if self.out.len() > begin {
            self.out.push('}');
        }
    }

    fn value(&mut self, value: Value) {
        self.out.push(' ');
        match value {
            Value::Integer(value) => self.out.push_str(itoa::Buffer::new().format(value)),
            Value::Real(value) if value.is_finite() => {
                self.out.push_str(zmij::Buffer::new().format_finite(value));
            }
            Value::Real(value) if value.is_nan() => self.out.push_str("NaN"),
            Value::Real(value) => self.out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" }),
        }
        self.out.push('\n');
    }
}

fn subgroup_labels(subgroup: &Subgroup) -> [(&'static str, &str); 2] {
    [
        ("group", &*subgroup.class.group),
        ("subgroup", &*subgroup.class.subgroup),
    ]
}

/// Writes a label value, which may hold anything.
fn escape(value: &str, out: &mut String) {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '"', '\n']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push('\\');
        out.push_str(match special.as_bytes().first() {
            Some(b'\n') => "n",
            Some(b'"') => "\"",
            _ => "\\",
        });
        rest = special.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

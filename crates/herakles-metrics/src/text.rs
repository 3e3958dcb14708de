//! Both text formats, OpenMetrics 1.0.0 and Prometheus text 0.0.4, written from the one table of
//! families.

use std::convert::Infallible;
use std::ops::Range;

use crate::exporter;
use crate::families::{FAMILIES, Family, FamilyKind};
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
/// Beside the growth of `out` it allocates the label sets of the processes, and nothing per series. An
/// OpenMetrics exposition is complete with [`render_live`], or with a line `# EOF`.
pub fn render(snapshot: &Snapshot, format: TextFormat, scope: Scope, out: &mut String) {
    write(snapshot, format, scope, out, |_| ());
}

/// As [`render`], for who needs the text but once: hands it on in pieces of some [`PIECE`] bytes.
/// `buffer` is one to reuse, and is left empty.
pub fn render_pieces(
    snapshot: &Snapshot,
    format: TextFormat,
    scope: Scope,
    buffer: &mut String,
    mut take: impl FnMut(&str),
) {
    buffer.clear();
    write(snapshot, format, scope, buffer, |out| {
        if out.len() >= PIECE {
            take(out);
            out.clear();
        }
    });
    take(buffer);
    buffer.clear();
}

/// The size of a piece of [`render_pieces`], but for the last: a few bytes more, in bytes.
pub const PIECE: usize = 64 << 10;

/// Writes the snapshot and calls `written` after each sample.
fn write(
    snapshot: &Snapshot,
    format: TextFormat,
    scope: Scope,
    out: &mut String,
    mut written: impl FnMut(&mut String),
) {
    let mut text = Text::new(format, snapshot.processes.len(), out);
    for family in FAMILIES.iter().filter(|family| scope.has(family)) {
        text.begin(family);
        let Ok(()) = each_of_snapshot(family, snapshot, |labels, value, created| {
            text.sample(labels, value, created);
            written(text.out);
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

/// What a label set of a process takes, about.
const LABEL_SET: usize = 112;

/// A text that is being written.
struct Text<'a> {
    format: TextFormat,
    out: &'a mut String,
    family: &'static Family,
    /// Whether the family has its descriptor: one without samples gets none.
    is_described: bool,
    /// The label sets of processes. Each is written once, and copied from here.
    label_sets: String,
    /// Where in them that of each process stands; nowhere before it is written.
    places: Vec<Range<usize>>,
}

impl<'a> Text<'a> {
    fn new(format: TextFormat, processes: usize, out: &'a mut String) -> Self {
        Self {
            format,
            out,
            family: &FAMILIES[0],
            is_described: false,
            label_sets: String::with_capacity(processes * LABEL_SET),
            places: vec![0..0; processes],
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
                if self.family.kind == FamilyKind::Counter
                    && self.format == TextFormat::OpenMetrics =>
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
        let Some(place) = self.places.get_mut(at) else {
            return;
        };
        if place.start == place.end {
            let begin = self.label_sets.len();
            let mut pid = itoa::Buffer::new();
            let labels = [
                ("group", &*process.class.group),
                ("subgroup", &*process.class.subgroup),
                ("name", &*process.name),
                ("pid", pid.format(process.key.pid.as_u32())),
            ];
            write_labels(labels, &mut self.label_sets);
            *place = begin..self.label_sets.len();
        }
        let written = self.label_sets.get(place.clone()).unwrap_or_default();
        self.out.push_str(written);
    }

    fn labels<'l>(&mut self, labels: impl IntoIterator<Item = (&'static str, &'l str)>) {
        write_labels(labels, self.out);
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

fn write_labels<'l>(labels: impl IntoIterator<Item = (&'static str, &'l str)>, out: &mut String) {
    let begin = out.len();
    for (name, value) in labels {
        out.push(if out.len() == begin { '{' } else { ',' });
        out.push_str(name);
        out.push_str("=\"");
        escape(value, out);
        out.push('"');
    }
    if out.len() > begin {
        out.push('}');
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

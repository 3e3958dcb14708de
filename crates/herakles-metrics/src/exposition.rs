//! Both text formats.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

use crate::collector::{SnapshotCollector, StatusCollector, Style};
use crate::exporter::ExporterStatus;
use crate::snapshot::Snapshot;

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A scrape of the running exporter: everything.
    Service,
    /// A single run: without what only a running exporter can know (subgroup counters, and of
    /// the live families all but `herakles_exporter_build_info`).
    OneShot,
}

/// A part of the exposition in both text formats. Its buffers are reused by the next rendering.
#[derive(Debug, Default)]
pub struct Rendered {
    openmetrics: String,
    text: String,
    /// The family that is being encoded.
    family: String,
}

impl Rendered {
    /// OpenMetrics 1.0.0; only the live part ends with `# EOF`.
    pub fn openmetrics(&self) -> &str {
        &self.openmetrics
    }

    /// Prometheus text format 0.0.4.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Both texts, to keep them without a copy: OpenMetrics, then 0.0.4.
    pub fn into_texts(self) -> (String, String) {
        (self.openmetrics, self.text)
    }

    /// Encodes by prometheus-client and writes both formats as the families come.
    fn render(&mut self, collector: impl Collector) -> fmt::Result {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(collector));
        self.openmetrics.clear();
        self.text.clear();
        self.family.clear();
        encode_registry(&mut Families(self), &registry)?;
        self.end_family();
        Ok(())
    }

    /// Writes the encoded family in both formats.
    fn end_family(&mut self) {
        let (descriptor, samples) = self.family.split_at(descriptor_len(&self.family));
        self.openmetrics.push_str(descriptor);
        match counter_name(descriptor) {
            Some(name) => {
                write_counter_descriptor(name, descriptor, &mut self.text);
                write_counter_samples(name, samples, &mut self.openmetrics, &mut self.text);
            }
            None => {
                self.text
                    .extend(lines(descriptor).filter(|line| !is_unit(line)));
                self.openmetrics.push_str(samples);
                self.text.push_str(samples);
            }
        }
        self.family.clear();
    }
}

/// Takes what prometheus-client encodes, family by family.
struct Families<'a>(&'a mut Rendered);

impl fmt::Write for Families<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        // At the start of a line: a label value may hold anything, but its newlines are escaped.
        if part.starts_with("# HELP ") && self.0.family.ends_with('\n') {
            self.0.end_family();
        }
        self.0.family.push_str(part);
        Ok(())
    }
}

/// Renders the snapshot part: once per refresh, to be shared by all scrapes.
///
/// # Errors
///
/// None in practice: encoding into a `String` cannot fail.
pub fn render(snapshot: &Arc<Snapshot>, scope: Scope, out: &mut Rendered) -> fmt::Result {
    out.render(SnapshotCollector::styled(
        Arc::clone(snapshot),
        scope.style(),
    ))
}

/// Renders the live part, which comes after the snapshot part and ends the exposition.
///
/// # Errors
///
/// None in practice: encoding into a `String` cannot fail.
pub fn render_live(status: &Arc<ExporterStatus>, scope: Scope, out: &mut Rendered) -> fmt::Result {
    out.render(StatusCollector {
        status: Arc::clone(status),
        style: scope.style(),
    })?;
    out.openmetrics.push_str("# EOF\n");
    Ok(())
}

impl Scope {
    fn style(self) -> Style {
        Style {
            mark_created: true,
            one_shot: self == Self::OneShot,
        }
    }
}

/// The HELP, TYPE and UNIT lines that a family begins with.
fn descriptor_len(family: &str) -> usize {
    lines(family)
        .take_while(|line| line.starts_with("# "))
        .map(str::len)
        .sum()
}

/// The name of the family if it is a counter, without `_total`.
fn counter_name(descriptor: &str) -> Option<&str> {
    lines(descriptor).find_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter\n"))
}

/// The descriptor as 0.0.4 has it: `_total` is part of the name, and there is no UNIT.
fn write_counter_descriptor(name: &str, descriptor: &str, text: &mut String) {
    for line in lines(descriptor).filter(|line| !is_unit(line)) {
        match line.split_once(name) {
            Some((keyword, rest)) => text.extend([keyword, name, "_total", rest]),
            None => text.push_str(line),
        }
    }
}

/// The samples of a counter: those without `_total` hold creation times, which only OpenMetrics
/// knows.
fn write_counter_samples(name: &str, samples: &str, openmetrics: &mut String, text: &mut String) {
    for line in lines(samples) {
        match line.strip_prefix(name) {
            Some(created) if !created.starts_with("_total") => {
                openmetrics.extend([name, "_created", created]);
            }
            _ => {
                openmetrics.push_str(line);
                text.push_str(line);
            }
        }
    }
}

fn is_unit(line: &str) -> bool {
    line.starts_with("# UNIT ")
}

/// Lines with their ends.
fn lines(text: &str) -> std::str::SplitInclusive<'_, char> {
    text.split_inclusive('\n')
}

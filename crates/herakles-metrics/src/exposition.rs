use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

use crate::collector::{SnapshotCollector, StatusCollector, Style};
use crate::snapshot::Snapshot;
use crate::status::ExporterStatus;

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A scrape of the running exporter: everything.
    Service,
    /// A single run: without what only a running exporter can know (subgroup counters, and of
    /// the live families all but `herakles_exporter_build_info`).
    OneShot,
}

/// A part of the exposition in both text formats. Keep it, its buffers are reused.
#[derive(Debug, Default)]
pub struct Rendered {
    encoded: String,
    openmetrics: String,
    text: String,
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

    /// Encodes by prometheus-client, then writes both formats from that in one pass.
    fn render(&mut self, collector: Box<dyn Collector>) -> fmt::Result {
        let mut registry = Registry::default();
        registry.register_collector(collector);
        self.encoded.clear();
        encode_registry(&mut self.encoded, &registry)?;

        self.openmetrics.clear();
        self.text.clear();
        let mut rest = self.encoded.as_str();
        while !rest.is_empty() {
            // Newlines in labels are escaped: this can only be the next descriptor.
            let end = rest
                .find("\n# HELP ")
                .map_or(rest.len(), |newline| newline + 1);
            let (family, after) = rest.split_at(end);
            write_family(family, &mut self.openmetrics, &mut self.text);
            rest = after;
        }
        Ok(())
    }
}

/// Renders the snapshot part: once per refresh, to be shared by all scrapes.
///
/// # Errors
///
/// None in practice: encoding into a `String` cannot fail.
pub fn render(snapshot: &Arc<Snapshot>, scope: Scope, out: &mut Rendered) -> fmt::Result {
    out.render(Box::new(SnapshotCollector::styled(
        Arc::clone(snapshot),
        scope.style(),
    )))
}

/// Renders the live part, which comes after the snapshot part and ends the exposition.
///
/// # Errors
///
/// None in practice: encoding into a `String` cannot fail.
pub fn render_live(status: &Arc<ExporterStatus>, scope: Scope, out: &mut Rendered) -> fmt::Result {
    out.render(Box::new(StatusCollector {
        status: Arc::clone(status),
        style: scope.style(),
    }))?;
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

/// Writes one encoded family, descriptor and samples, in both formats.
fn write_family(family: &str, openmetrics: &mut String, text: &mut String) {
    let samples = samples_at(family);
    let (descriptor, samples) = family.split_at(samples);
    openmetrics.push_str(descriptor);
    let counter = descriptor.lines().find_map(|line| {
        line.strip_prefix("# TYPE ")
            .and_then(|line| line.strip_suffix(" counter"))
    });
    for line in descriptor
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("# UNIT "))
    {
        match counter.and_then(|name| line.split_once(name)) {
            Some((keyword, rest)) => {
                text.extend([keyword, counter.unwrap_or_default(), "_total", rest]);
            }
            None => text.push_str(line),
        }
    }
    match counter {
        Some(name) => write_counter(name, samples, openmetrics, text),
        None => {
            openmetrics.push_str(samples);
            text.push_str(samples);
        }
    }
}

/// The samples of a counter: those without `_total` hold creation times, which only OpenMetrics
/// knows.
fn write_counter(name: &str, samples: &str, openmetrics: &mut String, text: &mut String) {
    for line in samples.split_inclusive('\n') {
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

/// Where the descriptor lines of a family end.
fn samples_at(family: &str) -> usize {
    family
        .split_inclusive('\n')
        .take_while(|line| line.starts_with("# "))
        .map(str::len)
        .sum()
}

//! `/process/PID`: what is known of one process.

use herakles_metrics::{Process, ProcessKind};
use maud::{Markup, html};

use crate::chart::chart;
use crate::colour;
use crate::frame::View;
use crate::human::{bytes, bytes_or_dash, cores_or_dash, percent, span};
use crate::link::{process_path, subgroup_path};
use crate::members::{bytes_of, size_name};
use crate::page::HtmlPage;
use crate::process_list::{sample_age, seconds};

/// What a snapshot does not hold of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessDetails {
    /// Its parent, that one's parent, and so on.
    pub ancestors: Vec<AncestorLink>,
    /// Facts with their names, such as user and unit.
    pub facts: Vec<(&'static str, String)>,
    /// Why it is in its subgroup, as lines of text.
    pub explanation: String,
}

/// A process above another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AncestorLink {
    /// Its pid.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

impl View<'_> {
    /// `/process/PID`; `None` if the snapshot has no such process.
    pub fn process(&self, pid: u32, details: &ProcessDetails) -> Option<HtmlPage<'static>> {
        let process = self
            .snapshot
            .processes()
            .iter()
            .find(|process| process.key.pid.as_u32() == pid)?;
        let memory = self.history.process_memory(process);
        let cpu = self.history.process_cpu(process);
        let has_lines = memory.points.len() > 1;
        let main = html! {
            section {
                h2 { "Figures" }
                (self.figures(process))
                @if has_lines {
                    div.charts {
                        (chart(size_name(process), &memory, |value| bytes(value as u64)))
                        (chart("CPU", &cpu, |value| format!("{value:.2}")))
                    }
                } @else if !self.history.span().is_zero() {
                    p.more { "Lines are kept only for the processes with the most " (size_name(process)) "." }
                }
            }
            @if !details.ancestors.is_empty() { (parents(process, &details.ancestors)) }
            @if !details.facts.is_empty() {
                section #facts {
                    h2 { "What it is" }
                    dl { @for (name, value) in &details.facts { div { dt { (name) } dd { bdi { (value) } } } } }
                }
            }
            @if !details.explanation.is_empty() {
                section #explanation { h2 { "Why it is in this subgroup" } pre { (details.explanation) } }
            }
        };
        let title = format!("{} {pid} – {}", process.name, self.host_name);
        let document = self.document(&title, self.process_answer(process), main);
        Some(HtmlPage::new(document, None))
    }

    fn process_answer(&self, process: &Process) -> Markup {
        let class = &process.class;
        let total = self
            .snapshot
            .host()
            .and_then(|host| host.totals.memory_bytes);
        let growth = self.history.process_memory(process).growth();
        let kind = match process.kind {
            ProcessKind::User => "",
            ProcessKind::KernelThread => ", a kernel thread",
            ProcessKind::Zombie => ", which has exited and is not yet reaped",
        };
        html! {
            p.answer {
                b { bdi { (process.name) } } " " (process.key.pid) (kind) ", of "
                span class={ "dot " (colour::of_group(&class.group)) } {
                    a href=(subgroup_path(&class.group, &class.subgroup)) { bdi { (class.group) "/" (class.subgroup) } }
                }
                @if let Some(size) = bytes_of(process) {
                    ", holds " b { (bytes(size)) } " " (size_name(process))
                    @if let Some(total) = total {
                        " (" (percent(size as f64, total as f64)) " of the host)"
                    }
                }
                ". "
                @if let Some(growth) = growth {
                    span.grow { "Growing: +" (bytes(growth.bytes as u64)) " in " (span(growth.over)) "." }
                }
            }
        }
    }

    fn figures(&self, process: &Process) -> Markup {
        let age = process
            .start_time_seconds
            .map(|start| seconds(self.snapshot.taken_at_seconds() - start));
        let figures = [
            ("USS", bytes_or_dash(process.memory.uss_bytes)),
            ("PSS", bytes_or_dash(process.memory.pss_bytes)),
            ("RSS", bytes_or_dash(process.memory.rss_bytes)),
            ("Swap", bytes_or_dash(process.memory.swap_bytes)),
            ("Sample age", sample_age(process).into_owned()),
            ("CPU, cores", cores_or_dash(process.cpu_usage_ratio)),
            (
                "CPU time",
                process
                    .cpu_seconds
                    .map_or_else(|| "–".to_owned(), |used| format!("{used:.2} s")),
            ),
            ("Threads", process.threads.to_string()),
            ("Age", age.map_or_else(|| "–".to_owned(), span)),
        ];
        html! { dl { @for (name, value) in figures { div { dt { (name) } dd { (value) } } } } }
    }
}

/// From the first process of the host down to this one.
fn parents(process: &Process, ancestors: &[AncestorLink]) -> Markup {
    html! {
        section #parents {
            h2 { "Started by" }
            p.chain {
                @for ancestor in ancestors.iter().rev() {
                    a href=(process_path(ancestor.pid)) {
                        bdi { (ancestor.name) } " " (ancestor.pid)
                    }
                    " → "
                }
                b { bdi { (process.name) } " " (process.key.pid) }
            }
        }
    }
}

//! A table of processes with its links to sort, filter and show all.

use std::time::Duration;

use herakles_metrics::{Process, Snapshot};
use maud::{Markup, html};

use crate::colour;
use crate::human::{bytes_or_dash, cores_or_dash, span};
use crate::link::{Extent, Query, process_path, subgroup_path};
use crate::members::Telling;
use crate::order::Order;

/// A list of processes on the page at `path`.
#[derive(Clone, Copy)]
pub(crate) struct ProcessList<'a> {
    pub(crate) title: &'a str,
    pub(crate) path: &'a str,
    /// So many are shown if not all are asked for.
    pub(crate) first: usize,
    pub(crate) query: &'a Query,
}

impl ProcessList<'_> {
    pub(crate) fn draw(&self, snapshot: &Snapshot, mut processes: Vec<&Process>) -> Markup {
        let everything = processes.len();
        let filter = self.query.filter.to_lowercase();
        processes.retain(|process| matches(process, snapshot.script(process.key), &filter));
        let matching = processes.len();
        let count = match self.query.extent {
            Extent::First => self.first,
            Extent::All => usize::MAX,
        };
        self.query.order.first(&mut processes, count);
        let telling = Telling::of(snapshot);
        html! {
            section #processes {
                h2 { (self.title) }
                (self.controls())
                div.scroll { table {
                    thead { tr {
                        th scope="col" { "Name" } th.n scope="col" { "PID" }
                        @if self.is_of_all() { th.w scope="col" { "Subgroup" } }
                        @for (label, order) in FIGURES {
                            th class=(self.class(order, telling)) scope="col" { (label) }
                        }
                        th.n.x scope="col" { "Sample" }
                    } }
                    tbody {
                        @for process in &processes { (self.row(process, snapshot, telling)) }
                    }
                } }
                p.more {
                    (processes.len()) " of " (matching) " processes"
                    @if matching < everything { " that match (" (everything) " in all)" }
                    ". "
                    @if processes.len() < matching { a href=(self.query.in_full().link(self.path)) { "All" } }
                }
            }
        }
    }

    /// Whether its processes are of many subgroups.
    fn is_of_all(&self) -> bool {
        self.path == "/"
    }

    fn controls(&self) -> Markup {
        let query = self.query;
        html! {
            div.controls {
                p.sorts {
                    "Sort by "
                    @for order in Order::ALL {
                        a href=(query.sorted_by(order).link(self.path))
                            aria-current=[(order == query.order).then_some("true")] { (order.label()) }
                        " "
                    }
                }
                form method="get" action={ (self.path) "#processes" } role="search" {
                    @if query.order != Order::default() {
                        input type="hidden" name="sort" value=(query.order.name());
                    }
                    @if query.extent == Extent::All {
                        input type="hidden" name="processes" value="all";
                    }
                    input type="search" name="q" value=(query.filter) placeholder="name, script, group, pid"
                        aria-label="Show only processes whose name, script, subgroup or pid holds this";
                    " " button { "Filter" }
                }
            }
        }
    }

    /// A phone has room for two columns of figures: that of the order, and CPU or a size.
    fn class(&self, column: Order, telling: Telling) -> &'static str {
        let (order, size) = match (self.query.order, telling) {
            (Order::Uss | Order::Pss, Telling::Rss) => (Order::Rss, Order::Rss),
            (order, Telling::Rss) => (order, Order::Rss),
            (order, Telling::Samples) => (order, Order::Uss),
        };
        let beside = if order == Order::Cpu {
            size
        } else {
            Order::Cpu
        };
        match column {
            column if column == order => "n b",
            column if column == beside => "n",
            Order::Swap | Order::Age => "n w",
            _ => "n y",
        }
    }

    fn row(&self, process: &Process, snapshot: &Snapshot, telling: Telling) -> Markup {
        let class = &process.class;
        let pid = process.key.pid.as_u32();
        let age = process
            .start_time_seconds
            .map(|start| seconds(snapshot.taken_at_seconds() - start));
        html! {
            tr class=(colour::of_group(&class.group)) {
                th.dot scope="row" {
                    bdi {
                        (process.name)
                        @if let Some(script) = snapshot.script(process.key)
                            && script != &*process.name {
                            " " span.runs dir="auto" { (script) }
                        }
                    }
                }
                td.n { a href=(process_path(pid)) { (pid) } }
                @if self.is_of_all() {
                    td.w { a href=(subgroup_path(&class.group, &class.subgroup)) { bdi { (class.group) "/" (class.subgroup) } } }
                }
                td class=(self.class(Order::Uss, telling)) { (bytes_or_dash(process.memory.uss_bytes)) }
                td class=(self.class(Order::Pss, telling)) { (bytes_or_dash(process.memory.pss_bytes)) }
                td class=(self.class(Order::Rss, telling)) { (bytes_or_dash(process.memory.rss_bytes)) }
                td class=(self.class(Order::Swap, telling)) { (bytes_or_dash(process.memory.swap_bytes)) }
                td class=(self.class(Order::Cpu, telling)) { (cores_or_dash(process.cpu_usage_ratio)) }
                td class=(self.class(Order::Age, telling)) { (age.map_or_else(|| "–".to_owned(), span)) }
                td.n.x { (sample_age(process)) }
            }
        }
    }
}

/// The columns of figures that it can be sorted by.
const FIGURES: [(&str, Order); 6] = [
    ("USS", Order::Uss),
    ("PSS", Order::Pss),
    ("RSS", Order::Rss),
    ("Swap", Order::Swap),
    ("CPU", Order::Cpu),
    ("Age", Order::Age),
];

/// How old PSS and USS are.
pub(crate) fn sample_age(process: &Process) -> String {
    match process.memory.sample_age_seconds {
        None => "–".to_owned(),
        Some(age) if age < 1.0 => "fresh".to_owned(),
        Some(age) => span(seconds(age)),
    }
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::ZERO)
}

/// Whether its name, script, subgroup or pid holds the filter, which is in lower case.
fn matches(process: &Process, script: Option<&str>, filter: &str) -> bool {
    let class = &process.class;
    filter.is_empty()
        || process.name.to_lowercase().contains(filter)
        || script.is_some_and(|script| script.to_lowercase().contains(filter))
        || format!("{}/{}", class.group, class.subgroup)
            .to_lowercase()
            .contains(filter)
        || process.key.pid.to_string().contains(filter)
}

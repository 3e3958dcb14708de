//! A table of processes with its links to sort, filter and show all.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

use herakles_metrics::{Process, Snapshot};
use maud::{Markup, PreEscaped, html};

use crate::colour;
use crate::figure::{Bytes, Cores, Span};
use crate::human::span;
use crate::link::{Extent, Query, SubgroupPath};
use crate::members::{Basis, Telling};
use crate::order::Order;

/// Where the rows of processes belong in a document. All text in it is escaped, so nobody else can
/// write this.
pub(crate) const PLACE: &str = "<!--rows-->";

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
    /// The table with a [`PLACE`] for its rows, and these.
    pub(crate) fn draw<'s>(
        &self,
        snapshot: &'s Snapshot,
        mut processes: Vec<&'s Process>,
    ) -> (Markup, Rows<'s>) {
        let everything = processes.len();
        let filter = self.query.filter.to_lowercase();
        processes.retain(|process| matches(process, snapshot.script(process.key), &filter));
        let matching = processes.len();
        let count = match self.query.extent {
            Extent::First => self.first,
            Extent::All => usize::MAX,
        };
        self.query.order.first(&mut processes, count);
        let telling = Telling::of(snapshot.processes());
        let table = html! {
            section #processes {
                h2 { (self.title) ", " (self.query.order.first_in_words(Basis::of(snapshot.processes()))) }
                (self.controls())
                div.scroll { table class=(self.table_class(telling)) {
                    thead { tr {
                        th scope="col" { "Name" } th.n scope="col" { "PID" }
                        @if self.is_of_all() { th.w scope="col" { "Subgroup" } }
                        @for (label, order) in FIGURES {
                            th class=(self.class(order, telling)) scope="col" { (label) }
                        }
                        th.n.x scope="col" { "Sample" }
                    } }
                    tbody { (PreEscaped(PLACE)) }
                } }
                p.more {
                    (processes.len()) " of " (matching) " processes"
                    @if matching < everything { " that match (" (everything) " in all)" }
                    ". "
                    @if processes.len() < matching { a href=(self.query.in_full().link(self.path)) { "All" } }
                }
            }
        };
        let rows = Rows {
            snapshot,
            processes,
            is_of_all: self.is_of_all(),
        };
        (table, rows)
    }

    /// How the style sheet knows the look of a cell by its place from the end of its row: a class in each
    /// would be a quarter of a long page.
    fn table_class(&self, telling: Telling) -> String {
        let mut class = "t".to_owned();
        if self.is_of_all() {
            class.push_str(" s");
        }
        for (place, (_, order)) in (2..).zip(FIGURES.iter().rev()) {
            if let Some(look) = self.class(*order, telling).strip_prefix("n ") {
                let _ = write!(class, " {look}{place}");
            }
        }
        class
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
}

/// The rows of a table of processes.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    snapshot: &'a Snapshot,
    processes: Vec<&'a Process>,
    /// Whether they are of many subgroups.
    is_of_all: bool,
}

impl Rows<'_> {
    /// Writes them one by one.
    pub(crate) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        for process in &self.processes {
            out.write_str(&self.row(process).into_string())?;
        }
        Ok(())
    }

    fn row(&self, process: &Process) -> Markup {
        let (class, memory) = (&process.class, &process.memory);
        let path = SubgroupPath {
            group: &class.group,
            subgroup: &class.subgroup,
        };
        let pid = process.key.pid.as_u32();
        let age = |start: f64| seconds(self.snapshot.taken_at_seconds() - start);
        html! {
            tr class=(colour::of_group(&class.group)) {
                th scope="row" {
                    bdi {
                        (process.name)
                        @if let Some(script) = self.snapshot.script(process.key)
                            && script != &*process.name {
                            " " span.runs dir="auto" { (script) }
                        }
                    }
                }
                td { a href={ "/process/" (pid) } { (pid) } }
                @if self.is_of_all { td { a href=(path) { bdi { (class.group) "/" (class.subgroup) } } } }
                td { (Bytes(memory.uss_bytes)) } td { (Bytes(memory.pss_bytes)) }
                td { (Bytes(memory.rss_bytes)) } td { (Bytes(memory.swap_bytes)) }
                td { (Cores(process.cpu_usage_ratio)) } td { (Span(process.start_time_seconds.map(age))) }
                td { (sample_age(process)) }
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
pub(crate) fn sample_age(process: &Process) -> Cow<'static, str> {
    match process.memory.sample_age_seconds {
        None => "–".into(),
        Some(age) if age < 1.0 => "fresh".into(),
        Some(age) => span(seconds(age)).into(),
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

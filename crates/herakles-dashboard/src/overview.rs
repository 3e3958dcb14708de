//! `/`: what ate the memory, in one look.

use std::time::Duration;

use maud::{Markup, html};

use crate::chart::spark;
use crate::colour;
use crate::frame::View;
use crate::history::Growth;
use crate::host_bar;
use crate::human::{bytes, bytes_or_dash, cores_or_dash, percent, span};
use crate::link::{Extent, Query, subgroup_path};
use crate::members::{self, Basis, Members, Telling};
use crate::names;
use crate::page::HtmlPage;
use crate::process_list::ProcessList;
use crate::treemap;

/// Subgroups shown without being asked for all.
const SUBGROUPS: usize = 30;
/// Names shown below a subgroup that says little.
const NAMES: usize = 5;
/// Processes shown without being asked for all.
const PROCESSES: usize = 50;

impl<'a> View<'a> {
    /// `/`: the answer in one sentence, the host, a treemap, subgroups and the biggest processes.
    pub fn overview(&self, query: &Query) -> HtmlPage<'a> {
        let mut all = members::by_size(self.snapshot);
        all.retain(|members| members.subgroup.processes > 0);
        let growths: Vec<Option<Growth>> = all
            .iter()
            .map(|members| self.history.subgroup_memory(members.subgroup).growth())
            .collect();
        let processes = ProcessList {
            title: "Processes",
            path: "/",
            first: PROCESSES,
            query,
        };
        let basis = Basis::of(self.snapshot.processes());
        let everything = self.snapshot.processes().iter().collect();
        let (table, rows) = processes.draw(self.snapshot, everything);
        let main = html! {
            section #memory {
                h2 { "Where the memory is, by " (basis.name()) }
                @if let Some(memory) = self.snapshot.host().and_then(|host| host.memory.as_ref()) {
                    (host_bar::draw(memory, &host_bar::segments(memory, &all)))
                }
                @if all.iter().any(|members| members.bytes > Some(0)) { (treemap::map(&all, basis.name())) }
                @if matches!(basis, Basis::Mixed(_)) {
                    p.more { "Where PSS is not known, RSS counts; it counts shared pages in full." }
                }
            }
            (self.subgroup_table(&all, &growths, query))
            (table)
        };
        let title = format!("{}: memory and CPU", self.host_name);
        let document = self.document(&title, self.answer(&all, &growths), main);
        HtmlPage::new(document, Some(rows))
    }

    /// In use of total, the three biggest subgroups, the one that grows fastest.
    fn answer(&self, all: &[Members<'_>], growths: &[Option<Growth>]) -> Markup {
        let totals = self.snapshot.host().map(|host| host.totals);
        let total = totals.and_then(|totals| totals.memory_bytes);
        let basis = Basis::of(self.snapshot.processes()).name();
        let biggest = all.iter().filter(|members| members.bytes > Some(0)).take(3);
        let fastest = all
            .iter()
            .zip(growths)
            .filter_map(|(members, growth)| Some((members, (*growth)?)))
            .max_by(|(_, a), (_, b)| a.bytes.total_cmp(&b.bytes));
        html! {
            p.answer {
                @if let Some((used, total)) = totals.and_then(|totals| totals.used_of()) {
                    b { (bytes(used)) } " of " (bytes(total)) " is in use. "
                }
                @for (index, members) in biggest.enumerate() {
                    @if index == 0 { "Most " (basis) ": " } @else { ", " }
                    (subgroup_link(members)) " " b { (bytes_or_dash(members.bytes)) }
                    @if let (Some(total), Some(bytes)) = (total, members.bytes) {
                        " " span.unbroken { "(" (percent(bytes as f64, total as f64)) ")" }
                    }
                }
                @if all.iter().any(|members| members.bytes > Some(0)) { ". " } @else { "No process has memory to show." }
                @if let Some((members, growth)) = fastest {
                    span.grow {
                        "Fastest growing " (basis) ": " (subgroup_link(members)) " +" (bytes(growth.bytes as u64))
                        " in " (span(growth.over)) "."
                    }
                }
            }
        }
    }

    fn subgroup_table(
        &self,
        all: &[Members<'_>],
        growths: &[Option<Growth>],
        query: &Query,
    ) -> Markup {
        let shown = match query.extent {
            Extent::First => SUBGROUPS,
            Extent::All => usize::MAX,
        };
        let largest = all.iter().filter_map(|members| members.bytes).max();
        let (pss, rss) = Telling::of(self.snapshot.processes()).pss_and_rss();
        html! {
            section #subgroups {
                h2 { "Subgroups, biggest " (Basis::of(self.snapshot.processes()).name()) " first" }
                div.scroll { table {
                    thead { tr {
                        th scope="col" { "Subgroup" } th.n scope="col" { "Procs" }
                        th.x scope="col" { span.hidden { "Size" } } th class=(pss) scope="col" { "PSS" }
                        th.n.y scope="col" { "USS" } th class=(rss) scope="col" { "RSS" }
                        th.n.w scope="col" { "Swap" } th.n scope="col" { "CPU" }
                        th.n.w scope="col" { (line_heading(self.history.reach())) }
                    } }
                    tbody {
                        @for (members, growth) in all.iter().zip(growths).take(shown) {
                            (self.subgroup_row(members, *growth, largest, (pss, rss)))
                            (name_rows(members, (pss, rss)))
                        }
                    }
                } }
                @if all.len() > shown {
                    p.more {
                        (shown) " of " (all.len()) " subgroups. "
                        a href=(query.in_full().link("/").replace("#processes", "#subgroups")) { "All" }
                    }
                }
            }
        }
    }

    fn subgroup_row(
        &self,
        members: &Members<'_>,
        growth: Option<Growth>,
        largest: Option<u64>,
        (pss, rss): (&str, &str),
    ) -> Markup {
        let subgroup = members.subgroup;
        let memory = &subgroup.memory;
        html! {
            tr class=(colour::of_group(&subgroup.class.group)) {
                th.dot scope="row" {
                    (subgroup_link(members))
                    @if let Some(growth) = growth {
                        em title={ "in " (span(growth.over)) } { "growing +" (bytes(growth.bytes as u64)) }
                    }
                }
                td.n { (subgroup.processes) }
                td.x { (meter(members.bytes, largest)) }
                td class=(pss) { (bytes_or_dash(memory.pss_bytes)) }
                td.n.y { (bytes_or_dash(memory.uss_bytes)) }
                td class=(rss) { (bytes_or_dash(memory.rss_bytes)) }
                td.n.w { (bytes_or_dash(memory.swap_bytes)) }
                td.n { (cores_or_dash(subgroup.cpu_usage_ratio)) }
                td.w { (spark(&self.history.subgroup_memory(subgroup))) }
            }
        }
    }
}

fn line_heading(reach: Duration) -> String {
    if reach.is_zero() {
        "Memory".to_owned()
    } else {
        format!("Last {}", span(reach))
    }
}

/// The biggest names of a subgroup that says little of its members.
fn name_rows(members: &Members<'_>, (pss, rss): (&str, &str)) -> Markup {
    let named = names::of_generic(members);
    // A line for the last one takes no more room than one that tells of it.
    let shown = if named.len() == NAMES + 1 {
        NAMES + 1
    } else {
        named.len().min(NAMES)
    };
    let (shown, folded) = named.split_at(shown);
    html! {
        @for named in shown {
            tr.name {
                th scope="row" { bdi { (named.name) } } td.n { (named.processes) }
                td.x {} td class=(pss) { (bytes_or_dash(named.pss_bytes)) }
                td.n.y { (bytes_or_dash(named.uss_bytes)) }
                td class=(rss) { (bytes_or_dash(named.rss_bytes)) }
                td.n.w { (bytes_or_dash(named.swap_bytes)) }
                td.n { (cores_or_dash(named.cpu_usage_ratio)) } td.w {}
            }
        }
        @if !folded.is_empty() {
            tr.name { th scope="row" { (folded.len()) " more names" } td colspan="8" {} }
        }
    }
}

/// The bar in a row, as long as the share of the largest.
pub(crate) fn meter(value: Option<u64>, largest: Option<u64>) -> Markup {
    let share = match (value, largest) {
        (Some(value), Some(largest)) if largest > 0 => 100.0 * value as f64 / largest as f64,
        _ => 0.0,
    };
    html! {
        svg.meter aria-hidden="true" { rect width=(format!("{share:.0}%")) height="100%" {} }
    }
}

fn subgroup_link(members: &Members<'_>) -> Markup {
    let class = &members.subgroup.class;
    html! {
        a href=(subgroup_path(&class.group, &class.subgroup)) { bdi { (class.group) "/" wbr; (class.subgroup) } }
    }
}

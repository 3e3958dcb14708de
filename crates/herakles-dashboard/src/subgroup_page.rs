//! `/subgroup/GROUP/SUBGROUP`: its history, its members, and the rules that lead there.

use std::time::Duration;

use maud::{Markup, html};

use crate::chart::chart;
use crate::frame::View;
use crate::human::{self, bytes, bytes_or_dash, cores_or_dash, counted, percent, span};
use crate::link::{Query, subgroup_path};
use crate::members::{self, Basis, Members, Telling};
use crate::names;
use crate::page::HtmlPage;
use crate::process_list::{ProcessList, seconds};

/// Members shown without being asked for all.
const PROCESSES: usize = 100;
/// Names shown.
const NAMES: usize = 20;

/// A rule that leads to a subgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLine {
    /// The file and line it is from.
    pub origin: String,
    /// What it looks for.
    pub patterns: String,
    /// How many processes it has now, where that is known.
    pub processes: Option<u64>,
}

impl<'a> View<'a> {
    /// `/subgroup/GROUP/SUBGROUP`; `None` if the snapshot has no such subgroup.
    pub fn subgroup(
        &self,
        group: &str,
        subgroup: &str,
        rules: &[RuleLine],
        query: &Query,
    ) -> Option<HtmlPage<'a>> {
        let members = members::of(self.snapshot, group, subgroup)?;
        let path = subgroup_path(group, subgroup);
        let list = ProcessList {
            title: "Members",
            path: &path,
            first: PROCESSES,
            query,
        };
        let (table, rows) = list.draw(self.snapshot, members.processes.iter().collect());
        let memory = self.history.subgroup_memory(members.subgroup);
        let cpu = self.history.subgroup_cpu(members.subgroup);
        let main = html! {
            section {
                h2 { (heading(self.history.reach())) }
                div.charts {
                    (chart(Basis::of(members.processes).name(), &memory, |value| bytes(value as u64)))
                    (chart("CPU", &cpu, |value| format!("{value:.2}")))
                }
                (figures(&members))
            }
            (by_name(&members))
            (table)
            (rule_list(rules))
        };
        let title = format!("{group}/{subgroup} – {}", self.host_name);
        let document = self.document(&title, self.subgroup_answer(&members), main);
        Some(HtmlPage::new(document, Some(rows)))
    }

    fn subgroup_answer(&self, members: &Members<'_>) -> Markup {
        let subgroup = members.subgroup;
        let total = self
            .snapshot
            .host()
            .and_then(|host| host.totals.memory_bytes);
        let growth = self.history.subgroup_memory(subgroup).growth();
        html! {
            p.answer {
                b { bdi { (subgroup.class.group) "/" (subgroup.class.subgroup) } }
                @if let Some(size) = members.bytes {
                    " holds " b { (bytes(size)) } " " (Basis::of(members.processes).name())
                    @if let Some(total) = total {
                        " (" (percent(size as f64, total as f64)) " of the host)"
                    }
                }
                " in " (counted(subgroup.processes, human::PROCESSES))
                @if let Some(cores) = subgroup.cpu_usage_ratio { " and uses " b { (format!("{cores:.2}")) } " cores" }
                ". "
                @if let Some(growth) = growth {
                    span.grow { "Growing: +" (bytes(growth.bytes as u64)) " in " (span(growth.over)) "." }
                }
            }
            @if subgroup.unreadable_processes > 0 {
                p.trouble role="status" {
                    b { "PSS and USS are missing for " (subgroup.unreadable_processes) " of these processes." }
                    " Their RSS counts instead; herakles-exporter check tells why."
                }
            }
        }
    }
}

/// What the lines reach back for, where there are any.
fn heading(reach: Duration) -> String {
    if reach.is_zero() {
        "Figures".to_owned()
    } else {
        format!("Last {}", span(reach))
    }
}

fn figures(members: &Members<'_>) -> Markup {
    let subgroup = members.subgroup;
    let memory = &subgroup.memory;
    let sizes = [
        ("PSS", memory.pss_bytes),
        ("USS", memory.uss_bytes),
        ("RSS", memory.rss_bytes),
        ("Swap", memory.swap_bytes),
        ("PSS, anonymous", memory.pss_anon_bytes),
        ("PSS, files", memory.pss_file_bytes),
        ("PSS, shared memory", memory.pss_shmem_bytes),
        ("Huge pages", memory.hugetlb_private_bytes),
    ];
    html! {
        dl {
            @for (name, value) in sizes {
                @if value.is_some() { div { dt { (name) } dd { (bytes_or_dash(value)) } } }
            }
            div { dt { "Threads" } dd { (subgroup.threads) } }
            @if let Some(age) = subgroup.memory.sample_age_seconds {
                div { dt { "Oldest sample" } dd { (span(seconds(age))) } }
            }
        }
    }
}

/// The names among the members, where there are several, or where they run scripts.
fn by_name(members: &Members<'_>) -> Markup {
    let named = names::telling(members);
    let (pss, rss) = Telling::of(members.processes).pss_and_rss();
    if named.is_empty() {
        return html! {};
    }
    html! {
        section #names {
            h2 { "Names, biggest " (Basis::of(members.processes).name()) " first" }
            div.scroll { table {
                thead { tr {
                    th scope="col" { "Name" } th.n scope="col" { "Procs" } th class=(pss) scope="col" { "PSS" }
                    th.n.y scope="col" { "USS" } th class=(rss) scope="col" { "RSS" } th.n scope="col" { "CPU" }
                } }
                tbody {
                    @for named in named.iter().take(NAMES) {
                        tr {
                            th scope="row" { bdi { (named.name) } } td.n { (named.processes) }
                            td class=(pss) { (bytes_or_dash(named.pss_bytes)) }
                            td.n.y { (bytes_or_dash(named.uss_bytes)) }
                            td class=(rss) { (bytes_or_dash(named.rss_bytes)) }
                            td.n { (cores_or_dash(named.cpu_usage_ratio)) }
                        }
                    }
                }
            } }
            @if named.len() > NAMES { p.more { (NAMES) " of " (named.len()) " names." } }
        }
    }
}

fn rule_list(rules: &[RuleLine]) -> Markup {
    html! {
        section #rules {
            h2 { "Rules that lead here" }
            @if rules.is_empty() {
                p.more { "None: its members matched no rule, or are kernel threads." }
            } @else {
                div.scroll { table {
                    thead { tr {
                        th.n scope="col" { "Procs" } th scope="col" { "From" } th scope="col" { "Looks for" }
                    } }
                    tbody {
                        @for rule in rules {
                            tr {
                                td.n { (rule.processes.map_or_else(|| "–".to_owned(), |count| count.to_string())) }
                                th scope="row" { (rule.origin) }
                                td { code { (rule.patterns) } }
                            }
                        }
                    }
                } }
            }
        }
    }
}

//! A snapshot for a terminal: the host as a bar, subgroups, the biggest processes, fitted to it.

mod bar;
mod sheet;

use std::collections::HashMap;

use herakles_metrics::{Process, Snapshot, Subgroup};
use unicode_width::UnicodeWidthStr;

use crate::human::{PROCESSES, SUBGROUPS, bytes, cores_or_dash, counted, span};
use crate::members::{self, Members};
use crate::names::{self, NamedProcesses};
use crate::order::Order;
use crate::process_list::seconds;
use sheet::{Column, Row, Sheet};

/// Rows of each table where nothing bounds their number.
const UNBOUNDED: usize = 20;
/// Names shown below a subgroup that says little of its members.
const NAMES: usize = 5;

/// What a snapshot does not hold of a process and a terminal may show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessText {
    /// Whose it is.
    pub user: Option<String>,
    /// What it runs, where it is an interpreter.
    pub script: Option<String>,
    /// The systemd unit or container it is in.
    pub unit: Option<String>,
    /// Its command line, arguments divided by blanks.
    pub cmdline: Option<String>,
}

/// Where the table goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns of text.
    pub width: usize,
    /// Lines of text; `None` where it may scroll.
    pub height: Option<usize>,
    /// Whether it shows colours.
    pub colour: Colour,
}

impl Screen {
    /// What is left of it above a text that follows, so that this pushes nothing out.
    #[must_use]
    pub fn above(self, text: &str) -> Self {
        let lines = text
            .lines()
            .map(|line| line.width().div_ceil(self.width.max(1)));
        let lines: usize = lines.sum();
        Self {
            height: self.height.map(|height| height.saturating_sub(lines)),
            ..self
        }
    }
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With SGR sequences.
    Ansi,
    /// As plain text.
    None,
}

/// What the table shows.
#[derive(Clone, Copy, Debug)]
pub struct Terminal<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// More of each process, by pid; may lack any.
    pub texts: &'a HashMap<u32, ProcessText>,
    /// What both tables are sorted by.
    pub order: Order,
    /// Rows of each table; `None` for as many as fit.
    pub top: Option<usize>,
    /// Only this group.
    pub group: Option<&'a str>,
    /// Only subgroups of this name, or of this `group/subgroup`.
    pub subgroup: Option<&'a str>,
}

impl Terminal<'_> {
    /// The text, each line ended and none wider than the screen.
    pub fn render(&self, screen: Screen) -> String {
        let mut all = members::by_size(self.snapshot);
        all.retain(|members| members.subgroup.processes > 0 && self.shows(members.subgroup));
        self.order.sort_subgroups(&mut all);
        let mut out = String::new();
        self.summary(&all, screen, &mut out);
        bar::draw(self.snapshot, screen, &mut out);
        out.push('\n');
        if all.is_empty() && (self.group.is_some() || self.subgroup.is_some()) {
            self.say_what_there_is(screen, &mut out);
            return out;
        }

        let names = |members: &Members<'_>| {
            let mut named = names::of_generic(members);
            self.order.sort_names(&mut named);
            named
        };
        let named: Vec<Vec<NamedProcesses>> = all.iter().map(names).collect();
        let (subgroups, processes) = self.heights(screen, &named, out.lines().count());
        let rows = self.subgroup_rows(&all, &named, subgroups);
        let sheet = Sheet {
            columns: &SUBGROUP_COLUMNS,
            order: self.order,
            screen,
        };
        sheet.draw(&rows, subgroups, rows.len(), ("line", "lines"), &mut out);
        out.push('\n');

        let members = all.iter().flat_map(|members| members.processes);
        let mut list: Vec<&Process> = members.filter(|process| self.is_listed(process)).collect();
        let total = list.len();
        self.order.first(&mut list, processes.max(1));
        let rows: Vec<Row> = list
            .iter()
            .map(|process| self.process_row(process))
            .collect();
        let sheet = Sheet {
            columns: &PROCESS_COLUMNS,
            order: self.order,
            screen,
        };
        sheet.draw(&rows, processes, total, PROCESSES, &mut out);
        out
    }

    fn shows(&self, subgroup: &Subgroup) -> bool {
        let class = &subgroup.class;
        let is_wanted = |wanted: &str| {
            let both = wanted.split_once('/');
            *wanted == *class.subgroup || both == Some((&*class.group, &*class.subgroup))
        };
        self.group.is_none_or(|group| *group == *class.group) && self.subgroup.is_none_or(is_wanted)
    }

    /// Instead of two empty tables, where nothing is called as was asked.
    fn say_what_there_is(&self, screen: Screen, out: &mut String) {
        let living = self
            .snapshot
            .subgroups()
            .iter()
            .filter(|it| it.processes > 0);
        let mut there: Vec<String> = living
            .map(|it| match self.subgroup {
                None => it.class.group.to_string(),
                Some(_) => format!("{}/{}", it.class.group, it.class.subgroup),
            })
            .collect();
        there.sort_unstable();
        there.dedup();
        let asked = [("group", self.group), ("subgroup", self.subgroup)];
        let asked = asked.map(|(what, name)| name.map(|name| format!("{what} {name:?}")));
        let asked: Vec<String> = asked.into_iter().flatten().collect();
        let parts = [format!("No process is in {} now.", asked.join(" and "))];
        sheet::wrap(&parts, "", screen.width, out);
        if let Some(first) = there.first_mut() {
            first.insert_str(0, "There are: ");
        }
        sheet::wrap(&there, ", ", screen.width, out);
    }

    /// Kernel threads and zombies hold nothing; they count where CPU or age is asked for.
    fn is_listed(&self, process: &Process) -> bool {
        matches!(self.order, Order::Cpu | Order::Age) || process.memory.rss_bytes.is_some()
    }

    /// Rows of the two tables. What the subgroups do not need goes to the processes.
    fn heights(
        &self,
        screen: Screen,
        named: &[Vec<NamedProcesses>],
        used: usize,
    ) -> (usize, usize) {
        if let Some(top) = self.top {
            return (top, top);
        }
        let Some(height) = screen.height else {
            return (UNBOUNDED, UNBOUNDED);
        };
        // Two headings, two lines on what is left out, one blank, and the prompt that follows.
        let free = height.saturating_sub(used + 6).max(6);
        let subgroups = rows_with(named, NAMES).min(free / 2);
        (subgroups, free - subgroups)
    }

    fn summary(&self, all: &[Members<'_>], screen: Screen, out: &mut String) {
        let processes: u64 = all.iter().map(|members| members.subgroup.processes).sum();
        let mut parts = vec![format!(
            "{} in {}",
            counted(processes, PROCESSES),
            counted(all.len() as u64, SUBGROUPS)
        )];
        if let Some(host) = self.snapshot.host() {
            if let Some((used, total)) = host.totals.used_of() {
                parts.insert(0, format!("{} of {} in use", bytes(used), bytes(total)));
            }
            if let (Some(swap @ 1..), Some(free)) =
                (host.totals.swap_bytes, host.totals.swap_free_bytes)
            {
                let used = swap.saturating_sub(free);
                parts.push(format!("swap {} of {}", bytes(used), bytes(swap)));
            }
            if let Some([one, five, fifteen]) = host.load {
                parts.push(format!("load {one:.2} {five:.2} {fifteen:.2}"));
            }
        }
        sheet::wrap(&parts, " · ", screen.width, out);
    }

    /// The subgroups, with so many names below each that they leave room for all subgroups.
    fn subgroup_rows(
        &self,
        all: &[Members<'_>],
        named: &[Vec<NamedProcesses>],
        most: usize,
    ) -> Vec<Row> {
        let names_shown = (0..=NAMES)
            .rev()
            .find(|names| rows_with(named, *names) <= most);
        let names_shown = names_shown.unwrap_or(0);
        let largest = all.iter().filter_map(|members| members.bytes).max();
        let mut rows = Vec::new();
        for (members, names) in all.iter().zip(named) {
            let subgroup = members.subgroup;
            let memory = &subgroup.memory;
            let class = format!("{}/{}", subgroup.class.group, subgroup.class.subgroup);
            let unread = subgroup.unreadable_processes;
            rows.push(Row::strong(vec![
                class,
                subgroup.processes.to_string(),
                bar::meter(members.bytes, largest),
                size(memory.pss_bytes),
                size(memory.uss_bytes),
                size(memory.rss_bytes),
                self.swap(memory.swap_bytes),
                cores_or_dash(subgroup.cpu_usage_ratio),
                if unread > 0 {
                    unread.to_string()
                } else {
                    String::new()
                },
            ]));
            let shown =
                names_shown + usize::from(names_shown > 0 && names.len() == names_shown + 1);
            for sums in names.iter().take(shown) {
                rows.push(Row::plain(vec![
                    format!("  {}", sums.name),
                    sums.processes.to_string(),
                    bar::meter(sums.bytes, largest),
                    size(sums.pss_bytes),
                    size(sums.uss_bytes),
                    size(sums.rss_bytes),
                    self.swap(sums.swap_bytes),
                    cores_or_dash(sums.cpu_usage_ratio),
                    String::new(),
                ]));
            }
            if names_shown > 0 && names.len() > shown {
                let rest = format!("  … {} more names", names.len() - shown);
                rows.push(Row::plain(vec![rest]));
            }
        }
        rows
    }

    /// Empty on a host that swaps nothing: then there is no column of it.
    fn swap(&self, value: Option<u64>) -> String {
        let swapped = self
            .snapshot
            .subgroups()
            .iter()
            .filter_map(|it| it.memory.swap_bytes);
        if self.order == Order::Swap || swapped.sum::<u64>() > 0 {
            size(value)
        } else {
            String::new()
        }
    }

    fn process_row(&self, process: &Process) -> Row {
        let none = ProcessText::default();
        let text_of = self.texts.get(&process.key.pid.as_u32()).unwrap_or(&none);
        let taken = self.snapshot.taken_at_seconds();
        let age = process
            .start_time_seconds
            .map(|start| span(seconds(taken - start)));
        let runs = text_of.cmdline.as_ref().or(text_of.script.as_ref());
        Row::strong(vec![
            process.name.to_string(),
            process.key.pid.to_string(),
            text_of.user.clone().unwrap_or_default(),
            size(process.memory.uss_bytes),
            size(process.memory.pss_bytes),
            size(process.memory.rss_bytes),
            self.swap(process.memory.swap_bytes),
            cores_or_dash(process.cpu_usage_ratio),
            age.unwrap_or_else(|| "–".to_owned()),
            format!("{}/{}", process.class.group, process.class.subgroup),
            text_of.unit.clone().unwrap_or_default(),
            runs.cloned().unwrap_or_default(),
        ])
    }
}

/// Lines of the subgroups with at most so many names below each, and a line on the others.
fn rows_with(named: &[Vec<NamedProcesses>], most: usize) -> usize {
    let lines = |names: &Vec<NamedProcesses>| match names.len() {
        _ if most == 0 => 1,
        // A line for the last one takes no more room than one that tells of it.
        len if len > most + 1 => 2 + most,
        len => 1 + len,
    };
    named.iter().map(lines).sum()
}

const SUBGROUP_COLUMNS: [Column; 9] = [
    Column::text("SUBGROUP", 0, 16),
    Column::figure("PROCS", 1),
    Column::figure("", 4),
    Column::figure("PSS", 0).of(Order::Pss),
    Column::figure("USS", 1).of(Order::Uss),
    Column::figure("RSS", 2).of(Order::Rss),
    Column::figure("SWAP", 3).of(Order::Swap),
    Column::figure("CPU", 1).of(Order::Cpu),
    Column::figure("NOT READ", 2),
];

const PROCESS_COLUMNS: [Column; 12] = [
    Column::text("NAME", 0, 10),
    Column::figure("PID", 0),
    Column::text("USER", 4, 6),
    Column::figure("USS", 0).of(Order::Uss),
    Column::figure("PSS", 1).of(Order::Pss),
    Column::figure("RSS", 2).of(Order::Rss),
    Column::figure("SWAP", 5).of(Order::Swap),
    Column::figure("CPU", 1).of(Order::Cpu),
    Column::figure("AGE", 5).of(Order::Age),
    Column::text("SUBGROUP", 3, 12),
    Column::text("UNIT", 6, 8),
    Column::text("RUNS", 4, 14),
];

fn size(value: Option<u64>) -> String {
    value.map_or_else(|| "–".to_owned(), bytes)
}

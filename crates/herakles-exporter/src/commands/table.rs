//! A snapshot for the terminal: host, groups, biggest processes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use herakles_metrics::{HostMemory, Process, Snapshot};
use unicode_width::UnicodeWidthStr;

use crate::human::bytes;

/// How many processes are shown.
const PROCESSES: usize = 20;
/// And how many subgroups.
const SUBGROUPS: usize = 20;

/// The table. In colour if it goes to a terminal and `NO_COLOR` is not set.
pub(super) fn render(snapshot: &Snapshot, terminal: bool) -> String {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut out = String::new();
    let style = Style {
        colour: terminal && wanted,
    };
    host(snapshot, &mut out);
    subgroups(snapshot, style, &mut out);
    processes(snapshot, style, &mut out);
    out
}

#[derive(Clone, Copy)]
struct Style {
    colour: bool,
}

impl Style {
    fn heading(self, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

fn host(snapshot: &Snapshot, out: &mut String) {
    let Some(host) = snapshot.host() else { return };
    if let Some(memory) = &host.memory {
        let used = memory.available_bytes.map(|available| {
            format!(
                "{} of {} used",
                bytes(memory.total_bytes.saturating_sub(available)),
                bytes(memory.total_bytes)
            )
        });
        let _ = writeln!(
            out,
            "memory  {}",
            used.unwrap_or_else(|| bytes(memory.total_bytes))
        );
        let _ = writeln!(out, "        {}", categories(memory));
    }
    if let Some([one, five, fifteen]) = host.load {
        let _ = writeln!(out, "load    {one:.2} {five:.2} {fifteen:.2}");
    }
    out.push('\n');
}

/// The categories of memory that matter, the biggest first.
fn categories(memory: &HostMemory) -> String {
    let mut parts = memory.categories();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let big = parts.iter().take(5).filter(|(_, size)| *size > 0);
    big.map(|(name, size)| format!("{name} {}", bytes(*size)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn subgroups(snapshot: &Snapshot, style: Style, out: &mut String) {
    let mut subgroups: Vec<_> = snapshot
        .subgroups()
        .iter()
        .filter(|it| it.processes > 0)
        .collect();
    subgroups.sort_by_key(|it| {
        std::cmp::Reverse((it.memory.pss_bytes.or(it.memory.rss_bytes), it.processes))
    });
    let mut rows = Rows::new(["SUBGROUP", "PROCS", "PSS", "USS", "RSS", "CPU", "NOT READ"]);
    for it in subgroups.iter().take(SUBGROUPS) {
        rows.push([
            format!("{}/{}", it.class.group, it.class.subgroup),
            it.processes.to_string(),
            size(it.memory.pss_bytes),
            size(it.memory.uss_bytes),
            size(it.memory.rss_bytes),
            cores(it.cpu_usage_ratio),
            if it.unreadable_processes == 0 {
                String::new()
            } else {
                it.unreadable_processes.to_string()
            },
        ]);
    }
    rows.render(style, out);
    rest(subgroups.len(), SUBGROUPS, "subgroups", out);
    out.push('\n');
}

fn processes(snapshot: &Snapshot, style: Style, out: &mut String) {
    let rank = |it: &Process| {
        it.memory
            .uss_bytes
            .or(it.memory.pss_bytes)
            .or(it.memory.rss_bytes)
            .unwrap_or(0)
    };
    let mut processes: Vec<&Process> = snapshot
        .processes()
        .iter()
        .filter(|it| it.memory.rss_bytes.is_some())
        .collect();
    processes.sort_by_key(|it| (std::cmp::Reverse(rank(it)), it.key.pid));
    let mut rows = Rows::new(["NAME", "PID", "PSS", "USS", "RSS", "CPU", "SUBGROUP"]);
    for it in processes.iter().take(PROCESSES) {
        rows.push([
            it.name.to_string(),
            it.key.pid.to_string(),
            size(it.memory.pss_bytes),
            size(it.memory.uss_bytes),
            size(it.memory.rss_bytes),
            cores(it.cpu_usage_ratio),
            format!("{}/{}", it.class.group, it.class.subgroup),
        ]);
    }
    rows.render(style, out);
    rest(processes.len(), PROCESSES, "processes", out);
}

fn rest(all: usize, shown: usize, what: &str, out: &mut String) {
    if all > shown {
        let _ = writeln!(out, "… and {} more {what}", all - shown);
    }
}

/// Columns as wide as their widest cell: the first and last to the left, the others to the right.
struct Rows {
    cells: Vec<[String; 7]>,
}

impl Rows {
    fn new(heading: [&str; 7]) -> Self {
        Self {
            cells: vec![heading.map(str::to_owned)],
        }
    }

    fn push(&mut self, row: [String; 7]) {
        self.cells.push(row);
    }

    fn render(&self, style: Style, out: &mut String) {
        let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
        for (column, cell) in self.cells.iter().flat_map(|row| row.iter().enumerate()) {
            let width = widths.entry(column).or_default();
            *width = (*width).max(cell.width());
        }
        for (index, row) in self.cells.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = widths.get(&column).copied().unwrap_or(0);
                let padding = " ".repeat(width.saturating_sub(cell.width()));
                let left = column == 0 || column == row.len() - 1;
                let (before, after) = if left {
                    ("", &*padding)
                } else {
                    (&*padding, "")
                };
                let gap = if column == 0 { "" } else { "  " };
                let _ = write!(line, "{gap}{before}{cell}{after}");
            }
            let line = line.trim_end();
            let line = if index == 0 {
                style.heading(line)
            } else {
                line.to_owned()
            };
            out.push_str(&line);
            out.push('\n');
        }
    }
}

fn size(value: Option<u64>) -> String {
    value.map_or_else(|| "-".to_owned(), bytes)
}

fn cores(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let mut rows = Rows::new(["NAME", "PID", "PSS", "USS", "RSS", "CPU", "SUBGROUP"]);
        rows.push(["日本", "1", "-", "-", "1.00 MiB", "-", "a/b"].map(str::to_owned));
        rows.push(["nginx-long", "4242", "-", "-", "-", "1.00", ""].map(str::to_owned));
        let mut out = String::new();
        rows.render(Style { colour: false }, &mut out);
        assert_eq!(
            out,
            "NAME         PID  PSS  USS       RSS   CPU  SUBGROUP\n\
             日本           1    -    -  1.00 MiB     -  a/b\n\
             nginx-long  4242    -    -         -  1.00\n"
        );
    }
}

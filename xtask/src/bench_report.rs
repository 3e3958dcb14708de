//! The ratios in `docs/performance.md`, as the benchmarks print them.

use std::{fmt::Write as _, fs, process::Command};

use crate::{command, failure::Failure, workspace};

const PAGE: &str = "docs/performance.md";
const BEGIN: &str = "<!-- bench-report:begin -->\n";
const END: &str = "<!-- bench-report:end -->";

/// The benchmarks in the order of the page, each with the words behind its `--`.
const BENCHMARKS: [(&str, &[&str]); 8] = [
    ("parse", &[]),
    ("classify", &[]),
    ("plan", &[]),
    ("cpu", &[]),
    ("render", &[]),
    ("scrape", &[]),
    ("scan", &[]),
    ("scan", &["live"]),
];

/// Runs all benchmarks and writes their ratios into the page.
///
/// # Errors
/// When a benchmark fails or prints something else, or the page has no place for the tables.
pub(crate) fn run() -> Result<(), Failure> {
    let mut tables = String::new();
    for (name, words) in BENCHMARKS {
        let bench = [
            "bench",
            "--locked",
            "-p",
            "herakles-benches",
            "--bench",
            name,
        ];
        let mut report = Command::new(env!("CARGO"));
        report.current_dir(workspace::root());
        report.args(bench).args(["--", "report"]).args(words);
        let printed = String::from_utf8(command::output(&mut report)?)
            .map_err(|_| Failure::new(format!("what {name} prints is not UTF-8")))?;
        // What a person types, who wants columns.
        let typed = [&["cargo", "bench"], &bench[2..], &["--", "ratios"], words].concat();
        tables.push_str(&table(&typed.join(" "), &printed)?);
    }
    let path = workspace::root().join(PAGE);
    let page = workspace::read(&path)?;
    let fresh = replace_tables(&page, &tables)
        .ok_or_else(|| Failure::new(format!("{PAGE} lacks {} … {END}", BEGIN.trim_end())))?;
    fs::write(&path, fresh).map_err(|e| Failure::new(format!("cannot write {PAGE}: {e}")))
}

/// What one benchmark says of one contestant.
struct Line<'a> {
    task: &'a str,
    contestant: &'a str,
    nanos: f64,
    /// How many times the time of the first contestant.
    ratio: f64,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split('\t');
        let this = Self {
            task: fields.next()?,
            contestant: fields.next()?,
            nanos: fields.next()?.parse().ok()?,
            ratio: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(this)
    }
}

/// The table of one benchmark: a row for each rival, beside the first contestant of the same task.
fn table(typed: &str, printed: &str) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for line in printed.lines() {
        let read = Line::parse(line);
        let wrong = || Failure::new(format!("`{typed}` prints no result: {line:?}"));
        lines.push(read.ok_or_else(wrong)?);
    }
    let mut table = format!(
        "\n`{typed}`\n\n| task | ours | its time | rival | ratio |\n|---|---|---|---|---|\n"
    );
    for task in lines.chunk_by(|a, b| a.task == b.task) {
        let Some((ours, rivals)) = task.split_first() else {
            continue;
        };
        let begin = |task: &str, contestant: &str, nanos: f64| {
            format!("| {task} | {contestant} | {} |", duration(nanos))
        };
        let head = begin(ours.task, ours.contestant, ours.nanos);
        if rivals.is_empty() {
            let _ = writeln!(table, "{head} – | – |");
        }
        for (number, rival) in rivals.iter().enumerate() {
            let head = if number == 0 { &head } else { "| | | |" };
            let _ = writeln!(
                table,
                "{head} {} | {} |",
                rival.contestant,
                significant(rival.ratio)
            );
        }
    }
    Ok(table)
}

/// Nanoseconds in the unit that suits them.
fn duration(nanos: f64) -> String {
    let (value, unit) = match nanos {
        ..1e3 => (nanos, "ns"),
        ..1e6 => (nanos / 1e3, "µs"),
        _ => (nanos / 1e6, "ms"),
    };
    format!("{} {unit}", significant(value))
}

/// Two digits after the point, or fewer where they say nothing.
fn significant(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn replace_tables(page: &str, tables: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{tables}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rival_stands_beside_the_first_of_its_task() {
        let printed = "stat, 300 bytes\tours\t123.4\t1.000\nstat, 300 bytes\tprocfs\t2468.0\t20.000\n\
                       stat, 300 bytes\tlines()\t740.4\t6.014\nsnapshot\tours\t1234567.8\t1.000\n\
                       gzip\tours\t45678.9\t1.000\ngzip\tflate2\t400000.0\t0.876\n";
        let table = table("cargo bench", printed).expect("it is what benchmarks print");
        assert_eq!(
            table,
            "\n`cargo bench`\n\n\
             | task | ours | its time | rival | ratio |\n\
             |---|---|---|---|---|\n\
             | stat, 300 bytes | ours | 123 ns | procfs | 20.0 |\n\
             | | | | lines() | 6.01 |\n\
             | snapshot | ours | 1.23 ms | – | – |\n\
             | gzip | ours | 45.7 µs | flate2 | 0.88 |\n"
        );
    }

    #[test]
    fn what_is_no_result_is_told() {
        for printed in [
            "stat\tours\t1.0\n",
            "hello\n",
            "a\tb\tc\t1\n",
            "a\tb\t1\t1\t1\n",
        ] {
            let failure = table("cargo bench", printed).expect_err("it is no result");
            assert!(
                failure.to_string().contains("prints no result"),
                "{failure}"
            );
        }
    }

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = format!("# Title\n{BEGIN}old\n{END}\nrest\n");
        let fresh = replace_tables(&page, "\nnew\n");
        let wanted = format!("# Title\n{BEGIN}\nnew\n\n{END}\nrest\n");
        assert_eq!(fresh.as_ref(), Some(&wanted));
        assert_eq!(replace_tables(&wanted, "\nnew\n"), fresh);
        assert_eq!(replace_tables("no markers", "new\n"), None);
    }
}

//! `once`: two scans, then print.

mod identities;
mod screen;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use herakles_collect::{Collector, Identities, OwnUsage, Scan};
use herakles_dashboard::Terminal;
use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::{Scope, Snapshot, SnapshotJson, TextFormat, render, render_live};
use herakles_scan::{Capabilities, ProcFs};

use super::output::write_file;
use super::{Failure, check, output};
use crate::cli::{Once, OnceFormat, TableOptions};
use crate::config::RunningConfig;
use crate::status::Status;

pub(super) fn run(once: &Once, running_config: RunningConfig) -> Result<ExitCode, Failure> {
    output::warn(&running_config.loaded.warnings);
    let root = running_config.config().path.procfs.clone();
    let by_default = match once.output {
        None => OnceFormat::Table,
        Some(_) => OnceFormat::Text,
    };
    let mut printer = Printer {
        format: once.format.unwrap_or(by_default),
        output: once.output.as_ref(),
        table: &once.table,
        status: Status::new(running_config.labels()),
        collector: Collector::open(&root, running_config.options.clone())?,
        identities: Identities::new(running_config.config().path.rootfs.clone()),
        root,
        printed: 0,
    };

    printer.scan()?;
    sleep(once.interval);
    loop {
        let due = once.watch.map(|every| Instant::now() + every);
        let scan = printer.scan()?;
        let code = printer.print(scan, once.watch.is_some())?;
        match due {
            Some(due) => sleep(due.saturating_duration_since(Instant::now())),
            None => return Ok(code),
        }
    }
}

struct Printer<'a> {
    format: OnceFormat,
    output: Option<&'a PathBuf>,
    table: &'a TableOptions,
    status: Status,
    collector: Collector<ProcFs>,
    identities: Identities,
    root: PathBuf,
    /// Tables so far.
    printed: u64,
}

impl Printer<'_> {
    fn scan(&mut self) -> Result<Scan, Failure> {
        let scan = self
            .collector
            .scan()
            .map_err(|error| Failure::Other(error.to_string()))?;
        self.status.add_faults(&scan.stats.faults);
        self.status.add_reads(scan.stats.reads);
        Ok(scan)
    }

    fn print(&mut self, scan: Scan, again: bool) -> Result<ExitCode, Failure> {
        let snapshot = scan.snapshot;
        if self.format == OnceFormat::Table {
            return self.print_table(&snapshot, again);
        }
        let status = self.status.read(OwnUsage::default().read(), None);
        let text = match self.format {
            OnceFormat::Json => self.json(&snapshot, &status)?,
            OnceFormat::OpenMetrics => exposition(&snapshot, &status, TextFormat::OpenMetrics),
            _ => exposition(&snapshot, &status, TextFormat::Text),
        };
        let Some(path) = self.output else {
            return output::print(&text);
        };
        write_file(path, text.as_bytes()).map_err(|error| {
            let path = path.display();
            Failure::Other(format!(
                "cannot write {path}: {error}; see that its folder exists and may be written to"
            ))
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// On a terminal in the place of the one before, else below it.
    fn print_table(&mut self, snapshot: &Snapshot, again: bool) -> Result<ExitCode, Failure> {
        let is_terminal = io::stdout().is_terminal();
        self.identities.follow(&self.root, snapshot);
        let table = Terminal {
            snapshot,
            texts: &identities::for_table(&self.identities, is_terminal),
            order: self.table.order,
            top: self.table.top,
            group: self.table.group.as_deref(),
            subgroup: self.table.subgroup.as_deref(),
        };
        let is_first = self.printed == 0;
        self.printed += 1;
        let refused = if is_first && !(again && is_terminal) {
            what_is_refused(snapshot)
        } else {
            String::new()
        };
        let screen = screen::current().above(&refused);
        let text = table.render(screen);
        let text = match (again && is_terminal, is_first) {
            (true, _) => screen::in_place(&text, screen.height, is_first),
            (false, true) => text,
            (false, false) => format!("\n{text}"),
        };
        let code = output::print(&text)?;
        let _ = io::stderr().write_all(refused.as_bytes());
        Ok(code)
    }

    fn json(&mut self, snapshot: &Snapshot, exporter: &ExporterStatus) -> Result<String, Failure> {
        self.identities.follow(&self.root, snapshot);
        let age = Duration::ZERO;
        let document = SnapshotJson {
            snapshot,
            age,
            exporter: Some(exporter),
        };
        let mut document = serde_json::to_value(document)
            .map_err(|error| Failure::Other(format!("cannot write JSON: {error}")))?;
        identities::add_to_json(&mut document, snapshot, &self.identities);
        Ok(format!("{document}\n"))
    }
}

/// A line in the words of `check` where some memory may not be read, else nothing. Counted in the
/// snapshot, as a scan does not ask again where it was refused before.
fn what_is_refused(snapshot: &Snapshot) -> String {
    let subgroups = snapshot.subgroups().iter();
    let refused: u64 = subgroups.map(|it| it.unreadable_processes).sum();
    if refused == 0 {
        return String::new();
    }
    let processes = snapshot.processes().iter();
    let readable = processes.filter(|it| it.memory.pss_bytes.is_some()).count() as u64;
    let may_read = Capabilities::effective().is_ok_and(|it| it.sys_ptrace);
    let sentence = check::readable(readable, readable + refused, may_read);
    format!("herakles-exporter: {sentence}\n")
}

fn exposition(snapshot: &Snapshot, status: &ExporterStatus, format: TextFormat) -> String {
    let mut text = String::new();
    render(snapshot, format, Scope::OneShot, &mut text);
    render_live(status, format, Scope::OneShot, &mut text);
    text
}

//! `once`: two scans, then print.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use herakles_collect::{Collector, Scan};
use herakles_metrics::exporter::ExporterStatus;
use herakles_metrics::{Scope, Snapshot, SnapshotJson, TextFormat, render, render_live};
use herakles_scan::ProcFs;

use super::output::write_file;
use super::{Failure, output, table};
use crate::cli::{Once, OnceFormat};
use crate::config::RunningConfig;
use crate::status::{Status, self_process};

pub(super) fn run(once: &Once, running_config: RunningConfig) -> Result<ExitCode, Failure> {
    for warning in &running_config.loaded.warnings {
        let _ = writeln!(io::stderr(), "herakles-exporter: warning: {warning}");
    }
    let root = &running_config.config().path.procfs;
    let collector = Collector::open(root, running_config.options.clone())?;
    let mut printer = Printer {
        format: once.format.unwrap_or_else(|| default_format(once)),
        output: once.output.clone(),
        status: Status::new(running_config.labels()),
        collector,
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

fn default_format(once: &Once) -> OnceFormat {
    if once.output.is_none() && io::stdout().is_terminal() {
        OnceFormat::Table
    } else {
        OnceFormat::Text
    }
}

struct Printer {
    format: OnceFormat,
    output: Option<PathBuf>,
    status: Status,
    collector: Collector<ProcFs>,
}

impl Printer {
    fn scan(&mut self) -> Result<Scan, Failure> {
        let scan = self
            .collector
            .scan()
            .map_err(|error| Failure::Other(error.to_string()))?;
        self.status.add_faults(&scan.stats.faults);
        self.status.add_reads(scan.stats.reads);
        Ok(scan)
    }

    fn print(&self, scan: Scan, again: bool) -> Result<ExitCode, Failure> {
        let refused = (scan.stats.memory_refused, scan.stats.memory_asked);
        let text = self.document(scan)?;
        if let Some(path) = &self.output {
            return write_file(path, text.as_bytes())
                .map(|()| ExitCode::SUCCESS)
                .map_err(|error| {
                    Failure::Other(format!("cannot write {}: {error}; see that its folder exists and may be written to", path.display()))
                });
        }
        if self.format == OnceFormat::Table && again && io::stdout().is_terminal() {
            // Cursor home and erase below: no flicker as with a cleared screen.
            output::print("\u{1b}[H\u{1b}[J")?;
        }
        let code = output::print(&text)?;
        if refused.0 > 0 && self.format == OnceFormat::Table {
            let _ = writeln!(
                io::stderr(),
                "herakles-exporter: the memory of {} of {} processes may not be read; run it as \
                 root or with CAP_SYS_PTRACE to see their PSS and USS",
                refused.0,
                refused.1
            );
        }
        Ok(code)
    }

    fn document(&self, scan: Scan) -> Result<String, Failure> {
        let snapshot = scan.snapshot;
        let status = self.status.read(self_process::read(), None);
        match self.format {
            OnceFormat::Table => Ok(table::render(&snapshot, io::stdout().is_terminal())),
            OnceFormat::Json => {
                let document = SnapshotJson {
                    snapshot: &snapshot,
                    age: Duration::ZERO,
                    exporter: Some(&status),
                };
                let json = serde_json::to_string(&document)
                    .map_err(|error| Failure::Other(format!("cannot write JSON: {error}")))?;
                Ok(json + "\n")
            }
            OnceFormat::Text => Ok(exposition(&snapshot, &status, TextFormat::Text)),
            OnceFormat::OpenMetrics => Ok(exposition(&snapshot, &status, TextFormat::OpenMetrics)),
        }
    }
}

fn exposition(snapshot: &Snapshot, status: &ExporterStatus, format: TextFormat) -> String {
    let mut text = String::new();
    render(snapshot, format, Scope::OneShot, &mut text);
    render_live(status, format, Scope::OneShot, &mut text);
    text
}

//! `rules suggest`: a rule for each of the biggest processes that none matches.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use herakles_classify::{Visibility, suggest};
use herakles_scan::ProcFs;

use crate::collect::{Collector, Users};
use crate::commands::known::Known;
use crate::commands::{Failure, output};
use crate::human;
use crate::running_config::RunningConfig;
use crate::serve::{open_proc, scan_threads};
use crate::unclassified::Unclassified;

/// More rules than this are hardly read at once.
const MOST: usize = 10;

/// What the group of the rules is called, for the user to change.
const GROUP: &str = "local";

pub(super) fn run(mut effective: RunningConfig) -> Result<ExitCode, Failure> {
    // Hidden processes need a rule as well.
    effective.visibility = Visibility::default();
    let root = effective.config().path.procfs.clone();
    let (proc, machine) = open_proc(&root)?;
    let threads = scan_threads(&effective);
    let mut collector = Collector::new(proc, &root, machine, threads, Arc::new(effective))
        .map_err(|error| Failure::Other(format!("cannot start the scanning threads: {error}")))?;
    let scan = collector
        .scan(0)
        .map_err(|error| Failure::Other(error.to_string()))?;
    let (proc, _) = open_proc(&root)?;
    let suggestions = suggestions(&proc, &Unclassified::largest(&scan.snapshot, MOST));
    if suggestions.is_empty() {
        let _ = writeln!(
            std::io::stderr(),
            "herakles-exporter: every process is classified, there is nothing to suggest"
        );
    }
    output::print(&suggestions)
}

/// The rules as one file. Processes that have ended meanwhile are left out, and of those that the
/// same rule would match all but the biggest.
fn suggestions(proc: &ProcFs, names: &[Unclassified<'_>]) -> String {
    let users = Users::current();
    let mut known = HashSet::new();
    let mut out = String::new();
    for it in names {
        let pid = it.biggest.key.pid;
        let Ok(facts) = Known::read(proc, pid, &users) else {
            continue;
        };
        let Some(rule) = suggest(&facts.facts(), GROUP) else {
            continue;
        };
        if known.insert(rule.clone()) {
            let (kind, bytes) = it.memory();
            let separator = if out.is_empty() { "" } else { "\n" };
            let _ = write!(
                out,
                "{separator}# {}: {} {}, {} {kind}, the biggest is {pid}\n{rule}",
                it.name(),
                it.processes,
                if it.processes == 1 {
                    "process"
                } else {
                    "processes"
                },
                human::bytes(bytes),
            );
        }
    }
    out
}

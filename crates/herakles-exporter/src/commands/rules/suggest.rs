//! `rules suggest`: a rule for each of the biggest processes that none matches.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use herakles_classify::{Visibility, suggest};
use herakles_collect::{Collector, Inspection, OpenError, Users};
use herakles_metrics::Unclassified;
use herakles_scan::ProcFs;

use crate::commands::{Failure, output};
use crate::config::RunningConfig;
use herakles_dashboard::human;

/// More rules than this are hardly read at once.
const MOST: usize = 10;

/// What the group of the rules is called, for the user to change.
const GROUP: &str = "local";

pub(super) fn run(mut running_config: RunningConfig) -> Result<ExitCode, Failure> {
    // Hidden processes need a rule as well.
    running_config.options.visibility = Visibility::default();
    let root = running_config.config().path.procfs.clone();
    let mut collector = Collector::open(&root, running_config.options)?;
    let scan = collector
        .scan()
        .map_err(|error| Failure::Other(error.to_string()))?;
    let proc = ProcFs::open(&root).map_err(OpenError::from)?;
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
    let users = Users::open(Path::new("/"));
    let mut known = HashSet::new();
    let mut out = String::new();
    for it in names {
        let pid = it.biggest.key.pid;
        let Ok(facts) = Inspection::read(proc, pid, &users) else {
            continue;
        };
        let Some(rule) = suggest(&facts.facts(), GROUP) else {
            continue;
        };
        if known.insert(rule.clone()) {
            let (kind, bytes) = it.held();
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

//! `rules suggest`: rules for the biggest processes that none matches, and for what is known by its
//! interpreter alone.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use herakles_classify::{Facts, Visibility, suggest, suggest_templates};
use herakles_collect::{Collector, Inspection, OpenError, Users};
use herakles_metrics::{Process, Snapshot, Unclassified};
use herakles_scan::ProcFs;

use crate::commands::{Failure, output};
use crate::config::RunningConfig;
use herakles_dashboard::human;

/// More rules than this are hardly read at once.
const MOST: usize = 10;

/// Nor are more processes than this looked at for rules with variables: their files have to be read.
const MOST_READ: usize = 500;

/// The group of the built-in rules that know a process by its interpreter alone.
const GENERIC: &str = "runtime";

/// What the group of the rules is called, for the user to change.
const GROUP: &str = "local";

pub(super) fn run(mut running_config: RunningConfig) -> Result<ExitCode, Failure> {
    // Hidden processes need a rule as well.
    running_config.options.visibility = Visibility::default();
    let root = running_config.config().path.procfs.clone();
    let users = Users::open(&running_config.config().path.rootfs);
    let mut collector = Collector::open(&root, running_config.options)?;
    let scan = collector
        .scan()
        .map_err(|error| Failure::Other(error.to_string()))?;
    let proc = ProcFs::open(&root).map_err(OpenError::from)?;
    let mut suggestions = suggestions(&proc, &users, &Unclassified::largest(&scan.snapshot, MOST));
    templates(&proc, &users, &scan.snapshot, &mut suggestions);
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
fn suggestions(proc: &ProcFs, users: &Users, names: &[Unclassified<'_>]) -> String {
    let mut known = HashSet::new();
    let mut out = String::new();
    for it in names {
        let pid = it.biggest.key.pid;
        let Ok(facts) = Inspection::read(proc, pid, users) else {
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

/// Appends rules that make subgroups of scripts, containers and units.
fn templates(proc: &ProcFs, users: &Users, snapshot: &Snapshot, out: &mut String) {
    let read = |is_wanted: &dyn Fn(&Process) -> bool| -> Vec<Inspection> {
        let mut wanted: Vec<&Process> = snapshot.processes().iter().collect();
        wanted.retain(|process| is_wanted(process));
        wanted.sort_by_key(|process| std::cmp::Reverse(process.memory.rss_bytes));
        let read = wanted.into_iter().take(MOST_READ);
        read.filter_map(|process| Inspection::read(proc, process.key.pid, users).ok())
            .filter(|inspection| !inspection.is_kernel_thread)
            .collect()
    };
    let generic = read(&|process| &*process.class.group == GENERIC);
    let unknown =
        read(&|process| (&*process.class.group, &*process.class.subgroup) == ("other", "other"));
    let generic: Vec<Facts<'_>> = generic.iter().map(Inspection::facts).collect();
    let unknown: Vec<Facts<'_>> = unknown.iter().map(Inspection::facts).collect();
    for suggestion in suggest_templates(&generic, &unknown) {
        let (variable, count) = (suggestion.variable, suggestion.processes);
        let what = match variable {
            "script" => "known by their interpreter alone, by what they run",
            _ => "that no rule knows",
        };
        let separator = if out.is_empty() { "" } else { "\n" };
        let processes = if count == 1 { "process" } else { "processes" };
        let rule = suggestion.rule;
        let _ = write!(
            out,
            "{separator}# A subgroup for each {variable}: {count} {processes} {what}\n{rule}"
        );
    }
}

//! `check`: what works here, one line each, with a remedy for each failure.

use std::cmp::Reverse;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::time::Instant;

use herakles_collect::{Collector, ExitSource, MemoryMode, Notice};
use herakles_metrics::{Process, ProcessKind};
use herakles_scan::{
    Access, Buffers, Capabilities, HidePid, MemorySource, ProcFs, ProcSource, find_named,
};
use herakles_stat::Pid;
use herakles_web::web_config::WebConfig;

use crate::cli::Check;
use crate::config::ConfigSources;
use crate::config::RunningConfig;
use crate::sandbox;

pub(super) fn run(check: &Check, sources: &ConfigSources) -> ExitCode {
    let mut report = CheckReport {
        allow_partial: check.allow_partial,
        failed: false,
    };
    if let Some(running_config) = configuration(sources, &mut report) {
        web_config(&running_config, &mut report);
        let proc = proc(&running_config, &mut report);
        addresses(&running_config, proc.as_ref(), &mut report);
        if let Some(proc) = proc {
            memory(&proc, &running_config, &mut report);
            scan(&running_config, &mut report);
            // Last, as there is no way back.
            enter_sandbox(&running_config, &proc, &report);
        }
    }
    if report.failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints each line at once: a check may take a moment, or hang where the answer is.
struct CheckReport {
    /// A missing right is no failure.
    allow_partial: bool,
    failed: bool,
}

impl CheckReport {
    fn line(&self, state: &str, what: &str) {
        // A reader that is gone does not change the exit code.
        let _ = writeln!(std::io::stdout(), "{state:<5} {what}");
    }

    fn ok(&self, what: &str) {
        self.line("ok", what);
    }

    fn warn(&self, what: &str) {
        self.line("warn", what);
    }

    fn fail(&mut self, what: &str) {
        self.failed = true;
        self.line("FAIL", what);
    }

    /// For want of a right.
    fn lacks(&mut self, what: &str) {
        if self.allow_partial {
            self.warn(what);
        } else {
            self.fail(what);
        }
    }
}

fn configuration(sources: &ConfigSources, report: &mut CheckReport) -> Option<RunningConfig> {
    match RunningConfig::load(sources) {
        Err(error) => {
            report.fail(&format!("configuration: {error}"));
            None
        }
        Ok(running_config) => {
            let file = running_config.loaded.file.as_deref();
            let from = file.map_or_else(
                || "defaults, environment and flags; there is no file".to_owned(),
                |file| file.display().to_string(),
            );
            report.ok(&format!("configuration: {from}"));
            for warning in &running_config.loaded.warnings {
                report.warn(&format!("configuration: {warning}"));
            }
            if let settings @ [_, ..] = &*running_config.loaded.set_for_good() {
                let settings = settings.join(", ");
                report.ok(&format!(
                    "configuration: a change of {settings} takes a restart, a reload is not enough"
                ));
            }
            let rules = running_config.options.classifier.rules();
            report.ok(&format!("rules: {} in force", rules.len()));
            for warning in &running_config.rule_warnings {
                report.warn(&format!("rules: {warning}"));
            }
            Some(running_config)
        }
    }
}

fn web_config(running_config: &RunningConfig, report: &mut CheckReport) {
    let Some(path) = &running_config.config().web.config_file else {
        return;
    };
    match WebConfig::read(path) {
        Err(error) => report.fail(&format!("web configuration: {error}")),
        Ok(config) => {
            let tls = if config.has_tls() { "TLS" } else { "no TLS" };
            let users = if config.has_users() {
                "passwords"
            } else {
                "no passwords"
            };
            report.ok(&format!(
                "web configuration: {}: {tls}, {users}",
                path.display()
            ));
            for warning in config.warnings() {
                report.warn(&format!("web configuration: {warning}"));
            }
        }
    }
}

fn proc(running_config: &RunningConfig, report: &mut CheckReport) -> Option<ProcFs> {
    let root = running_config.config().path.procfs.display().to_string();
    let proc = match ProcFs::open(&running_config.config().path.procfs) {
        Ok(opened) => opened,
        Err(error) => {
            report.fail(&format!("processes: {error}"));
            return None;
        }
    };
    if proc.is_procfs() {
        report.ok(&format!("processes: {root} is the kernel's procfs"));
    } else {
        report.warn(&format!(
            "processes: {root} is a recorded tree, not the kernel's procfs"
        ));
    }
    match proc.mount_options() {
        Ok(Some(mount)) if mount.hides_from_us() => {
            report.warn(&format!("hidepid: {}", Notice::Hidden(mount)));
        }
        Ok(Some(mount)) if mount.hide_pid != HidePid::Off => report.ok(&format!(
            "hidepid: {}, but all processes are visible to this user",
            mount.hide_pid
        )),
        Ok(Some(_)) => report.ok("hidepid: off, all processes are visible"),
        Ok(None) => {}
        Err(error) => report.warn(&format!("hidepid: cannot be told: {error}")),
    }
    Some(proc)
}

fn memory(proc: &ProcFs, running_config: &RunningConfig, report: &mut CheckReport) {
    if running_config.options.memory_mode() == MemoryMode::Rss {
        rights(proc, running_config, true, report);
        return report.ok("memory: only RSS is asked for, which needs no right");
    }
    let mut pids = Vec::new();
    if let Err(error) = proc.pids(&mut pids) {
        report.fail(&format!(
            "processes: cannot be listed: {error}; see that /proc is mounted"
        ));
        return;
    }
    let source = MemorySource::probe(proc, &pids);
    match source {
        MemorySource::SmapsRollup => report.ok("smaps_rollup: there (Linux 4.14 and later)"),
        MemorySource::Smaps => report.warn(
            "smaps_rollup: not in this kernel; smaps is summed instead, at two to five times the \
             cost",
        ),
    }
    let access = Access::probe(proc, source, &pids, &mut Buffers::default());
    let privileged = rights(proc, running_config, access.denied == 0, report);
    let sentence = readable(access.readable as u64, access.total() as u64, privileged);
    if access.denied == 0 {
        report.ok(&sentence);
    } else if privileged {
        report.warn(&sentence);
    } else {
        report.lacks(&sentence);
    }
}

/// Says which capabilities are there and which are missing; whether they allow to read all memory.
fn rights(
    proc: &ProcFs,
    running_config: &RunningConfig,
    memory_open: bool,
    report: &mut CheckReport,
) -> bool {
    let held = match Capabilities::effective() {
        Ok(held) => held,
        Err(error) => {
            report.warn(&format!("capabilities: cannot be told: {error}"));
            return false;
        }
    };
    let scan = &running_config.config().scan;
    // Without any right it means nothing that none is refused: others may be hidden, or come.
    let reads_memory =
        running_config.options.memory_mode() == MemoryMode::Rss || (held.perfmon && memory_open);
    let needed = Capabilities {
        sys_ptrace: !reads_memory || scan.io,
        dac_read_search: scan.io,
        net_admin: scan.exits == ExitSource::Taskstats,
        perfmon: false,
    };
    let program = std::env::current_exe().unwrap_or_default();
    match held.advice(needed, &program) {
        // What is recorded stands in plain files.
        Some(advice) if proc.is_procfs() => {
            report.lacks(&format!("capabilities: {held}; {advice}"));
        }
        _ => report.ok(&format!("capabilities: {held}")),
    }
    held.sys_ptrace
}

/// Of how many processes the memory may be read, and what to do about the others.
pub(super) fn readable(readable: u64, asked: u64, privileged: bool) -> String {
    let advice = match (readable == asked, privileged) {
        (true, _) => "",
        (_, true) => "; the kernel refuses the rest even with CAP_SYS_PTRACE",
        (_, false) => "; run it as root or give it CAP_SYS_PTRACE for PSS and USS of all of them",
    };
    format!("memory: readable for {readable} of {asked}{advice}")
}

fn addresses(running_config: &RunningConfig, proc: Option<&ProcFs>, report: &mut CheckReport) {
    /// As the kernel cuts the name of the program.
    const NAME: &[u8] = b"herakles-export";

    let web = &running_config.config().web;
    if web.systemd_socket {
        return report.ok("address: systemd hands over the sockets");
    }
    for address in &web.listen_addresses {
        match herakles_web::bind(std::slice::from_ref(address)) {
            Ok(_) => report.ok(&format!("address: {address} is free")),
            Err(error) => {
                let own = Pid::new(std::process::id());
                let running = proc
                    .zip(own)
                    .and_then(|(proc, own)| find_named(proc, NAME, own));
                match running.filter(|_| error.kind() == ErrorKind::AddrInUse) {
                    Some(pid) => report.warn(&format!(
                        "address: {address} is in use; a herakles-exporter runs already ({pid})"
                    )),
                    None => report.fail(&format!("address: {error}")),
                }
            }
        }
    }
}

/// Scans once as the service would, which tells what it costs and whom it leaves out.
fn scan(running_config: &RunningConfig, report: &mut CheckReport) {
    let root = running_config.config().path.procfs.clone();
    let max_hold = running_config.config().scan.max_hold;
    let begin = Instant::now();
    let scan = Collector::open(&root, running_config.options.clone())
        .map_err(|error| error.to_string())
        .and_then(|mut collector| collector.scan().map_err(|error| error.to_string()));
    match scan {
        Err(error) => report.fail(&format!("scan: {error}")),
        Ok(scan) => {
            let took = begin.elapsed().as_secs_f64();
            let processes = scan.snapshot.processes().len();
            report.ok(&format!("scan: {processes} processes in {took:.3} s"));
            if scan.stats.memory_refused > 0 {
                report.warn(&refused(scan.snapshot.processes()));
            }
            if let dropped @ 1.. = scan.snapshot.series_dropped() {
                let series = scan.snapshot.series();
                report.warn(&format!(
                    "series: {series} exported, {dropped} dropped; raise export.max_series, or set \
                     export.processes to top"
                ));
            }
            for (fault, count) in scan.stats.faults.iter() {
                if fault.file.is_of_host() {
                    let (kind, file) = (fault.kind.as_str(), fault.file.as_str());
                    report.warn(&format!(
                        "host: {file} could not be read as it should ({count} {kind}); its \
                         families are absent"
                    ));
                }
            }
            for notice in scan.notices {
                match notice {
                    Notice::TooBig { pid, name, .. } => report.warn(&format!(
                        "max_hold: {name} ({pid}) has no PSS and USS, as reading them would hold \
                         it up for more than {max_hold:?}; raise scan.max_hold for them"
                    )),
                    // Said before.
                    Notice::Hidden(_) => {}
                    other => report.warn(&other.to_string()),
                }
            }
        }
    }
}

/// Whose memory may not be read, the biggest first.
fn refused(processes: &[Process]) -> String {
    const NAMED: usize = 10;
    let mut refused: Vec<&Process> = processes.iter().collect();
    refused
        .retain(|process| process.kind == ProcessKind::User && process.memory.pss_bytes.is_none());
    refused.sort_by_key(|process| Reverse(process.memory.rss_bytes));
    let named = refused.iter().take(NAMED);
    let named: Vec<String> = named
        .map(|process| format!("{} ({})", process.name, process.key.pid))
        .collect();
    let more = match refused.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("without PSS and USS: {}{more}", named.join(", "))
}

/// Enters it as the service does at its start, and tells what holds.
fn enter_sandbox(running_config: &RunningConfig, proc: &ProcFs, report: &CheckReport) {
    let files = running_config.files_to_read_again();
    let protections = sandbox::enter(running_config.config(), &files, proc);
    report.ok(&format!("sandbox: {protections}"));
}

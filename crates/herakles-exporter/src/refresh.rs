//! The refresh loop: scan, render, publish; on a thread of its own, never two at once.

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use herakles_collect::{Collector, Fault, FaultFile, FaultKind, Notice, Scan};
use herakles_log::{FaultLine, FaultLog};
use herakles_metrics::Attribution;
use herakles_scan::{Capabilities, ProcSource};

use crate::app::App;
use crate::cache::{CachedRefresh, FormMaker, Forms};

/// The second refresh comes this soon, so that CPU usage exists early.
const SECOND: Duration = Duration::from_secs(2);

/// A fault of scans is over when it has not been met for so long.
const QUIET: Duration = Duration::from_secs(300);

/// The refresh thread.
pub(crate) struct Refresher<S: ProcSource> {
    app: Arc<App>,
    collector: Collector<S>,
    /// Says that there is another configuration.
    wake: Receiver<()>,
    maker: FormMaker,
    fault_log: FaultLog<Fault>,
}

impl<S: ProcSource> Refresher<S> {
    pub(crate) fn new(app: Arc<App>, collector: Collector<S>, wake: Receiver<()>) -> Self {
        Self {
            app,
            collector,
            wake,
            maker: FormMaker::default(),
            fault_log: FaultLog::new(QUIET),
        }
    }

    /// Refreshes until nobody can wake it any more.
    pub(crate) fn run(mut self) {
        let mut due = Instant::now();
        self.refresh();
        due += self.ttl().min(SECOND);
        loop {
            let now = Instant::now();
            match self.wake.recv_timeout(due.saturating_duration_since(now)) {
                Ok(()) => {
                    let options = self.app.running_config.load().options.clone();
                    self.collector.reconfigure(options);
                    due = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.refresh();
            due = self.next_after(due);
        }
    }

    fn ttl(&self) -> Duration {
        self.app.running_config.load().config().scan.cache_ttl
    }

    /// The next time a refresh is due. Those that came due while one was running are skipped.
    fn next_after(&self, due: Instant) -> Instant {
        let ttl = self.ttl();
        let late = Instant::now().saturating_duration_since(due);
        let missed = u32::try_from(late.as_nanos() / ttl.as_nanos().max(1)).unwrap_or(u32::MAX);
        if missed > 0 {
            self.app.status.skipped(u64::from(missed));
        }
        due + ttl.saturating_mul(missed.saturating_add(1))
    }

    fn refresh(&mut self) {
        let app = Arc::clone(&self.app);
        let (begin, before) = (Instant::now(), self.collector.cpu_time());
        app.status.refresh_begins();
        app.status.gated(self.collector.detects_idle());
        // The last good snapshot stays, whatever happens here.
        let result = catch_unwind(AssertUnwindSafe(|| self.make()))
            .unwrap_or_else(|_| Err("a bug: the refresh panicked; please report it".to_owned()));
        let made = self.collector.cpu_time();
        let outcome = result.as_ref().map(|_| ()).map_err(String::as_str);
        log_failure(app.status.last_error().as_deref(), outcome.err());
        let cpu = made.saturating_sub(before);
        app.status.refresh_ended(outcome, begin.elapsed(), cpu);
        if let Ok(cached) = result {
            app.remember(&cached.snapshot, cached.taken);
            app.cache.publish(cached);
            let published = self.collector.cpu_time();
            app.status.add_refresh_cpu(published.saturating_sub(made));
        }
    }

    fn make(&mut self) -> Result<CachedRefresh, String> {
        let live_series = self.app.status.series_to_come();
        self.collector.reserve_series(live_series);
        let scan = self.collector.scan().map_err(|failure| {
            let sentence = failure.to_string();
            self.app.status.add_faults(&failure.faults());
            sentence
        })?;
        let taken = Instant::now();
        self.app.status.add_faults(&scan.stats.faults);
        self.app.status.add_reads(scan.stats.reads);
        self.log_faults(&scan);
        scan.notices.iter().for_each(log_notice);

        let snapshot = Arc::new(scan.snapshot);
        let before = self.app.cache.load();
        self.log_dropped(before.as_deref(), snapshot.series_dropped());
        let attribution = before.and_then(|it| Attribution::between(&it.snapshot, &snapshot));
        let forms = Forms::default();
        for form in self.app.cache.wanted(taken) {
            forms.make(form, &snapshot, &mut self.maker);
        }
        Ok(CachedRefresh {
            snapshot,
            rule_counts: scan.rule_counts,
            is_refused_memory: scan.stats.memory_refused > 0 || scan.stats.has_standing_refusals,
            forms,
            attribution,
            taken,
        })
    }

    /// Says that series begin to be dropped, or no longer are.
    fn log_dropped(&self, before: Option<&CachedRefresh>, now: usize) {
        let before = before.map_or(0, |it| it.snapshot.series_dropped());
        let running_config = self.app.running_config.load();
        let max_series = running_config.config().export.max_series;
        match (before, now) {
            (0, 1..) => tracing::warn!(
                dropped = now,
                max_series = max_series.map_or(0, Into::into),
                remedy = "raise export.max_series, or set export.processes to top",
                "the smallest processes have no series of their own: there are too many series"
            ),
            (1.., 0) => tracing::info!("all series are exported again"),
            _ => {}
        }
    }

    fn log_faults(&mut self, scan: &Scan) {
        let refusal = Fault {
            kind: FaultKind::Denied,
            file: self.collector.memory_file(),
        };
        let standing = scan.stats.has_standing_refusals.then_some((refusal, 0));
        let faults = scan.stats.faults.iter().chain(standing);
        for (fault, line) in self.fault_log.observe(faults, Instant::now()) {
            match line {
                FaultLine::Ended { count } => {
                    let (kind, file) = (fault.kind.as_str(), fault.file.as_str());
                    tracing::debug!(kind, file, count, "fault is over");
                }
                FaultLine::Began { count } | FaultLine::Continues { count } => {
                    log_fault(fault, count, scan);
                }
            }
        }
    }
}

fn log_notice(notice: &Notice) {
    match notice {
        Notice::TooBig {
            pid,
            name,
            rss_bytes,
        } => tracing::warn!(
            pid = pid.as_u32(),
            name = &**name,
            rss_bytes,
            remedy = "raise scan.max_hold, or set it to 0s for no limit",
            "a process has no PSS and USS: reading them would hold it up longer than max_hold"
        ),
        Notice::ForeignCgroups { first } => tracing::warn!(
            first_process = first,
            remedy = "start the container in the host's cgroup namespace: --cgroupns=host, or \
                      cgroup: host in Compose",
            "control groups are seen from within a container: `cgroups` in rules does not see \
             whole paths"
        ),
        Notice::Hidden(mount) => tracing::warn!(
            hidepid = mount.hide_pid.to_string(),
            gid = mount.exempt_gid,
            remedy = "run it with CAP_SYS_PTRACE, or in the group of the mount option gid=",
            "procfs is mounted with hidepid: other users' processes are missing"
        ),
        Notice::NoExitRecords(error) => tracing::warn!(
            error = error.to_string(),
            remedy = "run it with CAP_NET_ADMIN in the initial namespaces, or set scan.exits \
                      to children",
            "taskstats does not tell of exits: their CPU is taken from their parents"
        ),
        other => tracing::warn!(notice = other.to_string(), "a scan met something"),
    }
}

/// Says that refreshes begin to fail, fail for another reason, or succeed again.
fn log_failure(before: Option<&str>, now: Option<&str>) {
    match (before, now) {
        (_, Some(error)) if before != now => {
            tracing::error!(
                error,
                "refresh failed, the last good snapshot is still served"
            );
        }
        (Some(_), None) => tracing::info!("refreshes succeed again"),
        _ => {}
    }
}

fn log_fault(fault: Fault, count: u64, scan: &Scan) {
    let (kind, file) = (fault.kind.as_str(), fault.file.as_str());
    if fault == Fault::EXITS_LOST {
        tracing::warn!(
            count,
            remedy = "lower scan.cache_ttl, or set scan.exits to children",
            "more processes exited than could be listened to; the CPU of some is credited to \
             their parents"
        );
        return;
    }
    match (fault.kind, fault.file) {
        (FaultKind::Denied, FaultFile::SmapsRollup | FaultFile::Smaps) => log_denied(file, scan),
        (FaultKind::Denied, FaultFile::Stat | FaultFile::Proc) => tracing::warn!(
            file,
            count,
            remedy = "run it with CAP_SYS_PTRACE, or in the group of the mount option gid=",
            "/proc is mounted with hidepid: some processes are not reported"
        ),
        _ if fault.file.is_of_host() => tracing::warn!(
            kind,
            file,
            count,
            "a file of the host is not as it should be: what it would tell is absent"
        ),
        (FaultKind::Vanished | FaultKind::Malformed | FaultKind::Denied, _) => tracing::debug!(
            kind,
            file,
            count,
            "files of some processes could not be read"
        ),
        (FaultKind::Timeout, _) => tracing::warn!(
            file,
            count,
            "a process did not let its file be read in time; its thread is given up"
        ),
        (FaultKind::Panic, _) => {
            tracing::error!(count, "a bug: a worker panicked; please report it");
        }
        _ => tracing::warn!(
            kind,
            file,
            count,
            "files of some processes could not be read"
        ),
    }
}

fn log_denied(file: &'static str, scan: &Scan) {
    let (readable, processes) = {
        let stats = &scan.stats;
        (
            stats.memory_asked - stats.memory_refused,
            stats.memory_asked,
        )
    };
    if Capabilities::effective().is_ok_and(|it| it.sys_ptrace) {
        tracing::info!(
            file,
            readable,
            processes,
            "the kernel refuses the memory (PSS, USS) of some processes even with CAP_SYS_PTRACE"
        );
    } else {
        tracing::warn!(
            file,
            readable,
            processes,
            remedy = "run it with CAP_SYS_PTRACE, such as AmbientCapabilities=CAP_SYS_PTRACE in \
                      its systemd unit, or as root",
            "the memory (PSS, USS) of other users' processes may not be read; their RSS and CPU are"
        );
    }
}

//! What the exporter says about itself: counters that scans and requests add to at any time and
//! each scrape reads as they are.

pub(crate) mod self_process;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use herakles_collect::{Faults, OwnUsage};
use herakles_metrics::exporter::{
    BuildLabels, CacheUpdates, ConfigLabels, ExporterStatus, ExpositionBytes, Reload, SelfUsage,
};
use herakles_metrics::{MemoryReads, ProcessStates};

use crate::cache::CachedRefresh;
use crate::cli::BUILD;
use crate::config::LoadError;

/// The live state of the exporter. Scrapes and refreshes meet here only in atomics and in maps
/// that are locked for a few instructions, never across I/O.
pub(crate) struct Status {
    started: SystemTime,
    build: BuildLabels,
    config: Mutex<ConfigLabels>,
    gated: AtomicBool,
    updating: AtomicBool,
    /// 0 = no refresh has ended, 1 = the last failed, 2 = the last succeeded.
    last: AtomicU8,
    last_error: Mutex<Option<String>>,
    last_duration_nanos: AtomicU64,
    last_success_nanos: AtomicU64,
    cpu_nanos: AtomicU64,
    success: AtomicU64,
    error: AtomicU64,
    skipped: AtomicU64,
    reads: Mutex<MemoryReads>,
    faults: Mutex<Faults>,
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    reloads: Mutex<Reloads>,
    reload_error: Mutex<Option<String>>,
}

/// The last load of each file.
#[derive(Clone, Copy, Default)]
struct Reloads {
    config: Option<Reload>,
    rules: Option<Reload>,
    web: Option<Reload>,
}

impl Status {
    pub(crate) fn new(config: ConfigLabels) -> Self {
        Self {
            started: SystemTime::now(),
            build: build_labels(),
            config: Mutex::new(config),
            gated: AtomicBool::new(false),
            updating: AtomicBool::new(false),
            last: AtomicU8::new(0),
            last_error: Mutex::new(None),
            last_duration_nanos: AtomicU64::new(0),
            last_success_nanos: AtomicU64::new(0),
            cpu_nanos: AtomicU64::new(0),
            success: AtomicU64::new(0),
            error: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            reads: Mutex::default(),
            faults: Mutex::default(),
            requests: Mutex::default(),
            reloads: Mutex::default(),
            reload_error: Mutex::default(),
        }
    }

    /// Unix time at which the exporter started, in seconds.
    pub(crate) fn started_seconds(&self) -> f64 {
        unix_seconds(self.started)
    }

    /// Records whether taskstats tells who has not run.
    pub(crate) fn gated(&self, gated: bool) {
        self.gated.store(gated, Relaxed);
    }

    pub(crate) fn refresh_begins(&self) {
        self.updating.store(true, Relaxed);
    }

    /// Records how a refresh has ended. To be called before its snapshot is published: whoever
    /// sees that sees this too.
    pub(crate) fn refresh_ended(&self, result: Result<(), &str>, wall: Duration, cpu: Duration) {
        self.last_duration_nanos.store(nanos(wall), Relaxed);
        self.cpu_nanos.fetch_add(nanos(cpu), Relaxed);
        match result {
            Ok(()) => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                self.last_success_nanos.store(nanos(now), Relaxed);
                self.success.fetch_add(1, Relaxed);
                self.last.store(2, Relaxed);
            }
            Err(_) => {
                self.error.fetch_add(1, Relaxed);
                self.last.store(1, Relaxed);
            }
        }
        *lock(&self.last_error) = result.err().map(str::to_owned);
        self.updating.store(false, Relaxed);
    }

    /// Adds what a refresh used after its end was recorded: to publish its snapshot, and to free
    /// the one before.
    pub(crate) fn add_refresh_cpu(&self, cpu: Duration) {
        self.cpu_nanos.fetch_add(nanos(cpu), Relaxed);
    }

    pub(crate) fn skipped(&self, refreshes: u64) {
        self.skipped.fetch_add(refreshes, Relaxed);
    }

    pub(crate) fn add_faults(&self, faults: &Faults) {
        lock(&self.faults).merge(faults);
    }

    pub(crate) fn add_reads(&self, reads: MemoryReads) {
        let mut all = lock(&self.reads);
        all.fresh += reads.fresh;
        all.reused += reads.reused;
        all.deferred_hold += reads.deferred_hold;
        all.deferred_budget += reads.deferred_budget;
        all.skipped_size += reads.skipped_size;
    }

    pub(crate) fn request(&self, path: &'static str, code: u16) {
        *lock(&self.requests).entry((path, code)).or_default() += 1;
    }

    /// Records a (re)load that gave the configuration now in force.
    pub(crate) fn loaded(&self, labels: ConfigLabels) {
        *lock(&self.config) = labels;
        *lock(&self.reload_error) = None;
        let mut reloads = lock(&self.reloads);
        note(&mut reloads.config, true);
        note(&mut reloads.rules, true);
    }

    /// Records a reload that left the configuration as it was.
    pub(crate) fn not_loaded(&self, error: &LoadError) {
        *lock(&self.reload_error) = Some(error.to_string());
        let mut reloads = lock(&self.reloads);
        match error {
            LoadError::Config(_) => note(&mut reloads.config, false),
            _ => {
                note(&mut reloads.config, true);
                note(&mut reloads.rules, false);
            }
        }
    }

    /// Records the end of a reading of the web configuration.
    pub(crate) fn web_config_read(&self, successful: bool) {
        note(&mut lock(&self.reloads).web, successful);
    }

    /// Why the last reload failed, if it did.
    pub(crate) fn reload_error(&self) -> Option<String> {
        lock(&self.reload_error).clone()
    }

    /// Why the last refresh failed, if it did.
    pub(crate) fn last_error(&self) -> Option<String> {
        lock(&self.last_error).clone()
    }

    pub(crate) fn is_updating(&self) -> bool {
        self.updating.load(Relaxed)
    }

    /// The number of series that scrapes until the next refresh may add to its snapshot: all
    /// that are there once a refresh has succeeded, and some requests and errors of new kinds.
    pub(crate) fn series_to_come(&self) -> usize {
        const NEW_KINDS: usize = 32;
        let mut status = self.read(OwnUsage::default().read(), None);
        status.cache_update_success = Some(true);
        status.cache_update_duration_seconds = Some(0.0);
        status.cache_last_success_seconds = Some(0.0);
        status.processes = Some(ProcessStates::default());
        status.series = Some(0);
        status.series_dropped = Some(0);
        status.exposition = Some(ALL_FORMS);
        status.series() + NEW_KINDS
    }

    fn config_labels(&self) -> ConfigLabels {
        let gate = if self.gated.load(Relaxed) {
            "taskstats"
        } else {
            "none"
        };
        ConfigLabels {
            gate: gate.to_owned(),
            ..lock(&self.config).clone()
        }
    }

    /// Everything as it is now. `own` and `cached` are the caller's to read.
    pub(crate) fn read(&self, own: SelfUsage, cached: Option<&CachedRefresh>) -> ExporterStatus {
        let last = self.last.load(Relaxed);
        let reloads = *lock(&self.reloads);
        let last_success_nanos = self.last_success_nanos.load(Relaxed);
        ExporterStatus {
            started_seconds: self.started_seconds(),
            created: cached.is_none_or(|it| it.snapshot.has_created()),
            build: self.build.clone(),
            config: self.config_labels(),
            cache_update_success: (last > 0).then_some(last == 2),
            cache_updating: self.updating.load(Relaxed),
            cache_update_duration_seconds: (last > 0)
                .then(|| seconds(self.last_duration_nanos.load(Relaxed))),
            cache_update_cpu_seconds: seconds(self.cpu_nanos.load(Relaxed)),
            cache_updates: CacheUpdates {
                success: self.success.load(Relaxed),
                error: self.error.load(Relaxed),
                skipped: self.skipped.load(Relaxed),
            },
            cache_last_success_seconds: (last_success_nanos > 0)
                .then(|| seconds(last_success_nanos)),
            processes: cached.map(|it| it.snapshot.states()),
            memory_reads: *lock(&self.reads),
            scan_errors: lock(&self.faults)
                .iter()
                .map(|(fault, count)| ((fault.kind.as_str(), fault.file.as_str()), count))
                .collect(),
            series: cached.map(|it| it.snapshot.series()),
            series_dropped: cached.map(|it| it.snapshot.series_dropped()),
            exposition: cached.map(|it| it.forms.sizes()),
            http_requests: lock(&self.requests).clone(),
            config_reload: reloads.config,
            rules_reload: reloads.rules,
            web_reload: reloads.web,
            process: own,
        }
    }
}

const ALL_FORMS: ExpositionBytes = ExpositionBytes {
    openmetrics: Some(0),
    openmetrics_gzip: Some(0),
    text: Some(0),
    text_gzip: Some(0),
};

fn note(reload: &mut Option<Reload>, successful: bool) {
    let before = reload.and_then(|reload| reload.last_success_seconds);
    let now = successful.then(|| unix_seconds(SystemTime::now()));
    *reload = Some(Reload {
        successful,
        last_success_seconds: now.or(before),
    });
}

fn build_labels() -> BuildLabels {
    BuildLabels {
        version: BUILD.version.to_owned(),
        revision: BUILD.revision.to_owned(),
        rustc: BUILD.rustc.to_owned(),
    }
}

/// Seconds since the Unix epoch; 0 for a clock that stands before it.
pub(crate) fn unix_seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn seconds(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use herakles_collect::{Fault, FaultFile, FaultKind};

    use super::*;

    #[test]
    fn scrapes_add_no_more_series_than_were_kept_free_for_them() {
        let status = Status::new(ConfigLabels::default());
        status.loaded(ConfigLabels::default());
        let kept_free = status.series_to_come();

        status.refresh_ended(Ok(()), Duration::from_millis(1), Duration::from_millis(1));
        for path in ["/metrics", "/health", "other"] {
            status.request(path, 200);
            status.request(path, 405);
        }
        let fault = |kind, file| Fault { kind, file };
        status.add_faults(&Faults::from_iter([
            (fault(FaultKind::Denied, FaultFile::Exe), 1),
            (fault(FaultKind::Vanished, FaultFile::Stat), 2),
        ]));
        let mut scraped = status.read(OwnUsage::default().read(), None);
        scraped.processes = Some(ProcessStates::default());
        (scraped.series, scraped.series_dropped) = (Some(1), Some(0));
        scraped.exposition = Some(ALL_FORMS);
        assert!(
            scraped.series() <= kept_free,
            "{} > {kept_free}",
            scraped.series()
        );
    }

    #[test]
    fn a_failed_refresh_says_why_until_one_succeeds() {
        let status = Status::new(ConfigLabels::default());
        status.refresh_begins();
        assert!(status.is_updating());
        status.refresh_ended(Err("no /proc"), Duration::ZERO, Duration::ZERO);
        assert!(!status.is_updating());
        assert_eq!(status.last_error().as_deref(), Some("no /proc"));
        let read = status.read(SelfUsage::default(), None);
        assert_eq!(read.cache_update_success, Some(false));
        assert_eq!(
            (read.cache_updates.success, read.cache_updates.error),
            (0, 1)
        );
        assert_eq!(read.cache_last_success_seconds, None);

        status.refresh_ended(Ok(()), Duration::ZERO, Duration::ZERO);
        assert_eq!(status.last_error(), None);
        let read = status.read(SelfUsage::default(), None);
        assert_eq!(read.cache_update_success, Some(true));
        assert!(read.cache_last_success_seconds.is_some());
    }
}

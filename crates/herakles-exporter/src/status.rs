//! What the exporter says about itself: scans, reloads and requests add to it at any time, and each
//! scrape reads it as it is.

pub(crate) mod self_process;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use herakles_collect::{Faults, OwnUsage};
use herakles_metrics::exporter::{
    BuildLabels, ConfigLabels, ExporterStatus, ExpositionBytes, Reload, SelfUsage,
};
use herakles_metrics::{MemoryReads, ProcessStates};

use crate::cache::CachedRefresh;
use crate::cli::BUILD;
use crate::config::LoadError;

/// The live state of the exporter, where scrapes and refreshes meet: locked for a few instructions,
/// never across I/O.
pub(crate) struct Status(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// All of it but what belongs to a snapshot or is read at the scrape.
    live: ExporterStatus,
    /// CPU time of all refreshes.
    cpu: Duration,
    /// Why the last refresh failed, if it did.
    last_error: Option<String>,
    /// Why the last reload failed, if it did.
    reload_error: Option<String>,
}

impl Inner {
    fn add_cpu(&mut self, cpu: Duration) {
        self.cpu += cpu;
        self.live.cache_update_cpu_seconds = self.cpu.as_secs_f64();
    }
}

impl Status {
    pub(crate) fn new(config: ConfigLabels) -> Self {
        let live = ExporterStatus {
            started_seconds: now_seconds(),
            build: BuildLabels {
                version: BUILD.version.to_owned(),
                revision: BUILD.revision.to_owned(),
                rustc: BUILD.rustc.to_owned(),
            },
            config,
            ..ExporterStatus::default()
        };
        let status = Self(Mutex::new(Inner {
            live,
            ..Inner::default()
        }));
        status.gated(false);
        status
    }

    /// Records whether taskstats tells who has not run.
    pub(crate) fn gated(&self, gated: bool) {
        let gate = if gated { "taskstats" } else { "none" };
        gate.clone_into(&mut self.lock().live.config.gate);
    }

    pub(crate) fn refresh_begins(&self) {
        self.lock().live.cache_updating = true;
    }

    /// Records how a refresh has ended. To be called before its snapshot is published: whoever
    /// sees that sees this too.
    pub(crate) fn refresh_ended(&self, result: Result<(), &str>, wall: Duration, cpu: Duration) {
        let mut state = self.lock();
        state.add_cpu(cpu);
        state.last_error = result.err().map(str::to_owned);
        let live = &mut state.live;
        live.cache_updating = false;
        live.cache_update_success = Some(result.is_ok());
        live.cache_update_duration_seconds = Some(wall.as_secs_f64());
        match result {
            Ok(()) => {
                live.cache_last_success_seconds = Some(now_seconds());
                live.cache_updates.success += 1;
            }
            Err(_) => live.cache_updates.error += 1,
        }
    }

    /// Adds what a refresh used after its end was recorded: to publish its snapshot, and to free
    /// the one before.
    pub(crate) fn add_refresh_cpu(&self, cpu: Duration) {
        self.lock().add_cpu(cpu);
    }

    pub(crate) fn skipped(&self, refreshes: u64) {
        self.lock().live.cache_updates.skipped += refreshes;
    }

    pub(crate) fn add_faults(&self, faults: &Faults) {
        let errors = &mut self.lock().live.scan_errors;
        for (fault, count) in faults.iter() {
            let labels = (fault.kind.as_str(), fault.file.as_str());
            *errors.entry(labels).or_default() += count;
        }
    }

    pub(crate) fn add_reads(&self, reads: MemoryReads) {
        self.lock().live.memory_reads += reads;
    }

    pub(crate) fn request(&self, path: &'static str, code: u16) {
        let requests = &mut self.lock().live.http_requests;
        *requests.entry((path, code)).or_default() += 1;
    }

    /// Records a (re)load that gave the configuration now in force.
    pub(crate) fn loaded(&self, labels: ConfigLabels) {
        let mut state = self.lock();
        state.reload_error = None;
        let live = &mut state.live;
        let gate = std::mem::take(&mut live.config.gate);
        live.config = ConfigLabels { gate, ..labels };
        note(&mut live.config_reload, true);
        note(&mut live.rules_reload, true);
    }

    /// Records a reload that left the configuration as it was.
    pub(crate) fn not_loaded(&self, error: &LoadError) {
        let mut state = self.lock();
        state.reload_error = Some(error.to_string());
        let is_good = !matches!(error, LoadError::Config(_));
        note(&mut state.live.config_reload, is_good);
        if is_good {
            note(&mut state.live.rules_reload, false);
        }
    }

    /// Records the end of a reading of the web configuration.
    pub(crate) fn web_config_read(&self, successful: bool) {
        note(&mut self.lock().live.web_reload, successful);
    }

    /// Why the last reload failed, if it did.
    pub(crate) fn reload_error(&self) -> Option<String> {
        self.lock().reload_error.clone()
    }

    /// Why the last refresh failed, if it did.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.lock().last_error.clone()
    }

    pub(crate) fn is_updating(&self) -> bool {
        self.lock().live.cache_updating
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

    /// Everything as it is now. `own` and `cached` are the caller's to read.
    pub(crate) fn read(&self, own: SelfUsage, cached: Option<&CachedRefresh>) -> ExporterStatus {
        let live = self.lock().live.clone();
        ExporterStatus {
            created: cached.is_none_or(|it| it.snapshot.has_created()),
            processes: cached.map(|it| it.snapshot.states()),
            series: cached.map(|it| it.snapshot.series()),
            series_dropped: cached.map(|it| it.snapshot.series_dropped()),
            exposition: cached.map(|it| it.forms.sizes()),
            process: own,
            ..live
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    *reload = Some(Reload {
        successful,
        last_success_seconds: successful.then(now_seconds).or(before),
    });
}

/// Seconds since the Unix epoch; 0 for a clock that stands before it.
fn now_seconds() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
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

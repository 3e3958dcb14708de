//! What refresh, scrapes and reloads share.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use herakles_dashboard::History;
use herakles_metrics::Snapshot;
use herakles_metrics::exporter::ExporterStatus;
use herakles_web::gzip::Compressor;
use herakles_web::web_config::{WebConfig, WebConfigError, WebConfigFile};
use herakles_web::{Event, Limits};
use tokio::sync::{Semaphore, watch};

use crate::cache::{Cache, CachedRefresh};
use crate::config::ConfigSources;
use crate::config::{LoadError, RunningConfig};
use crate::routes::Route;
use crate::status::Status;
use crate::status::self_process::CachedUsage;

/// The running exporter.
pub(crate) struct App {
    pub(crate) cache: Cache,
    pub(crate) status: Status,
    own_usage: CachedUsage,
    pub(crate) running_config: ArcSwap<RunningConfig>,
    /// What a client may use of the server; follows the configuration.
    pub(crate) limits: watch::Sender<Limits>,
    /// `--web.config.file`, if it was given.
    pub(crate) web_config: Option<Arc<WebConfigFile>>,
    /// Big documents are made one at a time, so that many requests need no more memory than one.
    pub(crate) documents: Semaphore,
    /// Processes are looked at for a page one at a time: a look that hangs costs one thread.
    pub(crate) looks: Arc<Semaphore>,
    /// What pages show as lines.
    history: Mutex<History>,
    sources: ConfigSources,
    /// Wakes the refresh thread to go by `running_config`.
    wake: SyncSender<()>,
    reloading: Mutex<()>,
    scratch: Mutex<Vec<ScrapeScratch>>,
}

/// What one scrape at a time needs, taken from and given back to [`App::with_scratch`].
#[derive(Default)]
pub(crate) struct ScrapeScratch {
    pub(crate) live: String,
    pub(crate) compressor: Compressor,
}

impl App {
    pub(crate) fn new(
        sources: ConfigSources,
        running_config: RunningConfig,
        web_config: Option<Arc<WebConfigFile>>,
        wake: SyncSender<()>,
    ) -> Self {
        let status = Status::new(running_config.labels());
        status.loaded(running_config.labels());
        if let Some(file) = &web_config {
            status.web_config_read(true);
            log_web_config(&file.current());
        }
        Self {
            cache: Cache::new(),
            own_usage: CachedUsage::default(),
            status,
            limits: watch::Sender::new(running_config.web_limits()),
            running_config: ArcSwap::from_pointee(running_config),
            web_config,
            documents: Semaphore::new(1),
            looks: Arc::new(Semaphore::new(1)),
            history: Mutex::new(History::new(Duration::ZERO)),
            sources,
            wake,
            reloading: Mutex::new(()),
            scratch: Mutex::default(),
        }
    }

    /// Everything the exporter says about itself now.
    pub(crate) async fn exporter_status(&self, cached: Option<&CachedRefresh>) -> ExporterStatus {
        self.status.read(self.own_usage.read().await, cached)
    }

    /// Adds a snapshot to the history, which reaches back for as long as is configured now.
    pub(crate) fn remember(&self, snapshot: &Snapshot, taken: Instant) {
        let span = self.running_config.load().config().dashboard.history;
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        if history.span() != span {
            history.reach_back(span);
        }
        history.record(snapshot, taken);
    }

    /// Shows the history as it is now.
    pub(crate) fn with_history<T>(&self, show: impl FnOnce(&History) -> T) -> T {
        show(&self.history.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lends buffers that are kept between scrapes; no more of them than scrapes that ran at the
    /// same time, and a few at most.
    pub(crate) fn with_scratch<T>(&self, work: impl FnOnce(&mut ScrapeScratch) -> T) -> T {
        const KEPT: usize = 4;
        let pool = || self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = pool().pop().unwrap_or_default();
        let result = work(&mut scratch);
        let mut pool = pool();
        if pool.len() < KEPT {
            pool.push(scratch);
        }
        result
    }

    /// Reads everything again: configuration and rules, and the web configuration. Each that is
    /// broken stays as it was. Reads files: not for an async thread.
    pub(crate) fn reload(&self) -> Result<(), ReloadError> {
        let reloaded = self.reload_config();
        if let Some(file) = &self.web_config {
            let read = file.reload();
            self.web_config_read(read.as_deref());
            read.map_err(ReloadError::WebConfig)?;
        }
        Ok(reloaded?)
    }

    /// Takes note of what the server tells: requests that it did not hand on, and that it has read
    /// the web configuration again.
    pub(crate) fn note(&self, event: &Event<'_>) {
        match event {
            Event::TurnedAway { path, status } => {
                let running_config = self.running_config.load();
                let route = Route::at(path, &running_config.config().web.telemetry_path);
                self.status.request(Route::label(route), status.as_u16());
            }
            Event::WebConfigRead(config) => self.web_config_read(Ok(config)),
            Event::WebConfigBroken(error) => self.web_config_read(Err(error)),
            _ => {}
        }
    }

    fn web_config_read(&self, read: Result<&WebConfig, &WebConfigError>) {
        self.status.web_config_read(read.is_ok());
        match read {
            Ok(config) => log_web_config(config),
            Err(error) => tracing::error!(
                error = error.to_string(),
                "the web configuration is broken, the old one stays"
            ),
        }
    }

    fn reload_config(&self) -> Result<(), LoadError> {
        let _one_at_a_time = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let running = self.running_config.load_full();
        match RunningConfig::reload(&self.sources, &running) {
            Ok(running_config) => {
                let running_config = Arc::new(running_config);
                self.status.loaded(running_config.labels());
                self.limits.send_replace(running_config.web_limits());
                self.running_config.store(Arc::clone(&running_config));
                log_warnings(&running_config);
                if let settings @ [_, ..] = &*running_config.loaded.restart_needed {
                    let settings = settings.join(", ");
                    tracing::warn!(settings, "changed, but only a restart puts them into force");
                }
                let changed = running_config.changes_since(&running);
                tracing::info!(changed, "configuration reloaded");
                // If it has been woken already, it will find this configuration too.
                let _ = self.wake.try_send(());
                Ok(())
            }
            Err(error) => {
                self.status.not_loaded(&error);
                tracing::error!(
                    error = error.to_string(),
                    "reload failed, the old one stays"
                );
                Err(error)
            }
        }
    }
}

/// Why a reload left something as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ReloadError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    WebConfig(WebConfigError),
}

fn log_web_config(config: &WebConfig) {
    for warning in config.warnings() {
        tracing::warn!(warning, "web configuration");
    }
    let (tls, passwords) = (config.has_tls(), config.has_users());
    tracing::info!(tls, passwords, "web configuration in force");
}

/// Logs what is allowed but hardly meant.
pub(crate) fn log_warnings(running_config: &RunningConfig) {
    for warning in &running_config.loaded.warnings {
        tracing::warn!(warning, "configuration");
    }
    for warning in &running_config.rule_warnings {
        tracing::warn!(warning, "rules");
    }
}

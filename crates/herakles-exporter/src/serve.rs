//! The service: everything started in the order in which it can fail, then served until told to
//! stop.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use herakles_collect::{Collector, OpenError};
use herakles_scan::{Capabilities, ProcFs};
use herakles_web::service_manager::{self, Notifier};
use herakles_web::web_config::{WebConfigError, WebConfigFile};
use herakles_web::{BindError, Listener, Server, bind, runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, log_warnings};
use crate::cli::BUILD;
use crate::config::ConfigSources;
use crate::config::{LoadError, RunningConfig};
use crate::http;
use crate::refresh::Refresher;
use crate::sandbox;
use crate::web_log::WebLog;

/// Why the service did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    WebConfig(#[from] WebConfigError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("cannot take sockets from systemd: {0}")]
    HandedSockets(std::io::Error),
    #[error("cannot start {what}: {source}; see the limits on processes and memory")]
    Start {
        what: &'static str,
        source: std::io::Error,
    },
}

/// The signals that the service answers to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// From here on they wait for the service instead of ending the program. The runtime that will
/// answer them starts threads, which has to come later; any runtime can wait for them.
fn hold_signals() -> std::io::Result<Signals> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _runtime = runtime.enter();
    Signals::new()
}

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(sources: ConfigSources) -> Result<(), ServeError> {
    let start = |what| move |source| ServeError::Start { what, source };
    let signals = hold_signals().map_err(start("the signal handlers"))?;

    let running_config = RunningConfig::load(&sources)?;
    let config = running_config.config();
    let root = config.path.procfs.clone();
    let proc = ProcFs::open(&root).map_err(OpenError::from)?;
    let web_config = config.web.config_file.as_deref();
    let web_config = web_config.map(WebConfigFile::open).transpose()?;
    let mut files = running_config.files_to_read_again();
    files.extend(web_config.iter().flat_map(WebConfigFile::files));
    let listeners = if config.web.systemd_socket {
        service_manager::listeners().map_err(ServeError::HandedSockets)?
    } else {
        bind(&config.web.listen_addresses)?
    };
    let notifier = Arc::new(Notifier::from_env());
    // Before the first thread: what a thread gives up holds for those that it starts.
    let protections = sandbox::enter(config, &files, &proc);

    let _flush = herakles_log::start("herakles", config.log.level, config.log.format);
    log_start(&running_config);
    log_warnings(&running_config);
    if !proc.is_procfs() {
        let root = root.display().to_string();
        tracing::warn!(
            root,
            "this is not the kernel's procfs: a recorded tree is served"
        );
    }
    for listener in &listeners {
        let current = web_config.as_ref().map(WebConfigFile::current);
        let tls = current.is_some_and(|config| config.has_tls());
        tracing::info!(address = listener.to_string(), tls, "listening");
    }
    tracing::info!(protections = protections.to_string(), "sandbox");

    let mut options = running_config.options.clone();
    // Until the first refresh every scrape is refused; what is slow then, the next one waits for.
    options.first_patience = Duration::from_secs(1);
    let collector = Collector::open(&root, options)?;
    // Beside the threads that scan, one will refresh.
    let runtime = runtime(1).map_err(start("the web server"))?;
    let (wake, woken) = sync_channel(1);
    let app = Arc::new(App::new(
        sources,
        running_config,
        web_config.map(Arc::new),
        wake,
    ));
    let refresher = Refresher::new(Arc::clone(&app), collector, woken);
    thread::Builder::new()
        .name("herakles-refresh".into())
        .spawn(move || refresher.run())
        .map_err(start("the refresh thread"))?;

    let served = runtime.block_on(serve(app, listeners, signals, notifier));
    // What still runs (a scan, a document) is left behind: the process ends now.
    runtime.shutdown_background();
    served.map_err(start("the web server"))
}

/// What runs, by what, and what it may do: the first line of a log that somebody is shown.
fn log_start(running_config: &RunningConfig) {
    let file = running_config.loaded.file.as_deref();
    let configuration = file.map_or("none".into(), Path::to_string_lossy);
    let rights = Capabilities::effective().map_or_else(
        |error| format!("cannot be told: {error}"),
        |rights| rights.to_string(),
    );
    tracing::info!(
        version = BUILD.version,
        configuration = &*configuration,
        rules = running_config.options.classifier.rules().len(),
        memory = running_config.options.memory_mode().as_str(),
        capabilities = rights,
        "starting"
    );
}

async fn serve(
    app: Arc<App>,
    listeners: Vec<Listener>,
    signals: Signals,
    notifier: Arc<Notifier>,
) -> std::io::Result<()> {
    let Signals {
        terminate,
        interrupt,
        hangup,
    } = signals;
    tokio::spawn(reload_on(hangup, Arc::clone(&app), Arc::clone(&notifier)));
    tokio::spawn(stay_alive(Arc::clone(&notifier)));
    let web_log = Arc::new(WebLog::default());
    tokio::spawn(Arc::clone(&web_log).write());
    let limits = app.limits.subscribe();
    let first = *limits.borrow();
    let web_config = app.web_config.clone();
    let watching = Arc::clone(&app);
    let handler = move |request| http::answer(Arc::clone(&app), request);
    let mut server = Server::new(listeners, first, handler)
        .limits_from(limits)
        .on_event(move |event| {
            watching.note(&event);
            web_log.take(&event);
        });
    if let Some(file) = web_config {
        server = server.web_config(file);
    }
    // The sockets listen: whoever comes from now on is served.
    notifier.ready();
    let drained = server.serve(stop_on(terminate, interrupt)).await?;
    notifier.stopping();
    tracing::info!(
        finished = drained.finished,
        cut_off = drained.cut_off,
        "stopped"
    );
    Ok(())
}

/// Ends with the first signal; the second ends the program.
async fn stop_on(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: requests in flight are finished");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(0);
    });
}

/// Tells a watchdog, if there is one, that tasks still run.
async fn stay_alive(notifier: Arc<Notifier>) {
    while let Some(period) = notifier.watchdog() {
        notifier.alive();
        tokio::time::sleep(period).await;
    }
}

async fn reload_on(mut hangup: Signal, app: Arc<App>, notifier: Arc<Notifier>) {
    while hangup.recv().await.is_some() {
        notifier.reloading();
        let app = Arc::clone(&app);
        // Success and failure are logged and counted there.
        let _ = tokio::task::spawn_blocking(move || app.reload()).await;
        notifier.ready();
    }
}

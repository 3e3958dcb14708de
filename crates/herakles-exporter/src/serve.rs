//! The service: everything started in the order in which it can fail, then served until told to
//! stop.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use herakles_scan::{Machine as Units, OpenError, ProcFs};
use herakles_web::{BindError, Server, bind};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, log_warnings};
use crate::collect::{Collector, Machine};
use crate::config::Sources;
use crate::refresh::Refresher;
use crate::routes;
use crate::running_config::{LoadError, RunningConfig};
use crate::telemetry;
use crate::web_log::WebLog;

/// Why the service did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Proc(#[from] ProcError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("cannot start {what}: {source}; see the limits on processes and memory")]
    Start {
        what: &'static str,
        source: std::io::Error,
    },
}

/// Why there is no /proc to scan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot tell {what}: {source}; see that {} is a whole /proc", root.display())]
    Units {
        what: &'static str,
        root: std::path::PathBuf,
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
    /// From here on they wait for the service instead of ending the program.
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(sources: Sources) -> Result<(), ServeError> {
    let start = |what| move |source| ServeError::Start { what, source };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(2)
        .thread_name("herakles-web")
        .enable_io()
        .enable_time()
        .build()
        .map_err(start("the web server"))?;
    let signals = {
        let _runtime = runtime.enter();
        Signals::new().map_err(start("the signal handlers"))?
    };

    let effective = RunningConfig::load(&sources)?;
    let log = effective.config().log;
    let _flush = telemetry::start(log.level.into(), log.format.into());
    log_warnings(&effective);
    let config = effective.config();
    let (proc, machine) = open_proc(&config.path.procfs)?;
    if !proc.is_procfs() {
        let root = config.path.procfs.display().to_string();
        tracing::warn!(
            root,
            "this is not the kernel's procfs: a recorded tree is served"
        );
    }
    let listeners = bind(&config.web.listen_addresses)?;
    for listener in &listeners {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(address = address.to_string(), "listening");
        }
    }

    let root = config.path.procfs.clone();
    let threads = scan_threads(&effective);
    let (wake, woken) = sync_channel(1);
    let app = Arc::new(App::new(sources, effective, wake));
    let collector = Collector::new(proc, &root, machine, threads, app.effective.load_full())
        .map_err(|error| ServeError::Start {
            what: "the scanning threads",
            source: std::io::Error::other(error),
        })?;
    let refresher = Refresher::new(Arc::clone(&app), collector, woken);
    thread::Builder::new()
        .name("herakles-refresh".into())
        .spawn(move || refresher.run())
        .map_err(start("the refresh thread"))?;

    let served = runtime.block_on(serve(app, listeners, signals));
    // What still runs (a scan, a document) is left behind: the process ends now.
    runtime.shutdown_background();
    served.map_err(start("the web server"))
}

/// The number of worker threads: as configured, else min(cores, 4).
pub(crate) fn scan_threads(effective: &RunningConfig) -> usize {
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    effective.config().scan.threads(cores).get()
}

/// Opens the tree to scan, with the units it counts in.
pub(crate) fn open_proc(root: &Path) -> Result<(ProcFs, Machine), ProcError> {
    let unknown = |what| {
        let root = root.to_owned();
        move |source| ProcError::Units { what, root, source }
    };
    let proc = ProcFs::open(root)?;
    let units = Units::here().map_err(unknown("the clock tick and page size"))?;
    let boot_time = proc
        .boot_time()
        .map_err(unknown("when the machine booted"))?;
    let machine = Machine {
        ticks_per_second: units.ticks_per_second,
        page_size: units.page_size,
        counts_from: if proc.is_procfs() {
            own_start()
        } else {
            u64::MAX
        },
        boot_time_seconds: boot_time.as_secs_f64(),
        live: proc.is_procfs(),
        taskstats_answers: proc.is_our_pid_namespace(),
    };
    Ok((proc, machine))
}

/// When this process started, in ticks after boot. If that cannot be read every process counts
/// as older: growth is lost then, nothing invented.
fn own_start() -> u64 {
    let stat = procfs::process::Process::myself().and_then(|it| it.stat());
    stat.map_or(u64::MAX, |it| it.starttime)
}

async fn serve(
    app: Arc<App>,
    listeners: Vec<std::net::TcpListener>,
    signals: Signals,
) -> std::io::Result<()> {
    let Signals {
        terminate,
        interrupt,
        hangup,
    } = signals;
    tokio::spawn(reload_on(hangup, Arc::clone(&app)));
    let web_log = Arc::new(WebLog::default());
    tokio::spawn(Arc::clone(&web_log).write());
    let limits = app.limits.subscribe();
    let first = *limits.borrow();
    let handler = move |request| routes::answer(Arc::clone(&app), request);
    let server = Server::new(listeners, first, handler)
        .limits_from(limits)
        .on_event(move |event| web_log.take(&event));
    let drained = server.serve(stop_on(terminate, interrupt)).await?;
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

async fn reload_on(mut hangup: Signal, app: Arc<App>) {
    while hangup.recv().await.is_some() {
        let app = Arc::clone(&app);
        // Success and failure are logged and counted there.
        let _ = tokio::task::spawn_blocking(move || app.reload()).await;
    }
}

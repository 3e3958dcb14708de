//! A server by a web configuration in a directory of its own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use herakles_web::hyper::{Request, StatusCode};
use herakles_web::web_config::{WebConfig, WebConfigError, WebConfigFile};
use herakles_web::{Body, Limits, Server, bind, respond};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::certificates::Authority;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The length of `/big`: more than any window or buffer on the way.
pub(crate) const BIG: usize = 4 << 20;

/// `alice123` by bcrypt with the least cost.
pub(crate) const ALICE: &str = "$2b$04$NLQ1Sl9zykpOS00izD8XcuwYpe10DhCNP6bTuye7UMjvBf02gIoAG";

/// Files: `web.yml`, `server.pem`, `server.key`, `ca.pem`.
pub(crate) struct Site {
    directory: TempDir,
    /// Signs servers.
    pub(crate) authority: Authority,
    /// Signs clients.
    pub(crate) clients: Authority,
}

/// TLS and nothing else.
pub(crate) const TLS: &str =
    "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

impl Site {
    pub(crate) fn new(yaml: &str) -> Self {
        let site = Self {
            directory: tempfile::tempdir().unwrap(),
            authority: Authority::new("servers"),
            clients: Authority::new("clients"),
        };
        let server = site.authority.server();
        site.write("server.pem", &server.certificate);
        site.write("server.key", &server.key);
        site.write("ca.pem", &site.clients.pem);
        site.write("web.yml", yaml);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Replaces a file in one step. Nobody but its owner may read it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let aside = self.path("aside");
        fs::write(&aside, text).unwrap();
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(&aside, self.path(name)).unwrap();
    }

    pub(crate) fn read(&self) -> Result<WebConfig, WebConfigError> {
        WebConfig::read(&self.path("web.yml"))
    }

    pub(crate) fn serve(&self) -> Running {
        Running::start(&self.path("web.yml"), Limits::default())
    }
}

/// A running server that says hello at every path but `/big`.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    events: Arc<Events>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Events {
    seen: Mutex<Vec<String>>,
    more: Condvar,
}

impl Running {
    pub(crate) fn start(file: &Path, limits: Limits) -> Self {
        let file = Arc::new(WebConfigFile::open(file).unwrap());
        Self::with(Some(file), limits)
    }

    pub(crate) fn with(file: Option<Arc<WebConfigFile>>, limits: Limits) -> Self {
        let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = listeners[0].tcp_address().unwrap();
        let events = Arc::new(Events::default());
        let (stop, stopped) = oneshot::channel();
        let sink = Arc::clone(&events);
        let handler = |request: Request<()>| {
            let body: Body = match request.uri().path() {
                "/big" => vec![b'x'; BIG].into(),
                "/panic" => panic!("as the test asked"),
                _ => "Hello World!".into(),
            };
            std::future::ready(respond::text(StatusCode::OK, body))
        };
        let mut server = Server::new(listeners, limits, handler).on_event(move |event| {
            sink.seen.lock().unwrap().push(format!("{event:?}"));
            sink.more.notify_all();
        });
        if let Some(file) = file {
            server = server.web_config(file);
        }
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let shutdown = async { drop(stopped.await) };
            runtime.block_on(server.serve(shutdown)).unwrap();
        });
        Self {
            address,
            events,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Events that `{:?}` prints so that they begin with this.
    pub(crate) fn count(&self, event: &str) -> usize {
        let seen = self.events.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.starts_with(event)).count()
    }

    pub(crate) fn wait_for_event(&self, event: &str) {
        let seen = self.events.seen.lock().unwrap();
        let absent = |seen: &mut Vec<String>| !seen.iter().any(|seen| seen.starts_with(event));
        let (seen, waited) = self
            .events
            .more
            .wait_timeout_while(seen, PATIENCE, absent)
            .unwrap();
        assert!(!waited.timed_out(), "no {event} among {seen:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

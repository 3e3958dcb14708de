//! The server: a limited number of connections, each with limited patience.

mod accept;
mod connection;
mod event;
mod foreign;
mod http2;
mod lease;
mod linger;
mod registry;
mod requests;
mod session;
mod socket;
mod stream;
mod visit;

use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::{Request, Response};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::{JoinError, JoinSet};

use self::accept::{Accepted, Acceptor};
pub use self::event::{Event, Waiting};
use self::lease::{Lease, SharedRegistry};
use self::registry::{Admission, Registry};
use self::requests::Requests;
use self::socket::Socket;
use self::visit::{Caller, Visit};
use crate::Body;
use crate::Listener;
use crate::web_config::WebConfigFile;

/// Refused clients that are sent a 503 at the same time; further ones are just closed.
const MAX_REFUSALS: usize = 64;

/// What a client may use of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections served at the same time.
    pub max_connections: NonZeroUsize,
    /// Time for a complete request; also how long a kept connection may be idle, and how long a
    /// client that was turned away may go on sending before its connection is cut.
    pub header_timeout: Duration,
    /// Time in which a client must take at least 64 KiB of its response, or the rest of it.
    pub write_timeout: Duration,
    /// Bytes of request line and headers; 431 beyond. Less than 8 KiB counts as 8 KiB.
    pub max_header_bytes: usize,
    /// Time for requests in flight at shutdown.
    pub grace: Duration,
}

impl Default for Limits {
    /// 256 connections, 10 s, 30 s, 16 KiB, and 4 s of grace: a service manager that expects an end
    /// within 5 s sees one.
    fn default() -> Self {
        Self {
            max_connections: const { NonZeroUsize::new(256).unwrap() },
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            max_header_bytes: 16 * 1024,
            grace: Duration::from_secs(4),
        }
    }
}

/// What became of the connections that were open at shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that ended by themselves, their requests answered.
    pub finished: usize,
    /// Connections cut off when the grace was over.
    pub cut_off: usize,
}

/// An HTTP server around a handler: HTTP/1, and HTTP/2 where a [`WebConfigFile`] asks for TLS.
///
/// The handler gets every complete request without its body; request bodies are never read. HEAD
/// reaches it as GET, and the body of its answer is left out. It must not block: it runs on the
/// connection's task. If it panics, that connection is closed and the others go on. Paths arrive
/// as they were sent, percent-encodings included: compare [`uri().path()`](hyper::Uri::path) with
/// exact paths.
///
/// See the [crate documentation](crate) for an example.
pub struct Server<H> {
    listeners: Vec<Listener>,
    limits: watch::Receiver<Limits>,
    handler: H,
    web_config: Option<Arc<WebConfigFile>>,
    on_event: Arc<EventSink>,
}

type EventSink = dyn Fn(Event<'_>) + Send + Sync;

impl<H, F> Server<H>
where
    H: Fn(Request<()>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    /// A server that is not serving yet.
    pub fn new(listeners: Vec<Listener>, limits: Limits, handler: H) -> Self {
        Self {
            listeners,
            limits: watch::channel(limits).1,
            handler,
            web_config: None,
            on_event: Arc::new(|_| {}),
        }
    }

    /// Takes the limits from `limits` whenever a connection is opened, instead of those given to
    /// [`new`](Self::new), so that they can change while the server runs.
    #[must_use]
    pub fn limits_from(mut self, limits: watch::Receiver<Limits>) -> Self {
        self.limits = limits;
        self
    }

    /// Serves by this file: TLS, names and passwords, headers and a rate limit. It is read again
    /// when it has changed.
    #[must_use]
    pub fn web_config(mut self, file: Arc<WebConfigFile>) -> Self {
        self.web_config = Some(file);
        self
    }

    /// Hands every [`Event`] to `on_event`.
    #[must_use]
    pub fn on_event(mut self, on_event: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(on_event);
        self
    }

    /// Serves until `shutdown` ends. Then the listeners and all connections without a complete
    /// request are closed at once, and requests in flight have [`Limits::grace`] to finish.
    ///
    /// Dropping the returned future closes everything, without grace.
    ///
    /// # Errors
    ///
    /// At the start, if a listener cannot be made non-blocking or registered with the runtime; then
    /// only if the runtime ends first. A failing `accept` is an [`Event::AcceptFailed`] and is tried again.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> io::Result<Drained> {
        let Self {
            listeners,
            limits,
            handler,
            web_config,
            on_event,
        } = self;
        let requests = Arc::new(Requests {
            handler,
            web_config,
            on_event,
        });
        let acceptor = Acceptor::new(listeners)?;
        let connections = Connections::new(limits, requests);
        let (stop, stopped) = oneshot::channel();
        // A task of its own, so that the worker which hears of a connection serves it and wakes no
        // other thread; in a set, as that ends its tasks when it is dropped.
        let mut serving = JoinSet::new();
        serving.spawn(connections.serve(acceptor, stopped));
        let ended = tokio::select! {
            biased;
            () = shutdown => {
                drop(stop);
                serving.join_next().await
            }
            ended = serving.join_next() => ended,
        };
        match ended {
            Some(Ok(drained)) => Ok(drained),
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            _ => Err(io::Error::other("the runtime is shutting down")),
        }
    }
}

/// The open connections and what they need.
struct Connections<H> {
    tasks: JoinSet<()>,
    registry: SharedRegistry,
    /// Dropped to ask all connections to finish.
    stop: watch::Sender<()>,
    refusals: Arc<Semaphore>,
    limits: watch::Receiver<Limits>,
    requests: Arc<Requests<H>>,
}

impl<H, F> Connections<H>
where
    H: Fn(Request<()>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    fn new(limits: watch::Receiver<Limits>, requests: Arc<Requests<H>>) -> Self {
        let capacity = limits.borrow().max_connections;
        Self {
            tasks: JoinSet::new(),
            registry: Arc::new(Mutex::new(Registry::new(capacity))),
            stop: watch::Sender::new(()),
            refusals: Arc::new(Semaphore::new(MAX_REFUSALS)),
            limits,
            requests,
        }
    }

    fn tell(&self, event: Event<'_>) {
        (self.requests.on_event)(event);
    }

    /// Serves what is accepted until `stopped` ends.
    async fn serve(
        mut self,
        mut acceptor: Acceptor,
        mut stopped: oneshot::Receiver<()>,
    ) -> Drained {
        loop {
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                Some(ended) = self.tasks.join_next() => self.note_end(ended),
                accepted = acceptor.accept() => match accepted {
                    Ok(accepted) => self.open(accepted),
                    Err(error) => self.tell(Event::AcceptFailed(&error)),
                },
            }
        }
        drop(acceptor);
        self.drain().await
    }

    fn open(&mut self, accepted: Accepted) {
        let Accepted {
            socket,
            client,
            hosts,
        } = accepted;
        let limits = *self.limits.borrow();
        let (admission, evicted) = lease::admit(&self.registry, limits.max_connections);
        let Admission::Admitted {
            id,
            evicted: victim,
        } = admission
        else {
            self.tell(Event::Refused);
            return self.refuse(socket);
        };
        if let Some(waiting) = victim {
            self.tell(Event::Evicted(waiting));
        }
        self.tell(Event::Accepted);
        let visit = Visit {
            lease: Arc::new(Lease::new(Arc::clone(&self.registry), id)),
            evicted,
            stopping: self.stop.subscribe(),
            limits,
            caller: Caller { client, hosts },
        };
        let requests = Arc::clone(&self.requests);
        self.tasks.spawn(session::serve(socket, visit, requests));
    }

    fn refuse(&mut self, socket: Socket) {
        if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            self.tasks.spawn(async move {
                connection::refuse(socket).await;
                drop(permit);
            });
        }
    }

    fn note_end(&self, ended: Result<(), JoinError>) {
        if ended.is_err_and(|error| error.is_panic()) {
            self.tell(Event::HandlerPanicked);
        }
    }

    async fn drain(mut self) -> Drained {
        drop(std::mem::replace(&mut self.stop, watch::Sender::new(())));
        let deadline = tokio::time::Instant::now() + self.limits.borrow().grace;
        let mut finished = 0;
        while let Ok(Some(ended)) = tokio::time::timeout_at(deadline, self.tasks.join_next()).await
        {
            self.note_end(ended);
            finished += 1;
        }
        let cut_off = self.tasks.len();
        self.tasks.shutdown().await;
        Drained { finished, cut_off }
    }
}

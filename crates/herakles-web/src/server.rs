//! The server: a limited number of connections, each with limited patience.

mod accept;
mod connection;
mod event;
mod lease;
mod registry;
mod stream;

use std::io;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::{Request, Response};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use self::accept::Acceptor;
pub use self::event::{Event, Waiting};
use self::lease::{Lease, SharedRegistry};
use self::registry::{Admission, Registry};
use crate::Body;

/// Refused clients that are sent a 503 at the same time; further ones are just closed.
const MAX_REFUSALS: usize = 64;

/// What a client may use of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections served at the same time.
    pub max_connections: NonZeroUsize,
    /// Time for a complete request; also how long a kept connection may be idle.
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

/// An HTTP/1 server around a handler.
///
/// The handler gets every complete request without its body; request bodies are never read. HEAD
/// reaches it as GET, and the body of its answer is left out. It must not block: it runs on the
/// connection's task. If it panics, that connection is closed and the others go on. Paths arrive
/// as they were sent, percent-encodings included: compare [`uri().path()`](hyper::Uri::path) with
/// exact paths.
///
/// See the [crate documentation](crate) for an example.
pub struct Server<H> {
    listeners: Vec<TcpListener>,
    limits: watch::Receiver<Limits>,
    handler: Arc<H>,
    on_event: Arc<EventSink>,
}

type EventSink = dyn Fn(Event<'_>) + Send + Sync;

impl<H, F> Server<H>
where
    H: Fn(Request<()>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    /// A server that is not serving yet.
    pub fn new(listeners: Vec<TcpListener>, limits: Limits, handler: H) -> Self {
        Self {
            listeners,
            limits: watch::channel(limits).1,
            handler: Arc::new(handler),
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

    /// Hands every [`Event`] to `on_event`.
    #[must_use]
    pub fn on_event(mut self, on_event: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(on_event);
        self
    }

    /// Serves until `shutdown` ends. Then the listeners and all connections without a complete
    /// request are closed at once, and requests in flight have [`Limits::grace`] to finish.
    ///
    /// Dropping the returned future closes everything immediately.
    ///
    /// # Errors
    ///
    /// Only at the start, if a listener cannot be made non-blocking or registered with the runtime.
    /// A failing `accept` is an [`Event::AcceptFailed`] and is tried again.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> io::Result<Drained> {
        let Self {
            listeners,
            limits,
            handler,
            on_event,
        } = self;
        let mut acceptor = Acceptor::new(register(listeners)?);
        let mut connections = Connections::new(limits, handler, on_event);
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = shutdown.as_mut() => break,
                Some(ended) = connections.tasks.join_next() => connections.note_end(ended),
                accepted = acceptor.accept() => match accepted {
                    Ok(stream) => connections.open(stream),
                    Err(error) => (connections.on_event)(Event::AcceptFailed(&error)),
                },
            }
        }
        drop(acceptor);
        Ok(connections.drain().await)
    }
}

fn register(listeners: Vec<TcpListener>) -> io::Result<Vec<tokio::net::TcpListener>> {
    listeners
        .into_iter()
        .map(|listener| {
            listener.set_nonblocking(true)?;
            tokio::net::TcpListener::from_std(listener)
        })
        .collect()
}

/// The open connections and what they need.
struct Connections<H> {
    tasks: JoinSet<()>,
    registry: SharedRegistry,
    /// Dropped to ask all connections to finish.
    stop: watch::Sender<()>,
    refusals: Arc<Semaphore>,
    limits: watch::Receiver<Limits>,
    handler: Arc<H>,
    on_event: Arc<EventSink>,
}

impl<H, F> Connections<H>
where
    H: Fn(Request<()>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    fn new(limits: watch::Receiver<Limits>, handler: Arc<H>, on_event: Arc<EventSink>) -> Self {
        let capacity = limits.borrow().max_connections;
        Self {
            tasks: JoinSet::new(),
            registry: Arc::new(Mutex::new(Registry::new(capacity))),
            stop: watch::Sender::new(()),
            refusals: Arc::new(Semaphore::new(MAX_REFUSALS)),
            limits,
            handler,
            on_event,
        }
    }

    fn open(&mut self, stream: TcpStream) {
        let limits = *self.limits.borrow();
        let (admission, evicted) = lease::admit(&self.registry, limits.max_connections);
        let Admission::Admitted {
            id,
            evicted: victim,
        } = admission
        else {
            (self.on_event)(Event::Refused);
            return self.refuse(stream);
        };
        if let Some(waiting) = victim {
            (self.on_event)(Event::Evicted(waiting));
        }
        (self.on_event)(Event::Accepted);
        // A response leaves in one go; waiting to fill a segment would only delay its end. If this
        // fails the connection is already dead, and the first read says so.
        let _ = stream.set_nodelay(true);
        let lease = Arc::new(Lease::new(Arc::clone(&self.registry), id));
        let handler = Arc::clone(&self.handler);
        let on_event = Arc::clone(&self.on_event);
        let stopping = self.stop.subscribe();
        self.tasks.spawn(async move {
            let end = connection::serve(stream, lease, evicted, stopping, limits, handler).await;
            if let Some(event) = end {
                on_event(event);
            }
        });
    }

    fn refuse(&mut self, stream: TcpStream) {
        if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            self.tasks.spawn(async move {
                connection::refuse(stream).await;
                drop(permit);
            });
        }
    }

    fn note_end(&self, ended: Result<(), JoinError>) {
        if ended.is_err_and(|error| error.is_panic()) {
            (self.on_event)(Event::HandlerPanicked);
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

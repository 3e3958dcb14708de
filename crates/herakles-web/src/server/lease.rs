//! A connection's own view of the registry.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::registry::{Admission, ConnectionId, Phase, Registry};

/// The registry as connections share it. Each holds the sending half of a channel that carries
/// nothing: its end tells the connection's task that it was evicted.
pub(super) type SharedRegistry = Arc<Mutex<Registry<oneshot::Sender<()>>>>;

/// A place among the open connections, given back when dropped.
pub(super) struct Lease {
    registry: SharedRegistry,
    id: ConnectionId,
    /// HTTP/1: the body of the current response is handed over, though perhaps not yet sent.
    body_taken: AtomicBool,
    /// HTTP/1: the current request has a body, which nobody reads.
    body_unread: AtomicBool,
    /// It speaks HTTP/2.
    multiplexed: AtomicBool,
    /// HTTP/2: requests whose response is not all handed over.
    open: AtomicUsize,
    /// Requests that have begun.
    begun: AtomicUsize,
    /// Requests whose handler has not answered.
    answering: AtomicUsize,
    /// Bytes that the client took.
    written: AtomicUsize,
}

/// A request that is being answered, from its arrival until its response is handed over.
pub(super) struct Turn {
    lease: Arc<Lease>,
    is_answered: bool,
}

impl Turn {
    /// `None` if the connection was evicted: then the request must not be served.
    pub(super) fn begin(lease: &Arc<Lease>) -> Option<Self> {
        lease.open.fetch_add(1, Ordering::Relaxed);
        lease.answering.fetch_add(1, Ordering::Relaxed);
        let turn = Self {
            lease: Arc::clone(lease),
            is_answered: false,
        };
        lease.begin().then_some(turn)
    }

    /// Notes that the handler has answered.
    pub(super) fn answered(&mut self) {
        if !std::mem::replace(&mut self.is_answered, true) {
            self.lease.answering.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.answered();
        let open = self.lease.open.fetch_sub(1, Ordering::Relaxed);
        if self.lease.is_multiplexed() {
            if open == 1 {
                lock(&self.lease.registry).finish(self.lease.id);
            }
        } else {
            self.lease.body_taken.store(true, Ordering::Relaxed);
        }
    }
}

/// The registry stays consistent under a panic: no method of it leaves a change half done.
pub(super) fn lock(registry: &SharedRegistry) -> MutexGuard<'_, Registry<oneshot::Sender<()>>> {
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    pub(super) fn new(registry: SharedRegistry, id: ConnectionId) -> Self {
        Self {
            registry,
            id,
            body_taken: AtomicBool::new(false),
            body_unread: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
            answering: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
        }
    }

    /// Notes that the connection speaks HTTP/2: bytes that arrive need be no request, and requests
    /// overlap.
    pub(super) fn multiplex(&self) {
        self.multiplexed.store(true, Ordering::Relaxed);
    }

    fn is_multiplexed(&self) -> bool {
        self.multiplexed.load(Ordering::Relaxed)
    }

    /// See [`Registry::received`].
    pub(super) fn received(&self) {
        if !self.is_multiplexed() {
            lock(&self.registry).received(self.id);
        }
    }

    /// See [`Registry::begin`].
    fn begin(&self) -> bool {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.body_taken.store(false, Ordering::Relaxed);
        lock(&self.registry).begin(self.id)
    }

    /// Notes whether a request comes with a body.
    pub(super) fn leave_body(&self, has_body: bool) {
        self.body_unread.store(has_body, Ordering::Relaxed);
    }

    /// Whether the client may still be sending the body of its last request.
    pub(super) fn has_unread_body(&self) -> bool {
        self.body_unread.load(Ordering::Relaxed)
    }

    /// Notes that the client took bytes.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Differs from what it was if a request has begun or ended, or the client took a step's worth
    /// of bytes.
    pub(super) fn progress(&self, step: usize) -> (usize, usize, usize) {
        let [begun, open, written] =
            [&self.begun, &self.open, &self.written].map(|count| count.load(Ordering::Relaxed));
        (begun, open, written / step)
    }

    /// Whether a handler works, which is not the client's fault.
    pub(super) fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Relaxed) > 0
    }

    /// Notes that everything written so far reached the socket. The response is complete if its
    /// body was taken before.
    pub(super) fn flushed(&self) {
        if self.body_taken.swap(false, Ordering::Relaxed) {
            lock(&self.registry).finish(self.id);
        }
    }

    pub(super) fn phase(&self) -> Option<Phase> {
        lock(&self.registry).phase(self.id)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.registry).remove(self.id);
    }
}

/// Asks for a place among at most `capacity`. The receiver ends when the connection is evicted.
pub(super) fn admit(
    registry: &SharedRegistry,
    capacity: NonZeroUsize,
) -> (Admission, oneshot::Receiver<()>) {
    let (evict, evicted) = oneshot::channel();
    let mut registry = lock(registry);
    registry.resize(capacity);
    (registry.admit(evict), evicted)
}

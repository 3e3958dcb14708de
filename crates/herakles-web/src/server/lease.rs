//! A connection's own view of the registry.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// The body of the current response is handed over, though perhaps not yet sent.
    body_taken: AtomicBool,
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
        }
    }

    /// See [`Registry::received`].
    pub(super) fn received(&self) {
        lock(&self.registry).received(self.id);
    }

    /// See [`Registry::begin`].
    pub(super) fn begin(&self) -> bool {
        self.body_taken.store(false, Ordering::Relaxed);
        lock(&self.registry).begin(self.id)
    }

    /// Notes that hyper took the last of the body.
    pub(super) fn body_taken(&self) {
        self.body_taken.store(true, Ordering::Relaxed);
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

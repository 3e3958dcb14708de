//! Which connections exist and what each is doing: the pure part of the connection limit.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use super::event::Waiting;

/// Names a connection within its registry.
pub(super) type ConnectionId = u64;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It has sent no complete request yet, or a part of its next one.
    Reading,
    /// Its last response is sent.
    Idle,
    /// A handler works, or a response is being sent.
    Busy,
}

struct Connection<E> {
    phase: Phase,
    /// When the phase began, on the registry's own clock.
    since: u64,
    /// Dropped to make the connection's task close it.
    _evict: E,
}

/// All open connections, at most `capacity`.
///
/// Phases change by connection id. An id that was evicted is unknown from then on, so a connection
/// that becomes busy at the moment of its eviction finds out and serves nothing.
pub(super) struct Registry<E> {
    connections: HashMap<ConnectionId, Connection<E>>,
    capacity: usize,
    /// Counts admissions and phase changes; orders both.
    clock: u64,
}

/// The answer to a new connection.
#[derive(Debug, PartialEq)]
pub(super) enum Admission {
    /// There was room, or it was made by closing a waiting connection.
    Admitted {
        id: ConnectionId,
        evicted: Option<Waiting>,
    },
    /// All connections are busy.
    Full,
}

impl<E> Registry<E> {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        Self {
            connections: HashMap::new(),
            capacity: capacity.get(),
            clock: 0,
        }
    }

    /// Allows another number of connections from now on. Those that are open beyond it stay until
    /// new ones come.
    pub(super) fn resize(&mut self, capacity: NonZeroUsize) {
        self.capacity = capacity.get();
    }

    /// Takes in a new connection, which starts as [`Phase::Reading`]. At the limit the connection
    /// that has waited longest for its request gives way, else the one that was idle longest.
    pub(super) fn admit(&mut self, evict: E) -> Admission {
        let mut evicted = None;
        // More than once only after the limit was lowered.
        while self.connections.len() >= self.capacity {
            let Some((victim, waiting)) = self.longest_waiting() else {
                return Admission::Full;
            };
            self.connections.remove(&victim);
            evicted = Some(waiting);
        }
        let id = self.tick();
        let connection = Connection {
            phase: Phase::Reading,
            since: id,
            _evict: evict,
        };
        self.connections.insert(id, connection);
        Admission::Admitted { id, evicted }
    }

    /// Notes that bytes arrived: an idle connection now waits for the rest of a request.
    pub(super) fn received(&mut self, id: ConnectionId) {
        if self.phase(id) == Some(Phase::Idle) {
            self.enter(id, Phase::Reading);
        }
    }

    /// Notes a complete request. `false` if the connection was evicted: then it must not be served.
    #[must_use]
    pub(super) fn begin(&mut self, id: ConnectionId) -> bool {
        self.enter(id, Phase::Busy)
    }

    /// Notes that the response is sent.
    pub(super) fn finish(&mut self, id: ConnectionId) {
        self.enter(id, Phase::Idle);
    }

    pub(super) fn phase(&self, id: ConnectionId) -> Option<Phase> {
        self.connections.get(&id).map(|connection| connection.phase)
    }

    pub(super) fn remove(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
    }

    fn enter(&mut self, id: ConnectionId, phase: Phase) -> bool {
        let since = self.tick();
        let Some(connection) = self.connections.get_mut(&id) else {
            return false;
        };
        connection.phase = phase;
        connection.since = since;
        true
    }

    fn longest_waiting(&self) -> Option<(ConnectionId, Waiting)> {
        self.connections
            .iter()
            .filter_map(|(&id, connection)| {
                let waiting = match connection.phase {
                    Phase::Reading => Waiting::ForRequest,
                    Phase::Idle => Waiting::Idle,
                    Phase::Busy => return None,
                };
                Some(((connection.phase, connection.since), (id, waiting)))
            })
            .min_by_key(|(order, _)| *order)
            .map(|(_, victim)| victim)
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

#[cfg(test)]
mod tests;

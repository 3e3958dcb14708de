//! What a connection is given when it is admitted.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{oneshot, watch};

use super::Limits;
use super::foreign::Hosts;
use super::lease::Lease;
use super::linger::linger;

/// A connection's place, and what may end it.
pub(super) struct Visit {
    pub(super) lease: Arc<Lease>,
    /// Ends when the connection must give way.
    pub(super) evicted: oneshot::Receiver<()>,
    /// Ends when the server stops.
    pub(super) stopping: watch::Receiver<()>,
    pub(super) limits: Limits,
    pub(super) caller: Caller,
}

impl Visit {
    /// Lets a client that has its last answer finish sending, unless the place is needed or the
    /// server stops.
    pub(super) async fn linger<S>(mut self, mut stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        tokio::select! {
            biased;
            _ = self.evicted => {}
            _ = self.stopping.changed() => {}
            () = linger(&mut stream, self.limits.header_timeout) => {}
        }
    }
}

/// Where a connection's requests come from.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Who it is, if it has an address.
    pub(super) client: Option<IpAddr>,
    /// By which names it may ask.
    pub(super) hosts: Hosts,
}

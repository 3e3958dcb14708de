//! What a connection is given when it is admitted.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::Limits;
use super::lease::Lease;

/// A connection's place, and what may end it.
pub(super) struct Visit {
    pub(super) lease: Arc<Lease>,
    /// Ends when the connection must give way.
    pub(super) evicted: oneshot::Receiver<()>,
    /// Ends when the server stops.
    pub(super) stopping: watch::Receiver<()>,
    pub(super) limits: Limits,
    /// Who the client is, if it has an address.
    pub(super) client: Option<IpAddr>,
}

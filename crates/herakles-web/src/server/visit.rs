//! What a connection is given when it is admitted.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::Limits;
use super::foreign::Hosts;
use super::lease::Lease;

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

/// Where a connection's requests come from.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Who it is, if it has an address.
    pub(super) client: Option<IpAddr>,
    /// By which names it may ask.
    pub(super) hosts: Hosts,
}

//! What the owner of a server may want to count or log.

use std::io;

use hyper::StatusCode;

use crate::web_config::{WebConfig, WebConfigError};

/// Something that happened to a connection or to the act of accepting one.
///
/// The server neither logs nor counts; it hands each event to the closure given to
/// [`Server::on_event`](crate::Server::on_event). The closure runs on the connection's task and
/// must not block.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A connection was accepted and is being served.
    Accepted,
    /// A connection was answered 503 because all others were busy.
    Refused,
    /// A waiting connection was closed in favour of a new one.
    Evicted(Waiting),
    /// A client took longer than the header timeout to send a complete request.
    HeaderTimedOut,
    /// A client took less than 64 KiB of its response, and not the rest, in the write timeout.
    WriteTimedOut,
    /// A client sent something that is no HTTP request, or one that is too large.
    Malformed,
    /// `accept` failed. It is tried again, after a pause if descriptors or memory ran out.
    AcceptFailed(&'a io::Error),
    /// A client did not complete the TLS handshake in the header timeout.
    HandshakeTimedOut,
    /// A TLS handshake failed: the client wants what is not offered, has no good certificate, or
    /// does not speak TLS.
    HandshakeFailed(&'a io::Error),
    /// A request was answered before it reached the handler: 400, 401, 403, 421 or 429.
    TurnedAway {
        /// The path that was asked for, as it was sent.
        path: &'a str,
        /// What it was answered.
        status: StatusCode,
    },
    /// The web configuration had changed and is in force from now on.
    WebConfigRead(&'a WebConfig),
    /// The web configuration has changed but is broken; the last good one stays in force.
    WebConfigBroken(&'a WebConfigError),
    /// The handler panicked; its connection was closed.
    HandlerPanicked,
}

/// What an evicted connection was waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The rest of a request, or all of the first one.
    ForRequest,
    /// Another request on a kept connection.
    Idle,
}

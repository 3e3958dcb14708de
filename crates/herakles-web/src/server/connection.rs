//! One HTTP/1 connection from its first byte to its last.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::event::Event;
use super::linger::linger;
use super::registry::Phase;
use super::requests::Requests;
use super::socket::{HANDSHAKE, Socket};
use super::stream::WatchedStream;
use super::visit::Visit;
use crate::{Body, respond};

/// Header lines of a request; browsers send about 20.
const MAX_HEADERS: usize = 64;

/// The least that hyper accepts as a header limit, in bytes.
const MIN_HEADER_BYTES: usize = 8192;

/// How long a client that must go may take to send a request and read why.
pub(super) const LEAVING_PATIENCE: Duration = Duration::from_secs(1);

/// Serves requests until either side ends the connection, it is evicted, or `stopping` ends; then
/// a request in flight is finished first.
///
/// Generic over the stream: a TLS session is served as a socket is.
pub(super) async fn serve<S, H, F>(stream: S, mut visit: Visit, requests: Arc<Requests<H>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<()>) -> F,
    F: Future<Output = Response<Body>>,
{
    let (lease, limits) = (Arc::clone(&visit.lease), visit.limits);
    let mut stream = WatchedStream::new(stream, Arc::clone(&lease), limits.write_timeout);
    let result = {
        let service = service_fn(|request| requests.answer(request, &lease, &visit.caller));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(limits.max_header_bytes.max(MIN_HEADER_BYTES))
            .serve_connection(TokioIo::new(&mut stream), service);
        let mut connection = pin!(connection);
        // The connection last: a response that ends while the server stops still says so.
        tokio::select! {
            biased;
            _ = &mut visit.evicted => return,
            _ = visit.stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            result = connection.as_mut() => result,
        }
    };
    let may_be_sending = match result {
        Ok(()) => lease.has_unread_body(),
        Err(error) => {
            if let Some(event) = event_of(&error, lease.phase()) {
                (requests.on_event)(event);
            }
            error.is_parse()
        }
    };
    if may_be_sending {
        visit.linger(stream).await;
    }
}

pub(super) fn event_of(error: &hyper::Error, phase: Option<Phase>) -> Option<Event<'static>> {
    if error.is_parse() {
        return Some(Event::Malformed);
    }
    // A kept connection that ran out of time between requests has done nothing wrong.
    if error.is_timeout() {
        return (phase != Some(Phase::Idle)).then_some(Event::HeaderTimedOut);
    }
    let cause = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    let timed_out = cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut);
    timed_out.then_some(Event::WriteTimedOut)
}

/// Answers one request with 503 and closes the connection. One that begins with a TLS handshake is
/// just closed: an answer would cost a key exchange.
pub(super) async fn refuse(mut socket: Socket) {
    let first = timeout(LEAVING_PATIENCE, socket.peek()).await;
    if matches!(first, Ok(Ok(Some(byte))) if byte != HANDSHAKE) {
        answer_once(&mut socket, busy).await;
        linger(&mut socket, LEAVING_PATIENCE).await;
    }
}

/// Answers one request, whatever it is, and ends our side.
pub(super) async fn answer_once<S>(stream: &mut S, answer: impl Fn() -> Response<Body>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|_| async { Ok::<_, Infallible>(answer()) });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .max_buf_size(MIN_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // Whatever goes wrong here, the client is gone and nothing is left to do for it.
    let _ = timeout(LEAVING_PATIENCE, connection).await;
}

fn busy() -> Response<Body> {
    let sentence = "all connections are busy, try again in a second\n";
    let mut response = respond::text(StatusCode::SERVICE_UNAVAILABLE, sentence);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{HOST, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{oneshot, watch};

use super::Limits;
use super::event::Event;
use super::lease::Lease;
use super::registry::Phase;
use super::stream::WatchedStream;
use crate::{Body, respond};

/// Header lines of a request; browsers send about 20.
const MAX_HEADERS: usize = 64;

/// The least that hyper accepts as a header limit, in bytes.
const MIN_HEADER_BYTES: usize = 8192;

/// How long a refused client may take to send a request and read its 503.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(1);

/// Serves requests until either side ends the connection, it is evicted, or `stopping` ends; then
/// a request in flight is finished first. The event is what should be told of its end.
///
/// Generic over the stream: a TLS session is served as a socket is.
pub(super) async fn serve<S, H, F>(
    stream: S,
    lease: Arc<Lease>,
    evicted: oneshot::Receiver<()>,
    mut stopping: watch::Receiver<()>,
    limits: Limits,
    handler: Arc<H>,
) -> Option<Event<'static>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<()>) -> F,
    F: Future<Output = Response<Body>>,
{
    let stream = WatchedStream::new(stream, Arc::clone(&lease), limits.write_timeout);
    let service = service_fn(|request| answer(request, &lease, &*handler));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(limits.max_header_bytes.max(MIN_HEADER_BYTES))
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // The connection last: a response that ends while the server stops still says so.
    let result = tokio::select! {
        biased;
        _ = evicted => return None,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        result = connection.as_mut() => result,
    };
    let phase = lease.phase();
    result.err().and_then(|error| event_of(&error, phase))
}

/// Hands a request to the handler, as GET if it is HEAD: hyper sends the headers, with the length
/// of the body, and leaves the body out.
async fn answer<H, F>(
    request: Request<Incoming>,
    lease: &Arc<Lease>,
    handler: &H,
) -> Result<Response<WatchedBody>, Evicted>
where
    H: Fn(Request<()>) -> F,
    F: Future<Output = Response<Body>>,
{
    if !lease.begin() {
        return Err(Evicted);
    }
    let mut request = request.map(drop);
    let response = if has_valid_host(&request) {
        if request.method() == Method::HEAD {
            *request.method_mut() = Method::GET;
        }
        handler(request).await
    } else {
        respond::text(
            StatusCode::BAD_REQUEST,
            "the request needs exactly one Host header\n",
        )
    };
    Ok(response.map(|body| WatchedBody {
        body,
        lease: Arc::clone(lease),
    }))
}

/// HTTP/1.1 wants exactly one (RFC 9112, 3.2), older versions none.
fn has_valid_host(request: &Request<()>) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11)
}

/// The connection had to give way before its request was complete.
#[derive(Debug, thiserror::Error)]
#[error("connection closed in favour of a new one")]
struct Evicted;

fn event_of(error: &hyper::Error, phase: Option<Phase>) -> Option<Event<'static>> {
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

/// A body that tells its connection when hyper is done with it.
struct WatchedBody {
    body: Body,
    lease: Arc<Lease>,
}

impl HttpBody for WatchedBody {
    type Data = <Body as HttpBody>::Data;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.lease.body_taken();
    }
}

/// Answers one request with 503 and closes the connection.
pub(super) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let service = service_fn(|_| async { Ok::<_, Infallible>(busy()) });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .max_buf_size(MIN_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // Whatever goes wrong here, the client is gone and nothing is left to do for it.
    let _ = tokio::time::timeout(REFUSAL_PATIENCE, connection).await;
}

fn busy() -> Response<Body> {
    let sentence = "all connections are busy, try again in a second\n";
    let mut response = respond::text(StatusCode::SERVICE_UNAVAILABLE, sentence);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

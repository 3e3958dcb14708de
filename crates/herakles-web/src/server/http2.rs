//! One HTTP/2 connection: several requests at the same time, and limits that hyper leaves to us.

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::Limits;
use super::connection::{LEAVING_PATIENCE, event_of};
use super::event::Event;
use super::lease::Lease;
use super::registry::Phase;
use super::requests::Requests;
use super::stream::{LEAST_PROGRESS, WatchedStream};
use super::visit::Visit;
use crate::Body;

/// Requests at the same time; a scraper sends one.
const MAX_STREAMS: u32 = 16;
/// Bytes that a stream buffers for a slow client.
const SEND_BUFFER: usize = 128 * 1024;

/// As [`super::connection::serve`], for a client that chose HTTP/2.
pub(super) async fn serve<S, H, F>(stream: S, mut visit: Visit, requests: Arc<Requests<H>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<()>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let (lease, limits) = (Arc::clone(&visit.lease), visit.limits);
    let on_event = Arc::clone(&requests.on_event);
    lease.multiplex();
    let mut stream = WatchedStream::new(stream, Arc::clone(&lease), limits.write_timeout);
    let result = {
        let (own, caller) = (Arc::clone(&lease), visit.caller.clone());
        let service = service_fn(move |request| {
            let (requests, lease, caller) =
                (Arc::clone(&requests), Arc::clone(&own), caller.clone());
            async move { requests.answer(request, &lease, &caller).await }
        });
        let streams = Streams::default();
        let header_bytes = u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX);
        let connection = http2::Builder::new(streams.clone())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(header_bytes)
            .max_send_buf_size(SEND_BUFFER)
            .serve_connection(TokioIo::new(&mut stream), service);
        let mut connection = pin!(connection);
        let stalled = stalled(&lease, limits);
        tokio::select! {
            biased;
            _ = &mut visit.evicted => return,
            _ = visit.stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            result = connection.as_mut() => result,
            panicked = streams.panicked() => resume_unwind(panicked.into_panic()),
            () = stalled => {
                let end = match lease.phase() {
                    Some(Phase::Busy) => Some(Event::WriteTimedOut),
                    Some(Phase::Reading) => Some(Event::HeaderTimedOut),
                    _ => None,
                };
                connection.as_mut().graceful_shutdown();
                // It is told to go, and cut off if it does not listen.
                let _ = timeout(LEAVING_PATIENCE, connection).await;
                return end.into_iter().for_each(&*on_event);
            }
        }
    };
    let Err(error) = result else { return };
    match event_of(&error, lease.phase()) {
        Some(event) => on_event(event),
        // It was told what it did wrong.
        None => visit.linger(stream).await,
    }
}

/// Ends when a connection has been idle, or its client slow, for longer than it may.
async fn stalled(lease: &Lease, limits: Limits) {
    let look_every = limits.header_timeout.min(limits.write_timeout);
    let (mut seen, mut since) = (lease.progress(LEAST_PROGRESS), Instant::now());
    loop {
        sleep(look_every).await;
        let now_seen = lease.progress(LEAST_PROGRESS);
        if now_seen != seen || lease.is_answering() {
            (seen, since) = (now_seen, Instant::now());
            continue;
        }
        let patience = match lease.phase() {
            Some(Phase::Busy) => limits.write_timeout,
            _ => limits.header_timeout,
        };
        if since.elapsed() >= patience {
            return;
        }
    }
}

/// The tasks of one connection's requests; they end with it.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

impl Streams {
    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when a task has panicked.
    async fn panicked(&self) -> JoinError {
        std::future::poll_fn(|cx| {
            let mut tasks = self.tasks();
            loop {
                match tasks.poll_join_next(cx) {
                    Poll::Ready(Some(Err(error))) if error.is_panic() => return Poll::Ready(error),
                    Poll::Ready(Some(_)) => {}
                    // An empty set wakes nobody; the connection does, which alone fills it.
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }
}

impl<T: Future<Output = ()> + Send + 'static> Executor<T> for Streams {
    fn execute(&self, task: T) {
        self.tasks().spawn(task);
    }
}

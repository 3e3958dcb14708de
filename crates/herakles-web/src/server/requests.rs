//! A request's way to the handler and back.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::{Method, Request, Response, StatusCode, Version};

use super::EventSink;
use super::event::Event;
use super::foreign;
use super::lease::{Lease, Turn};
use super::visit::Caller;
use crate::web_config::{WebConfig, WebConfigFile};
use crate::{Body, respond};

/// The most that HTTP/2 is handed at once of a body: what it was handed, it buffers.
const CHUNK: usize = 64 * 1024;

/// What all connections of a server answer by.
pub(super) struct Requests<H> {
    pub(super) handler: H,
    pub(super) web_config: Option<Arc<WebConfigFile>>,
    pub(super) on_event: Arc<EventSink>,
}

impl<H, F> Requests<H>
where
    H: Fn(Request<()>) -> F,
    F: Future<Output = Response<Body>>,
{
    /// The web configuration in force, read again first if it has changed.
    pub(super) async fn web_config(&self) -> Option<Arc<WebConfig>> {
        let file = self.web_config.as_ref()?;
        match file.follow().await {
            None => {}
            Some(Ok(config)) => (self.on_event)(Event::WebConfigRead(&config)),
            Some(Err(error)) => (self.on_event)(Event::WebConfigBroken(&error)),
        }
        Some(file.current())
    }

    /// Answers a request, unless its connection was evicted. HEAD comes to the handler as GET.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        lease: &Arc<Lease>,
        caller: &Caller,
    ) -> Result<Response<WatchedBody>, Evicted> {
        let mut turn = Turn::begin(lease).ok_or(Evicted)?;
        lease.leave_body(!request.body().is_end_stream());
        let mut request = request.map(drop);
        let is_http2 = request.version() == Version::HTTP_2;
        let is_head = request.method() == Method::HEAD;
        if is_head {
            *request.method_mut() = Method::GET;
        }
        let mut response = self.screen_and_handle(request, caller).await;
        turn.answered();
        if is_head && is_http2 {
            // Over HTTP/1 hyper does that itself.
            let length = response.body().len().into();
            response.headers_mut().insert(CONTENT_LENGTH, length);
            *response.body_mut() = Body::empty();
        }
        Ok(response.map(|body| WatchedBody {
            body,
            chunk: if is_http2 { CHUNK } else { usize::MAX },
            _turn: turn,
        }))
    }

    /// Lets the handler answer, unless the request is turned away before.
    async fn screen_and_handle(&self, request: Request<()>, caller: &Caller) -> Response<Body> {
        let config = self.web_config().await;
        let mut response = match self.screen(&request, config.as_deref(), caller).await {
            None => (self.handler)(request).await,
            Some(response) => {
                let (path, status) = (request.uri().path(), response.status());
                (self.on_event)(Event::TurnedAway { path, status });
                response
            }
        };
        if let Some(config) = config {
            config.add_headers(response.headers_mut());
        }
        response
    }

    /// The answer to a request that must not reach the handler.
    async fn screen(
        &self,
        request: &Request<()>,
        config: Option<&WebConfig>,
        caller: &Caller,
    ) -> Option<Response<Body>> {
        if !has_valid_host(request) {
            let sentence = "the request needs exactly one Host header\n";
            return Some(respond::text(StatusCode::BAD_REQUEST, sentence));
        }
        // A certificate or a password is bound to the right name: rebinding gets past neither.
        let is_guarded = config.is_some_and(|config| config.has_tls() || config.has_users());
        if !is_guarded && let Some(response) = foreign::misdirected(request, &caller.hosts) {
            return Some(response);
        }
        if let Some(response) = foreign::cross_site(request) {
            return Some(response);
        }
        let (file, config) = (self.web_config.as_ref()?, config?);
        file.screen(config, request.headers(), caller.client).await
    }
}

/// HTTP/1.1 wants exactly one (RFC 9112, 3.2), older versions none; HTTP/2 has an authority for it.
fn has_valid_host(request: &Request<()>) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    match request.version() {
        Version::HTTP_2 => hosts == 1 || (hosts == 0 && request.uri().authority().is_some()),
        Version::HTTP_11 => hosts == 1,
        _ => hosts <= 1,
    }
}

/// The connection had to give way before its request was complete.
#[derive(Debug, thiserror::Error)]
#[error("connection closed in favour of a new one")]
pub(super) struct Evicted;

/// A body that tells its connection when hyper is done with it.
pub(super) struct WatchedBody {
    body: Body,
    chunk: usize,
    _turn: Turn,
}

impl HttpBody for WatchedBody {
    type Data = <Body as HttpBody>::Data;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        let chunk = self.chunk;
        let mut part = self.body.split_to(chunk);
        Pin::new(&mut part).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

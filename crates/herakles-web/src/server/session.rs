//! One connection: encrypted or not, HTTP/1 or HTTP/2.

use std::io;
use std::sync::Arc;

use hyper::{Request, Response, StatusCode};
use rustls::ServerConfig;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::event::Event;
use super::requests::Requests;
use super::socket::{HANDSHAKE, Socket};
use super::visit::Visit;
use super::{connection, http2};
use crate::{Body, respond};

/// Serves a connection to its end.
pub(super) async fn serve<H, F>(socket: Socket, visit: Visit, requests: Arc<Requests<H>>)
where
    H: Fn(Request<()>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let tls = match &requests.web_config().await {
        Some(config) => config.tls().cloned(),
        None => None,
    };
    match tls {
        None => connection::serve(socket, visit, requests).await,
        // A session and HTTP/2 take kilobytes, which each connection would be moved with.
        Some(tls) => Box::pin(serve_secured(socket, tls, visit, requests)).await,
    }
}

async fn serve_secured<H, F>(
    socket: Socket,
    tls: Arc<ServerConfig>,
    mut visit: Visit,
    requests: Arc<Requests<H>>,
) where
    H: Fn(Request<()>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let on_event = Arc::clone(&requests.on_event);
    let patience = visit.limits.header_timeout;
    let secured = tokio::select! {
        biased;
        _ = &mut visit.evicted => return,
        _ = visit.stopping.changed() => return,
        secured = timeout(patience, secure(socket, tls)) => secured,
    };
    match secured {
        Err(_) => on_event(Event::HandshakeTimedOut),
        Ok(Err((error, socket))) => {
            on_event(Event::HandshakeFailed(&error));
            visit.linger(socket).await;
        }
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            http2::serve(stream, visit, requests).await;
        }
        Ok(Ok(stream)) => connection::serve(stream, visit, requests).await,
    }
}

/// The session, or why there is none, which the client has been told.
async fn secure(
    mut socket: Socket,
    config: Arc<ServerConfig>,
) -> Result<TlsStream<Socket>, (io::Error, Socket)> {
    match socket.peek().await {
        Ok(Some(first)) if first != HANDSHAKE => {}
        Err(error) => return Err((error, socket)),
        _ => {
            let accept = TlsAcceptor::from(config).accept(socket);
            return accept.into_fallible().await;
        }
    }
    let sentence = "this server speaks HTTPS only; ask https:// instead of http://\n";
    let answer = || respond::text(StatusCode::BAD_REQUEST, sentence);
    connection::answer_once(&mut socket, answer).await;
    let error = io::Error::new(io::ErrorKind::InvalidData, "the client does not speak TLS");
    Err((error, socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Handler = fn(Request<()>) -> std::future::Ready<Response<Body>>;

    fn size_of_future<A, B, C, F>(_: impl Fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    /// Each connection's task is written to the stack and moved to the heap before anything is read.
    #[test]
    fn a_connection_without_tls_has_no_room_for_tls() {
        let size = size_of_future(serve::<Handler, _>);
        assert!(size <= 3 * 1024, "{size} bytes");
    }
}

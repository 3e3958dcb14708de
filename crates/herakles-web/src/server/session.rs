//! One connection: encrypted or not, HTTP/1 or HTTP/2.

use std::io;
use std::sync::Arc;

use hyper::{Request, Response, StatusCode};
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::event::Event;
use super::requests::Requests;
use super::socket::{HANDSHAKE, Socket};
use super::visit::Visit;
use super::{connection, http2};
use crate::{Body, respond};

/// Serves a connection to its end.
pub(super) async fn serve<H, F>(socket: Socket, mut visit: Visit, requests: Arc<Requests<H>>)
where
    H: Fn(Request<()>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let on_event = Arc::clone(&requests.on_event);
    let tls = match &requests.web_config().await {
        Some(config) => config.tls().cloned(),
        None => None,
    };
    let Some(tls) = tls else {
        if let Some(event) = connection::serve(socket, visit, requests).await {
            on_event(event);
        }
        return;
    };
    let patience = visit.limits.header_timeout;
    let secured = tokio::select! {
        biased;
        _ = &mut visit.evicted => return,
        _ = visit.stopping.changed() => return,
        secured = tokio::time::timeout(patience, secure(socket, tls)) => secured,
    };
    match secured {
        Err(_) => on_event(Event::HandshakeTimedOut),
        Ok(Err(error)) => on_event(Event::HandshakeFailed(&error)),
        Ok(Ok(stream)) => {
            let end = if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2::serve(stream, visit, requests).await
            } else {
                connection::serve(stream, visit, requests).await
            };
            if let Some(event) = end {
                on_event(event);
            }
        }
    }
}

async fn secure(socket: Socket, config: Arc<ServerConfig>) -> io::Result<TlsStream<Socket>> {
    if socket.peek().await?.is_some_and(|first| first != HANDSHAKE) {
        let sentence = "this server speaks HTTPS only; ask https:// instead of http://\n";
        connection::answer_once(socket, || respond::text(StatusCode::BAD_REQUEST, sentence)).await;
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the client does not speak TLS",
        ));
    }
    TlsAcceptor::from(config).accept(socket).await
}

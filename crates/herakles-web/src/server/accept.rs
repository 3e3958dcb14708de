//! Accepting connections when descriptors run out and when they do not.

use std::io;
use std::net::IpAddr;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, UnixListener};
use tokio::time::{Instant, sleep_until};

use super::foreign::Hosts;
use super::socket::Socket;
use crate::listen::{ListenSocket, Listener, SocketFile};

const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A connection and what is known of it.
pub(super) struct Accepted {
    pub(super) socket: Socket,
    /// Who made it, if it has an address.
    pub(super) client: Option<IpAddr>,
    pub(super) hosts: Hosts,
}

/// A listener as the runtime has it.
struct Source {
    socket: SourceSocket,
    hosts: Hosts,
}

enum SourceSocket {
    Tcp(TcpListener),
    /// With its file, which goes when it does.
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "held until dropped")] Option<SocketFile>,
    ),
}

impl Source {
    fn new(listener: Listener) -> io::Result<Self> {
        let hosts = Hosts::of(&listener);
        let socket = match listener.socket {
            ListenSocket::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                // Connections inherit it. A response leaves in one go; waiting to fill a segment
                // would only delay its end.
                SockRef::from(&listener).set_tcp_nodelay(true)?;
                SourceSocket::Tcp(TcpListener::from_std(listener)?)
            }
            ListenSocket::Unix(listener, file) => {
                listener.set_nonblocking(true)?;
                SourceSocket::Unix(UnixListener::from_std(listener)?, file)
            }
        };
        Ok(Self { socket, hosts })
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        let (socket, client) = match &self.socket {
            SourceSocket::Tcp(listener) => {
                let (stream, from) = ready!(listener.poll_accept(cx))?;
                (Socket::Tcp(stream), Some(from.ip()))
            }
            SourceSocket::Unix(listener, _) => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                (Socket::Unix(stream), None)
            }
        };
        Poll::Ready(Ok(Accepted {
            socket,
            client,
            hosts: self.hosts.clone(),
        }))
    }
}

/// Several listeners as one source of connections.
pub(super) struct Acceptor {
    sources: Vec<Source>,
    /// The listener asked first, so that a busy one does not starve the others.
    next: usize,
    pause: Duration,
    /// Set after a failure that would repeat at once.
    resume_at: Option<Instant>,
}

impl Acceptor {
    /// Fails if a listener cannot be made non-blocking or registered with the runtime.
    pub(super) fn new(listeners: Vec<Listener>) -> io::Result<Self> {
        let sources = listeners.into_iter().map(Source::new);
        Ok(Self {
            sources: sources.collect::<io::Result<_>>()?,
            next: 0,
            pause: SHORTEST_PAUSE,
            resume_at: None,
        })
    }

    /// The next connection, or why `accept` failed. After EMFILE and its like the following call
    /// waits first, 50 ms to 1 s. Cancel safe: neither a connection nor a pause is lost.
    pub(super) async fn accept(&mut self) -> io::Result<Accepted> {
        if let Some(resume_at) = self.resume_at {
            sleep_until(resume_at).await;
            self.resume_at = None;
        }
        let accepted = std::future::poll_fn(|cx| self.poll_accept(cx)).await;
        match &accepted {
            Ok(_) => self.pause = SHORTEST_PAUSE,
            Err(error) if concerns_one_connection(error) => {}
            Err(_) => {
                self.resume_at = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
        accepted
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        let (later, first) = self.sources.split_at(self.next.min(self.sources.len()));
        let from_next = first.iter().chain(later);
        for (offset, source) in from_next.enumerate() {
            if let Poll::Ready(accepted) = source.poll_accept(cx) {
                self.next = (self.next + offset + 1) % self.sources.len();
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}

/// The connection died in the queue: it is gone, the next one may be fine.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_send_at_once() {
        let any = "127.0.0.1:0".parse().expect("an address");
        let listeners = crate::bind(&[any]).expect("a free port");
        let address = listeners[0].tcp_address().expect("bound");
        let mut acceptor = Acceptor::new(listeners).expect("a runtime");
        let connecting = tokio::net::TcpStream::connect(address);
        let (_client, accepted) = tokio::join!(connecting, acceptor.accept());
        let Socket::Tcp(stream) = accepted.expect("a connection").socket else {
            panic!("a unix socket")
        };
        assert!(stream.nodelay().expect("an option"));
    }
}

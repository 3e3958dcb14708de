//! Accepting connections when descriptors run out and when they do not.

use std::io;
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{Instant, sleep_until};

use super::socket::Socket;

const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Several listeners as one source of connections.
pub(super) struct Acceptor {
    listeners: Vec<TcpListener>,
    /// The listener asked first, so that a busy one does not starve the others.
    next: usize,
    pause: Duration,
    /// Set after a failure that would repeat at once.
    resume_at: Option<Instant>,
}

impl Acceptor {
    pub(super) const fn new(listeners: Vec<TcpListener>) -> Self {
        Self {
            listeners,
            next: 0,
            pause: SHORTEST_PAUSE,
            resume_at: None,
        }
    }

    /// The next connection and who made it, or why `accept` failed. After EMFILE and its like the following call
    /// waits first, 50 ms to 1 s. Cancel safe: neither a connection nor a pause is lost.
    pub(super) async fn accept(&mut self) -> io::Result<(Socket, Option<IpAddr>)> {
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

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Socket, Option<IpAddr>)>> {
        let (later, first) = self.listeners.split_at(self.next.min(self.listeners.len()));
        let from_next = first.iter().chain(later);
        for (offset, listener) in from_next.enumerate() {
            if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                self.next = (self.next + offset + 1) % self.listeners.len();
                return Poll::Ready(
                    accepted.map(|(stream, from)| (Socket(stream), Some(from.ip()))),
                );
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

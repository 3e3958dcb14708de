//! Time limits on reading and writing.

use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::{Instant, Sleep, sleep};

use super::super::lease::{self, Lease};
use super::super::registry::{Admission, Registry};
use super::WatchedStream;

/// A peer that takes `portion` bytes every 5 ms.
struct Dripping {
    portion: usize,
    pause: Pin<Box<Sleep>>,
}

impl AsyncWrite for Dripping {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.pause.as_mut().poll(cx));
        let again = Instant::now() + Duration::from_millis(5);
        self.pause.as_mut().reset(again);
        Poll::Ready(Ok(self.portion.min(buf.len())))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Writes `bytes`, flushing after every `flush_every` of them; how many were taken, and the error
/// that ended it early.
fn write(
    bytes: usize,
    portion: usize,
    flush_every: usize,
    write_timeout: Duration,
) -> (usize, Option<io::ErrorKind>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let registry = Arc::new(Mutex::new(Registry::new(NonZeroUsize::MIN)));
        let (Admission::Admitted { id, .. }, _evicted) = lease::admit(&registry, NonZeroUsize::MIN)
        else {
            panic!("no place");
        };
        let lease = Arc::new(Lease::new(registry, id));
        let peer = Dripping {
            portion,
            pause: Box::pin(sleep(Duration::ZERO)),
        };
        let mut stream = WatchedStream::new(peer, lease, write_timeout);
        let content = vec![0; bytes];
        let mut taken = 0;
        while taken < bytes {
            let end = bytes.min((taken / flush_every + 1) * flush_every);
            let piece = &content[taken..end];
            match std::future::poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, piece)).await {
                Ok(written) => taken += written,
                Err(error) => return (taken, Some(error.kind())),
            }
            if taken % flush_every == 0 {
                std::future::poll_fn(|cx| Pin::new(&mut stream).poll_flush(cx))
                    .await
                    .unwrap();
            }
        }
        (taken, None)
    })
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_drip_does_not_count_as_progress() {
    let (taken, error) = write(100_000, 1, usize::MAX / 2, Duration::from_millis(100));
    assert_eq!(error, Some(io::ErrorKind::TimedOut));
    assert!(taken < 100_000);
}

#[test]
fn a_drip_within_the_time_is_served() {
    assert_eq!(write(50, 1, usize::MAX / 2, LONG), (50, None));
}

#[test]
fn enough_progress_renews_the_time() {
    // 1.5 s altogether; a portion is enough for the next 700 ms.
    let (bytes, portion) = (300 * 65_536, 65_536);
    assert_eq!(
        write(bytes, portion, bytes, Duration::from_millis(700)),
        (bytes, None)
    );
}

#[test]
fn a_sent_response_ends_a_stall() {
    // Each answer is far below the least progress, and all of them take longer than the time.
    let (bytes, portion) = (100 * 300, 100);
    assert_eq!(
        write(bytes, portion, portion, Duration::from_millis(700)),
        (bytes, None)
    );
}

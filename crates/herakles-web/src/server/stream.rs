//! A byte stream that watches its own progress.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::lease::Lease;

/// What a peer must take within the write timeout, in bytes; the rest of a response if that is
/// less. Otherwise a client could hold a place for hours by a byte now and then.
pub(super) const LEAST_PROGRESS: usize = 64 * 1024;

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] once the peer has taken too little
/// for `write_timeout`, and which tells the registry what it sees: bytes that arrive, responses
/// sent.
///
/// Flow control alone bounds memory, not time: a client that never reads would hold its place for
/// ever.
pub(super) struct WatchedStream<S> {
    inner: S,
    lease: Arc<Lease>,
    write_timeout: Duration,
    /// Runs only during a stall; kept so that stalls allocate once per connection.
    timer: Option<Pin<Box<Sleep>>>,
    /// Bytes taken since the stall began; `None` while the peer keeps up.
    stall: Option<usize>,
}

impl<S> WatchedStream<S> {
    pub(super) const fn new(inner: S, lease: Arc<Lease>, write_timeout: Duration) -> Self {
        Self {
            inner,
            lease,
            write_timeout,
            timer: None,
            stall: None,
        }
    }

    /// Notes what the peer took, or fails if that was too little for too long.
    fn watch_write(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(written)) = result {
            self.lease.wrote(written);
            self.stall = self
                .stall
                .map(|taken| taken + written)
                .filter(|&taken| taken < LEAST_PROGRESS);
        }
        self.watch(cx, result)
    }

    /// Passes a result on, or fails if the stall has lasted too long.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            return result;
        }
        let write_timeout = self.write_timeout;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep(write_timeout)));
        if self.stall.is_none() {
            self.stall = Some(0);
            timer.as_mut().reset(Instant::now() + write_timeout);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client takes too little of its response",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.lease.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watch_write(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watch_write(cx, result)
    }

    /// Without this hyper would copy every body into one buffer.
    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(cx);
        let result = self.watch(cx, result);
        // hyper flushes the stream only when its own buffer is empty.
        if matches!(result, Poll::Ready(Ok(()))) {
            self.stall = None;
            self.lease.flushed();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch(cx, result)
    }
}

#[cfg(test)]
mod tests;

//! Response bodies made of shared segments.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::buf::Chain;
use bytes::{Buf, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// A response body of at most two segments, each sent as it is.
///
/// A [`Bytes`] is a counted reference, so a thousand scrapes that run at the same time send one
/// cached exposition without a copy of it; each adds only its own short second segment.
/// The length is always known, hence every response carries `Content-Length`.
///
/// ```
/// use bytes::Bytes;
/// use herakles_web::Body;
///
/// let cached = Bytes::from_static(b"up 1\n");
/// let body = Body::chain(cached.clone(), "process_open_fds 9\n".into());
/// assert_eq!(body.len(), 24);
/// assert_eq!(body.to_bytes(), "up 1\nprocess_open_fds 9\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Body {
    first: Bytes,
    second: Bytes,
}

impl Body {
    /// A body without bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            first: Bytes::new(),
            second: Bytes::new(),
        }
    }

    /// `first`, then `second`.
    #[must_use]
    pub const fn chain(first: Bytes, second: Bytes) -> Self {
        Self { first, second }
    }

    /// Bytes still to be sent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len() + self.second.len()
    }

    /// Whether nothing is left to be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.second.is_empty()
    }

    /// What it is made of.
    pub(crate) fn segments(&self) -> [&[u8]; 2] {
        [&self.first, &self.second]
    }

    /// Takes the first `most` bytes off, or all if there are no more.
    pub(crate) fn split_to(&mut self, most: usize) -> Self {
        let first = self.first.split_to(most.min(self.first.len()));
        let rest = most - first.len();
        let second = self.second.split_to(rest.min(self.second.len()));
        Self { first, second }
    }

    /// The whole body in one piece; copies if there are two segments. Meant for tests of handlers.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match (self.first.is_empty(), self.second.is_empty()) {
            (_, true) => self.first.clone(),
            (true, false) => self.second.clone(),
            (false, false) => [self.first.as_ref(), self.second.as_ref()].concat().into(),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::chain(bytes, Bytes::new())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl HttpBody for Body {
    /// Both segments at once: they leave by one system call.
    type Data = Chain<Bytes, Bytes>;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        let Self { first, second } = std::mem::take(&mut *self);
        let segments = first.chain(second);
        Poll::Ready(segments.has_remaining().then(|| Ok(Frame::data(segments))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}

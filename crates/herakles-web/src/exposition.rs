//! The answer to a scrape.

use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, HeaderValue, VARY};
use hyper::{HeaderMap, Response, StatusCode};

use crate::gzip::{Compressor, Member};
use crate::{Body, Coding, Format, respond};

/// The part of an exposition that many scrapes share, in one format, plain and compressed.
///
/// Render and compress it when the values change; then each scrape costs only its tail: families
/// that are live at every scrape, such as the exporter's own.
///
/// ```
/// use herakles_web::{Exposition, Format, gzip::Compressor, hyper::Request};
///
/// let mut compressor = Compressor::new();
/// let cached = Exposition::new(Format::Text0_0_4, "up 1\n".into(), &mut compressor);
///
/// let request = Request::get("/metrics").header("accept-encoding", "gzip").body(())?;
/// let response = cached.respond(request.headers(), b"process_open_fds 9\n", &mut compressor);
/// assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
/// assert_eq!(response.headers()["content-encoding"], "gzip");
/// # Ok::<(), hyper::http::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Exposition {
    format: Format,
    text: Bytes,
    gzip: Member,
}

impl Exposition {
    /// Compresses `text`, which is in `format`. In OpenMetrics the tail brings the `# EOF`.
    #[must_use]
    pub fn new(format: Format, text: Bytes, compressor: &mut Compressor) -> Self {
        let gzip = Member::new(&text, compressor);
        Self { format, text, gzip }
    }

    /// The format this was rendered in.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Bytes of the shared part in this coding.
    #[must_use]
    pub fn len(&self, coding: Coding) -> usize {
        match coding {
            Coding::Gzip => self.gzip.compressed_len(),
            Coding::Identity => self.text.len(),
        }
    }

    /// 200 with the shared part and then `tail`, in the coding that `request` accepts.
    ///
    /// `compressor` is used for the tail, where the client accepts gzip and a tail of this length is
    /// worth it.
    #[must_use]
    pub fn respond(
        &self,
        request: &HeaderMap,
        tail: &[u8],
        compressor: &mut Compressor,
    ) -> Response<Body> {
        let coding = Coding::accepted(request);
        let body = match coding {
            Coding::Gzip => self.gzip.with_tail(tail, compressor),
            Coding::Identity => Body::chain(self.text.clone(), Bytes::copy_from_slice(tail)),
        };
        let mut response = respond::with_type(StatusCode::OK, self.format.content_type(), body);
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if coding == Coding::Gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

//! The answer to a scrape.

use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, HeaderValue, VARY};
use hyper::{HeaderMap, Response, StatusCode};

use crate::gzip::{Compressor, Member};
use crate::{Body, Coding, Format, respond};

/// One of the ways in which an exposition can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// How it is written.
    pub format: Format,
    /// How that is sent.
    pub coding: Coding,
}

impl Form {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::new(Format::OpenMetrics1_0_0, Coding::Identity),
        Self::new(Format::OpenMetrics1_0_0, Coding::Gzip),
        Self::new(Format::Text0_0_4, Coding::Identity),
        Self::new(Format::Text0_0_4, Coding::Gzip),
    ];

    /// This format in this coding.
    #[must_use]
    pub const fn new(format: Format, coding: Coding) -> Self {
        Self { format, coding }
    }

    /// The best form for these request headers.
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Self {
        Self::new(Format::accepted(headers), Coding::accepted(headers))
    }
}

/// The part of an exposition that many scrapes share, in one form.
///
/// Render and compress it when the values change; then each scrape costs only its tail: families
/// that are live at every scrape, such as the exporter's own.
///
/// ```
/// use herakles_web::{Coding, Exposition, Form, Format, gzip::Compressor};
///
/// let mut compressor = Compressor::new();
/// let form = Form::new(Format::Text0_0_4, Coding::Gzip);
/// let cached = Exposition::new(form, b"up 1\n", &mut compressor);
///
/// let response = cached.respond(b"process_open_fds 9\n", &mut compressor);
/// assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
/// assert_eq!(response.headers()["content-encoding"], "gzip");
/// ```
#[derive(Clone, Debug)]
pub struct Exposition {
    format: Format,
    shared: Shared,
}

#[derive(Clone, Debug)]
enum Shared {
    Identity(Bytes),
    Gzip(Member),
}

impl Exposition {
    /// Copies or compresses `text`, which is in the format of `form`. In OpenMetrics the tail
    /// brings the `# EOF`.
    #[must_use]
    pub fn new(form: Form, text: &[u8], compressor: &mut Compressor) -> Self {
        let shared = match form.coding {
            Coding::Identity => Shared::Identity(Bytes::copy_from_slice(text)),
            Coding::Gzip => Shared::Gzip(Member::new(text, compressor)),
        };
        let format = form.format;
        Self { format, shared }
    }

    /// What was compressed piece by piece, in a format.
    #[must_use]
    pub const fn compressed(format: Format, member: Member) -> Self {
        let shared = Shared::Gzip(member);
        Self { format, shared }
    }

    /// The form it is in.
    #[must_use]
    pub const fn form(&self) -> Form {
        let coding = match self.shared {
            Shared::Identity(_) => Coding::Identity,
            Shared::Gzip(_) => Coding::Gzip,
        };
        Form::new(self.format, coding)
    }

    /// Bytes of the shared part as they are sent.
    #[must_use]
    pub fn shared_len(&self) -> usize {
        match &self.shared {
            Shared::Identity(text) => text.len(),
            Shared::Gzip(member) => member.compressed_len(),
        }
    }

    /// 200 with the shared part and then `tail`.
    ///
    /// `compressor` is used for the tail of a compressed form, where that is worth it.
    #[must_use]
    pub fn respond(&self, tail: &[u8], compressor: &mut Compressor) -> Response<Body> {
        let body = match &self.shared {
            Shared::Identity(text) => Body::chain(text.clone(), Bytes::copy_from_slice(tail)),
            Shared::Gzip(member) => member.with_tail(tail, compressor),
        };
        let mut response = respond::with_type(StatusCode::OK, self.format.content_type(), body);
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if self.form().coding == Coding::Gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

//! Bodies in the coding that their client accepts, and whether it has them already.

use std::io;

use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, Entry, HeaderValue, VARY};
use hyper::{HeaderMap, Response, StatusCode};

use crate::gzip::{Compressor, MemberWriter};
use crate::{Body, Coding, EntityTag};

/// A shorter body is sent as it is: with its head it fits into one packet.
const LEAST: usize = 1024;

/// So much is gathered before it is compressed, as each call of deflate has a price.
const PIECE: usize = 16 * 1024;

/// A body that is written piece by piece and compressed on the way where its client accepts that,
/// so that it is never there whole.
///
/// ```
/// use std::io::Write;
/// use herakles_web::{BodyWriter, Coding, gzip::Compressor};
///
/// let mut compressor = Compressor::new();
/// let mut writer = BodyWriter::new(Coding::Gzip, &mut compressor);
/// for _ in 0..10_000 {
///     writeln!(writer, "a row like all others")?;
/// }
/// assert!(writer.finish().len() < 22_000, "of 220,000");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct BodyWriter<'c> {
    /// The body, or what of it is still to be compressed.
    pending: Vec<u8>,
    gzip: Option<MemberWriter<'c>>,
}

impl<'c> BodyWriter<'c> {
    /// An empty body.
    #[must_use]
    pub fn new(coding: Coding, compressor: &'c mut Compressor) -> Self {
        let (pending, gzip) = match coding {
            Coding::Gzip => {
                let writer = MemberWriter::new(compressor);
                (Vec::with_capacity(PIECE), Some(writer))
            }
            Coding::Identity => (Vec::new(), None),
        };
        Self { pending, gzip }
    }

    /// The body that was written.
    #[must_use]
    pub fn finish(self) -> Body {
        match self.gzip {
            Some(mut gzip) => {
                gzip.write(&self.pending);
                gzip.finish_alone()
            }
            None => self.pending.into(),
        }
    }
}

impl io::Write for BodyWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(gzip) = &mut self.gzip
            && self.pending.len() + bytes.len() > PIECE
        {
            gzip.write(&self.pending);
            self.pending.clear();
            if bytes.len() >= PIECE {
                gzip.write(bytes);
                return Ok(bytes.len());
            }
        }
        self.pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The response as this client should get it: 304 where it has what the [`EntityTag`] stands for,
/// and compressed where that is accepted and worth it. For a handler to give all its responses
/// through.
///
/// A response that says itself by what it [varies](VARY), such as that of an
/// [`Exposition`](crate::Exposition), stays as it is; one that has its coding already is not
/// compressed again.
///
/// ```
/// use herakles_web::hyper::{Request, StatusCode};
/// use herakles_web::{EntityTag, gzip::Compressor, negotiated, respond};
///
/// let mut compressor = Compressor::new();
/// let text = "the configuration in force\n".repeat(100);
/// let tag = EntityTag::of(&text);
/// let response = || tag.clone().put_on(respond::text(StatusCode::OK, text.clone()));
///
/// let request = Request::get("/").header("accept-encoding", "gzip").body(())?;
/// let sent = negotiated(request.headers(), response(), &mut compressor);
/// assert_eq!(sent.headers()["content-encoding"], "gzip");
/// assert!(sent.body().len() < 100);
///
/// let again = Request::get("/").header("if-none-match", tag.value()).body(())?;
/// let sent = negotiated(again.headers(), response(), &mut compressor);
/// assert_eq!(sent.status(), StatusCode::NOT_MODIFIED);
/// # Ok::<(), herakles_web::hyper::http::Error>(())
/// ```
#[must_use]
pub fn negotiated(
    request: &HeaderMap,
    response: Response<Body>,
    compressor: &mut Compressor,
) -> Response<Body> {
    let tag = response
        .headers()
        .get(ETAG)
        .filter(|_| response.status() == StatusCode::OK);
    if let Some(tag) = tag.cloned().map(EntityTag::from_value)
        && tag.is_known(request)
    {
        return tag.not_modified();
    }
    if !is_text(response.headers()) {
        return response;
    }
    let (mut head, mut body) = response.into_parts();
    let Entry::Vacant(vary) = head.headers.entry(VARY) else {
        return Response::from_parts(head, body);
    };
    // Also where nothing is gained by it now: a longer answer to the same request would differ.
    vary.insert(HeaderValue::from_static("Accept-Encoding"));
    let is_plain = !head.headers.contains_key(CONTENT_ENCODING);
    if is_plain && body.len() >= LEAST && Coding::accepted(request) == Coding::Gzip {
        body = compressed(&body, compressor);
        return Coding::Gzip.put_on(Response::from_parts(head, body));
    }
    Response::from_parts(head, body)
}

impl Coding {
    /// The response with the name of this coding, in which its body is.
    #[must_use]
    pub fn put_on(self, mut response: Response<Body>) -> Response<Body> {
        if self == Self::Gzip {
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, gzip);
        }
        response
    }
}

fn compressed(body: &Body, compressor: &mut Compressor) -> Body {
    let mut writer = MemberWriter::new(compressor);
    for segment in body.segments() {
        writer.write(segment);
    }
    writer.finish_alone()
}

/// Whether a body of this type has the redundancy of text: pictures and archives have none.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"text/") || kind.starts_with(b"application/json"))
}

#[cfg(test)]
mod tests;

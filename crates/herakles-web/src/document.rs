//! Pages for people, which browsers keep: validated, compressed, and under a policy of their own.

use std::hash::{DefaultHasher, Hash, Hasher};

use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
    REFERRER_POLICY, VARY,
};
use hyper::{HeaderMap, Response, StatusCode};

use crate::{Body, respond};

/// A weak validator (RFC 9110, 8.8.1): two documents with the same tag say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag(HeaderValue);

impl EntityTag {
    /// The tag of whatever decides what a document says.
    ///
    /// ```
    /// use herakles_web::{EntityTag, hyper::Request};
    ///
    /// let tag = EntityTag::of(&("/", 42));
    /// let request = Request::get("/").header("if-none-match", tag.value()).body(())?;
    /// assert!(tag.is_known(request.headers()));
    /// # Ok::<(), hyper::http::Error>(())
    /// ```
    #[must_use]
    pub fn of(content: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let text = format!("W/\"{:016x}\"", hasher.finish());
        // Hexadecimal digits are fit for a header.
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("W/\"\"")))
    }

    /// The one that a response has.
    pub(crate) const fn from_value(value: HeaderValue) -> Self {
        Self(value)
    }

    /// As it stands in the header `ETag`.
    #[must_use]
    pub const fn value(&self) -> &HeaderValue {
        &self.0
    }

    /// Whether the client has the document with this tag (`If-None-Match`, RFC 9110, 13.1.2).
    #[must_use]
    pub fn is_known(&self, request: &HeaderMap) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = self.0.to_str().map(opaque).unwrap_or_default();
        let asked = request.get_all(IF_NONE_MATCH).into_iter();
        asked
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .any(|known| known.trim() == "*" || opaque(known) == own)
    }

    /// Makes a response one that its client may keep and must validate each time.
    #[must_use]
    pub fn put_on(self, mut response: Response<Body>) -> Response<Body> {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(ETAG, self.0);
        response
    }

    /// 304, for a client that has it.
    #[must_use]
    pub fn not_modified(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        // What 200 would say of caches (RFC 9110, 15.4.5).
        let vary = HeaderValue::from_static("Accept-Encoding");
        response.headers_mut().insert(VARY, vary);
        self.put_on(response)
    }
}

/// A document that a browser may keep and must validate each time.
#[derive(Clone, Debug)]
pub struct Document {
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The `Content-Security-Policy`.
    pub policy: &'static str,
    /// What validates it.
    pub tag: EntityTag,
}

impl Document {
    /// 200 with this content. [`negotiated`](crate::negotiated) compresses it, if its
    /// [`Coding`](crate::Coding) is not put on it.
    #[must_use]
    pub fn respond(self, content: impl Into<Body>) -> Response<Body> {
        let content_type = HeaderValue::from_static(self.content_type);
        let mut response = respond::with_type(StatusCode::OK, content_type, content);
        let headers = response.headers_mut();
        let mut insert = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        insert(CONTENT_SECURITY_POLICY, self.policy);
        insert(REFERRER_POLICY, "no-referrer");
        self.tag.put_on(response)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::gzip::Compressor;
    use crate::{BodyWriter, Coding, negotiated};

    #[test]
    fn a_client_that_has_the_document_is_told_so() {
        let tag = EntityTag::of(&"x");
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, value.parse().unwrap());
            tag.is_known(&headers)
        };
        let text = tag.value().to_str().unwrap();
        assert!(with(text) && with(&format!("\"a\", {text}")) && with("*"));
        assert!(with(text.trim_start_matches("W/")) && !with("W/\"0\"") && !with(""));
        assert_eq!(tag.clone().not_modified().headers()["etag"], text);
    }

    #[test]
    fn a_long_table_is_compressed_well() {
        let row = |row: u64| {
            let pid = 1_000 + row * 7;
            let (size, other) = (row * row * 7_919 % 9_973, row * 104_729 % 997);
            format!(
                "<tr class=\"c0\"><th><bdi>job-{}</bdi></th><td><a href=\"/process/{pid}\">{pid}</a></td>\
                 <td class=\"n\">{size} KiB</td><td class=\"n y\">{other} KiB</td></tr>",
                row % 50
            )
        };
        let table: String = (0..5_000).map(row).collect();
        let sent = |mut compressor| {
            let mut writer = BodyWriter::new(Coding::Gzip, &mut compressor);
            writer.write_all(table.as_bytes()).unwrap();
            writer.finish().len()
        };
        let (fast, thorough) = (sent(Compressor::new()), sent(Compressor::thorough()));
        assert!(thorough * 10 < fast * 9, "{thorough} of {fast}");
    }

    #[test]
    fn a_document_is_kept_and_validated() {
        let tag = EntityTag::of(&1);
        let document = Document {
            content_type: "text/html",
            policy: "default-src 'none'",
            tag,
        };
        for (coding, encoding) in [(Coding::Identity, None), (Coding::Gzip, Some("gzip"))] {
            let response = coding.put_on(document.clone().respond("<p>"));
            let response = negotiated(&HeaderMap::new(), response, &mut Compressor::new());
            let header = |name: &str| response.headers().get(name).map(|it| it.to_str().unwrap());
            assert_eq!(header("cache-control"), Some("no-cache"));
            assert_eq!(header("content-encoding"), encoding);
            assert_eq!(header("vary"), Some("Accept-Encoding"));
            assert_eq!(
                header("content-security-policy"),
                Some("default-src 'none'")
            );
            assert!(header("etag").is_some_and(|tag| tag.starts_with("W/\"")));
        }
    }
}

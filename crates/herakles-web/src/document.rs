//! Pages for people, which browsers keep: validated, compressed, and under a policy of their own.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, VARY,
};
use hyper::{HeaderMap, Response, StatusCode};

use crate::gzip::{Compressor, Member};
use crate::{Body, Coding, respond};

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

    /// 304, for a client that has it.
    #[must_use]
    pub fn not_modified(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(ETAG, self.0);
        response
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
    /// 200 with this content.
    #[must_use]
    pub fn respond(self, content: Bytes, coding: Coding) -> Response<Body> {
        let body: Body = match coding {
            Coding::Gzip => {
                let compressor = &mut Compressor::thorough();
                Member::new(&content, compressor).with_tail(&[], compressor)
            }
            Coding::Identity => content.into(),
        };
        let content_type = HeaderValue::from_static(self.content_type);
        let mut response = respond::with_type(StatusCode::OK, content_type, body);
        let headers = response.headers_mut();
        let mut insert = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        insert(CONTENT_SECURITY_POLICY, self.policy);
        insert(REFERRER_POLICY, "no-referrer");
        insert(CACHE_CONTROL, "no-cache");
        insert(VARY, "Accept-Encoding");
        if coding == Coding::Gzip {
            insert(CONTENT_ENCODING, "gzip");
        }
        headers.insert(ETAG, self.tag.0);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let document = Document {
            content_type: "text/html",
            policy: "default-src 'none'",
            tag: EntityTag::of(&1),
        };
        let fast = Member::new(table.as_bytes(), &mut Compressor::new()).compressed_len();
        let response = document.respond(table.into(), Coding::Gzip);
        let sent = response.into_body().to_bytes().len();
        assert!(sent * 10 < fast * 9, "{sent} of {fast}");
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
            let response = document.clone().respond("<p>".into(), coding);
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

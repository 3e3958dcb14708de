//! The headers that a web configuration adds to every response.

use hyper::HeaderMap;
use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use serde_saphyr::Spanned;

use super::error::Problem;
use super::raw_config::{HeadersSection, given};

/// Name, the only values it may have if not all, value.
type Row = (HeaderName, &'static [&'static str], Option<Spanned<String>>);

pub(super) fn headers(section: HeadersSection) -> Result<HeaderMap, Problem> {
    let rows: [Row; 5] = [
        (
            CONTENT_SECURITY_POLICY,
            &[],
            section.content_security_policy,
        ),
        (
            X_FRAME_OPTIONS,
            &["deny", "sameorigin"],
            section.x_frame_options,
        ),
        (
            X_CONTENT_TYPE_OPTIONS,
            &["nosniff"],
            section.x_content_type_options,
        ),
        (X_XSS_PROTECTION, &[], section.x_xss_protection),
        (
            STRICT_TRANSPORT_SECURITY,
            &[],
            section.strict_transport_security,
        ),
    ];
    let mut headers = HeaderMap::new();
    for (name, words, text) in rows {
        let Some(text) = given(&text) else { continue };
        let known = |word: &&str| word.eq_ignore_ascii_case(&text.value);
        if !words.is_empty() && !words.iter().any(known) {
            let message = format!("invalid value for {name}: write {}", words.join(" or "));
            return Err(Problem::at(text.referenced, message));
        }
        let value = HeaderValue::from_str(&text.value).map_err(|_| {
            let message = format!("invalid value for {name}: one line of printable ASCII only");
            Problem::at(text.referenced, message)
        })?;
        headers.insert(name, value);
    }
    Ok(headers)
}

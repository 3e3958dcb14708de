//! Responses as an exporter gives them: never cached, never sniffed, nothing loaded from elsewhere or
//! by pages from elsewhere.

use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use crate::Body;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The policy of every HTML page: styles and images from this server only, no script, no form, no
/// frame, so that a page which should fail to escape a process name still runs nothing.
pub const HTML_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Plain text in UTF-8.
#[must_use]
pub fn text(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    with_type(
        status,
        HeaderValue::from_static("text/plain; charset=utf-8"),
        body,
    )
}

/// JSON that is already encoded.
#[must_use]
pub fn json(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    with_type(status, HeaderValue::from_static("application/json"), body)
}

/// A style sheet, for the pages whose policy allows styles from this server only.
#[must_use]
pub fn css(body: impl Into<Body>) -> Response<Body> {
    with_type(
        StatusCode::OK,
        HeaderValue::from_static("text/css; charset=utf-8"),
        body,
    )
}

/// An HTML page under [`HTML_POLICY`]. The caller has escaped what it put in.
#[must_use]
pub fn html(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = with_type(
        status,
        HeaderValue::from_static("text/html; charset=utf-8"),
        body,
    );
    response.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(HTML_POLICY),
    );
    response
}

/// A body of any type, with `Cache-Control: no-store`, `X-Content-Type-Options: nosniff` and
/// `Cross-Origin-Resource-Policy: same-origin`.
#[must_use]
pub fn with_type(
    status: StatusCode,
    content_type: HeaderValue,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// 404.
#[must_use]
pub fn not_found() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "nothing is served at this path\n")
}

/// 405; `allow` lists the methods of this path, such as `GET, HEAD`.
#[must_use]
pub fn method_not_allowed(allow: &'static str) -> Response<Body> {
    let sentence = format!("this path answers {allow} only\n");
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, sentence);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::{css, html, json, method_not_allowed, not_found, text};

    #[test]
    fn nothing_is_cached_or_sniffed() {
        let ok = StatusCode::OK;
        for (response, content_type) in [
            (text(ok, "x"), "text/plain; charset=utf-8"),
            (json(ok, "{}"), "application/json"),
            (html(ok, "<p>"), "text/html; charset=utf-8"),
            (css("p {}"), "text/css; charset=utf-8"),
            (not_found(), "text/plain; charset=utf-8"),
            (method_not_allowed("GET, HEAD"), "text/plain; charset=utf-8"),
        ] {
            let headers = response.headers();
            assert_eq!(headers["content-type"], content_type);
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
        }
    }

    #[test]
    fn pages_run_nothing() {
        let policy = html(StatusCode::OK, "<p>").headers()["content-security-policy"].clone();
        let policy = policy.to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe"),
            "{policy}"
        );
    }

    #[test]
    fn refusals_say_what_is_allowed() {
        let response = method_not_allowed("GET, HEAD");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "GET, HEAD");
        assert_eq!(not_found().status(), StatusCode::NOT_FOUND);
    }
}

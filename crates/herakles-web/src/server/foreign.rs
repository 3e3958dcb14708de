//! Requests that a web page from elsewhere makes by its reader's browser.
//!
//! Such a page can send what it likes to addresses that only its reader reaches, and by a name of
//! its own that it lets resolve to one of them (DNS rebinding) even read the answers.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::{HOST, HeaderValue, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};

use crate::listen::Listener;
use crate::{Body, respond};

/// By which names a listener is asked.
#[derive(Clone, Debug)]
pub(super) enum Hosts {
    /// By any: who reaches it from elsewhere may know it by any name.
    Any,
    /// It listens on a loopback address: only by names of that, by names that no public domain can
    /// have, and the one it was bound by.
    Loopback(Option<Arc<str>>),
}

impl Hosts {
    pub(super) fn of(listener: &Listener) -> Self {
        match listener.tcp_address() {
            Some(address) if address.ip().is_loopback() => {
                Self::Loopback(listener.name.as_deref().map(Into::into))
            }
            _ => Self::Any,
        }
    }

    /// Whether a request may name this host.
    fn allow(&self, host: &str) -> bool {
        let Self::Loopback(name) = self else {
            return true;
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let host = host.to_ascii_lowercase();
        // A page comes from a name of the public DNS, and that has a dot. Names without one are those of
        // hosts files, containers and clients made by hand; no name was never resolved to anything.
        if !host.contains(['.', ':']) || host.ends_with(".localhost") {
            return true;
        }
        if name
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(&host))
        {
            return true;
        }
        let address = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let address: Result<IpAddr, _> = address.unwrap_or(&host).parse();
        address.is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

/// 421 to a request by a name that this listener does not have, as after DNS rebinding.
pub(super) fn misdirected(request: &Request<()>, hosts: &Hosts) -> Option<Response<Body>> {
    let host = without_port(authority(request)?);
    if hosts.allow(host) {
        return None;
    }
    let sentence = "this address answers to localhost and loopback addresses only; ask it by one of \
                    them, and let a proxy before it set the Host header so\n";
    Some(respond::text(StatusCode::MISDIRECTED_REQUEST, sentence))
}

/// 403 to a request that a page of another site makes, unless it is a reader who follows a link.
pub(super) fn cross_site(request: &Request<()>) -> Option<Response<Body>> {
    let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
    let is_foreign = match header("sec-fetch-site") {
        Some(b"same-origin" | b"none") => false,
        Some(_) => {
            let is_link = header("sec-fetch-mode") == Some(b"navigate")
                && header("sec-fetch-dest") == Some(b"document");
            !(is_link && *request.method() == Method::GET)
        }
        // Old browsers, and new ones that do not trust this address.
        None => request.headers().get(ORIGIN).is_some_and(|origin| {
            let own = authority(request).unwrap_or_default().as_bytes();
            let named = origin.as_bytes();
            let named = named
                .strip_prefix(b"http://")
                .or(named.strip_prefix(b"https://"));
            !named.is_some_and(|named| named.eq_ignore_ascii_case(own))
        }),
    };
    let sentence = "pages of other sites get no answer here\n";
    is_foreign.then(|| respond::text(StatusCode::FORBIDDEN, sentence))
}

/// Host and port that the request names.
fn authority(request: &Request<()>) -> Option<&str> {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let of_http2 = || {
        request
            .uri()
            .authority()
            .map(|authority| authority.as_str())
    };
    host.or_else(of_http2)
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn a_loopback_listener_answers_to_its_own_names_only() {
        let hosts = Hosts::Loopback(Some("exporter.internal".into()));
        let allows = |host| misdirected(&request("GET", &[("host", host)]), &hosts).is_none();
        for own in [
            "localhost",
            "LocalHost:9215",
            "localhost.:9215",
            "a.localhost",
            "127.0.0.1:9215",
            "127.1.2.3",
            "[::1]:9215",
            "",
            "x",
            "exporter:9215",
            "[::ffff:127.0.0.1]:1",
            "exporter.internal:9215",
        ] {
            assert!(allows(own), "{own}");
        }
        for other in [
            "evil.example",
            "evil.example:9215",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.0.2.1:9215",
            "[2001:db8::1]:9215",
        ] {
            assert!(!allows(other), "{other}");
        }
        let evil = request("GET", &[("host", "evil.example")]);
        assert!(misdirected(&evil, &Hosts::Any).is_none());
    }

    #[test]
    fn only_pages_of_other_sites_are_refused() {
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        let frame = [link[0], link[1], ("sec-fetch-dest", "iframe")];
        let own = [("host", "h:9215"), ("origin", "http://H:9215")];
        let spoofed = [("sec-fetch-site", "cross-site"), own[0], own[1]];
        type Headers<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(&str, Headers<'_>, bool)] = &[
            ("GET", &[], false),
            ("POST", &[], false),
            ("GET", &[("sec-fetch-site", "none")], false),
            ("POST", &[("sec-fetch-site", "same-origin")], false),
            ("GET", &[("sec-fetch-site", "same-site")], true),
            ("GET", &[("sec-fetch-site", "cross-site")], true),
            ("GET", &link, false),
            ("POST", &link, true),
            ("GET", &frame, true),
            ("POST", &own, false),
            ("POST", &[("host", "h:9215"), ("origin", "http://h")], true),
            ("POST", &[("host", "h:9215"), ("origin", "null")], true),
            (
                "GET",
                &[("host", "h:9215"), ("origin", "https://evil.example")],
                true,
            ),
            ("POST", &spoofed, true),
        ];
        for (method, headers, refused) in cases {
            let request = request(method, headers);
            assert_eq!(
                cross_site(&request).is_some(),
                *refused,
                "{method} {headers:?}"
            );
        }
    }
}

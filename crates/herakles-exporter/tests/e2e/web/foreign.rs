//! What a page of another site gets by its reader's browser.

use crate::harness::eventually;
use crate::harness::exporter::{Exporter, Options};
use crate::harness::http;

fn status(exporter: &Exporter, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    exporter.request(method, path, headers).status
}

#[test]
fn a_foreign_page_cannot_make_it_reload() {
    let exporter = Options::recorded().args(["--web.enable-reload"]).start();
    let own = format!("http://{}", exporter.address);
    let reload = |headers: &[(&str, &str)]| status(&exporter, "POST", "/-/reload", headers);
    assert_eq!(reload(&[]), 200);
    assert_eq!(reload(&[("Origin", &own)]), 200);
    assert_eq!(
        reload(&[("Sec-Fetch-Site", "same-origin"), ("Origin", &own)]),
        200
    );
    assert_eq!(reload(&[("Origin", "http://evil.example")]), 403);
    assert_eq!(reload(&[("Origin", "null")]), 403);
    assert_eq!(reload(&[("Sec-Fetch-Site", "cross-site")]), 403);
    assert_eq!(reload(&[("Sec-Fetch-Site", "same-site")]), 403);
    eventually("three reloads in the log", || {
        let reloads = exporter.log().matches("configuration reloaded").count();
        (reloads == 3).then_some(())
    });
}

#[test]
fn a_foreign_page_reads_no_answer() {
    let exporter = Options::recorded().start();
    exporter.wait_for_refreshes(1.0);
    for path in ["/api/v1/snapshot", "/metrics", "/config", "/"] {
        let fetch = [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "no-cors"),
        ];
        assert_eq!(status(&exporter, "GET", path, &fetch), 403, "{path}");
        let fetch = [("Origin", "https://evil.example")];
        let response = exporter.request("GET", path, &fetch);
        assert_eq!(response.status, 403, "{path}");
        assert_eq!(response.header("access-control-allow-origin"), None);
        let response = exporter.get(path);
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("access-control-allow-origin"), None);
        let policy = response.header("cross-origin-resource-policy");
        assert_eq!(policy, Some("same-origin"), "{path}");
    }
    // Somebody who follows a link from there is no page.
    let link = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    ];
    assert_eq!(status(&exporter, "GET", "/", &link), 200);
    let refused = [("path", "/api/v1/snapshot"), ("code", "403")];
    let requests = "herakles_exporter_http_requests_total";
    assert_eq!(exporter.metrics().value(requests, &refused), Some(2.0));
}

#[test]
fn on_loopback_it_answers_to_names_of_loopback_only() {
    let exporter = Options::recorded().start();
    exporter.wait_for_refreshes(1.0);
    let ask = |host: &str| {
        let path = "/api/v1/snapshot";
        let response = http::request_by_name(exporter.address, host, "GET", path, &[]);
        response.expect("an answer").status
    };
    let port = exporter.address.port();
    for own in [
        "localhost".to_owned(),
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
    ] {
        assert_eq!(ask(&own), 200, "{own}");
    }
    for other in ["evil.example".to_owned(), format!("evil.example:{port}")] {
        assert_eq!(ask(&other), 421, "{other}");
    }
}

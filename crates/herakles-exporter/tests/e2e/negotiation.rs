//! Every path gives each client what it accepts and does not have yet.

use crate::harness::exporter::{Exporter, Options};

/// All that is read by people and programs; those longer than a packet are compressed.
const PATHS: [&str; 12] = [
    "/",
    "/?processes=all",
    "/subgroup/web/tomcat",
    "/process/930",
    "/dashboard.css",
    "/dashboard.js",
    "/health",
    "/-/ready",
    "/config",
    "/subgroups",
    "/subgroups?rules=all",
    "/api/v1/snapshot",
];

/// What says how old it is, or nothing that could change.
const WITHOUT_TAG: [&str; 3] = ["/health", "/-/ready", "/api/v1/snapshot"];

/// Refreshed twice and then no more.
fn recorded() -> Exporter {
    let exporter = Options::recorded().start();
    exporter.wait_for_refreshes(2.0);
    exporter
}

#[test]
fn what_is_long_comes_compressed_to_those_who_accept_it() {
    let exporter = recorded();
    for path in PATHS {
        let plain = exporter.get(path);
        let packed = exporter.request("GET", path, &[("Accept-Encoding", "gzip")]);
        for response in [&plain, &packed] {
            assert_eq!(response.status, 200, "{path}");
            assert_eq!(response.header("vary"), Some("Accept-Encoding"), "{path}");
        }
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        let coding = (plain.body.len() >= 1024).then_some("gzip");
        assert_eq!(packed.header("content-encoding"), coding, "{path}");
        if coding.is_some() {
            assert!(packed.body.len() * 3 < plain.body.len() * 2, "{path}");
        }
        // Both say the same but for ages and counts.
        let lines = |text: String| text.lines().count();
        assert_eq!(lines(packed.text()), lines(plain.text()), "{path}");
        let refused = exporter.request("GET", path, &[("Accept-Encoding", "gzip;q=0")]);
        assert_eq!(refused.header("content-encoding"), None, "{path}");
    }
    assert!(exporter.get("/config").body.len() > 1024);
    assert!(exporter.get("/subgroups").body.len() > 1024);
}

#[test]
fn head_tells_what_get_would() {
    let exporter = recorded();
    for path in PATHS {
        for coding in ["gzip", "identity"] {
            let asked = [("Accept-Encoding", coding)];
            let get = exporter.request("GET", path, &asked);
            let head = exporter.request("HEAD", path, &asked);
            assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
            // What tells its own age may get longer meanwhile.
            let length = (!WITHOUT_TAG.contains(&path)).then_some("content-length");
            let names = [
                "content-type",
                "content-encoding",
                "vary",
                "etag",
                "cache-control",
            ];
            for name in names.into_iter().chain(length) {
                assert_eq!(head.header(name), get.header(name), "{path}: {name}");
            }
        }
    }
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let exporter = recorded();
    for path in PATHS {
        let packed = exporter.request("GET", path, &[("Accept-Encoding", "gzip")]);
        let Some(tag) = packed.header("etag") else {
            assert!(WITHOUT_TAG.contains(&path), "{path} has no ETag");
            assert_eq!(packed.header("cache-control"), Some("no-store"), "{path}");
            continue;
        };
        assert!(!WITHOUT_TAG.contains(&path), "{path}");
        assert_eq!(packed.header("cache-control"), Some("no-cache"), "{path}");
        for method in ["GET", "HEAD"] {
            let again = exporter.request(method, path, &[("If-None-Match", tag)]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
            assert_eq!(again.header("etag"), Some(tag), "{path}");
            assert_eq!(again.header("vary"), Some("Accept-Encoding"), "{path}");
        }
    }
}

#[test]
fn a_reload_changes_the_tag_of_what_it_changes() {
    let exporter = Options::recorded().args(["--web.enable-reload"]).start();
    exporter.wait_for_refreshes(1.0);
    let tag = |path: &str| exporter.get(path).header("etag").map(str::to_owned);
    let before = [tag("/config"), tag("/dashboard.css")];
    let mut config = std::fs::read_to_string(&exporter.config).expect("it can be read");
    config.push_str("\n[dashboard]\nhistory = '7m'\n");
    std::fs::write(&exporter.config, config).expect("it can be written");
    assert_eq!(exporter.request("POST", "/-/reload", &[]).status, 200);
    let after = [tag("/config"), tag("/dashboard.css")];
    assert_ne!(before[0], after[0]);
    assert_eq!(before[1], after[1]);
}

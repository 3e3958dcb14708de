//! Both text formats, judged by programs that are not ours.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::harness::{
    alone::runs_alone,
    exporter::{Exporter, OPENMETRICS, Options, TEXT},
    exposition::Exposition,
    target::Target,
    tools,
};

/// The recorded tree, which holds hostile names and does not move.
fn recorded() -> Exporter {
    let exporter = Options::recorded().start();
    exporter.wait_for_refreshes(1.0);
    exporter
}

#[test]
fn promtool_has_nothing_to_say_about_the_text_format() {
    if runs_alone() {
        return;
    }
    let Some(promtool) = tools::promtool() else {
        return;
    };
    let live = Options::live().start();
    live.wait_for_refreshes(2.0);
    for exporter in [recorded(), live] {
        let body = exporter.body(TEXT);
        // promtool accepts an empty body.
        assert!(
            body.contains("herakles_process_memory_rss_bytes{"),
            "{body}"
        );
        let mut child = Command::new(&promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool starts");
        let mut stdin = child.stdin.take().expect("promtool has a stdin");
        stdin.write_all(body.as_bytes()).expect("promtool reads");
        drop(stdin);
        let output = child.wait_with_output().expect("promtool ends");
        let said = [output.stdout, output.stderr].concat();
        assert!(
            output.status.success() && said.is_empty(),
            "promtool: {}\n{}",
            output.status,
            String::from_utf8_lossy(&said)
        );
    }
}

#[test]
fn python_reads_the_same_from_both_formats() {
    let Some(python) = tools::python_with_parsers() else {
        return;
    };
    let exporter = recorded();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).expect("the body can be written");
        path
    };
    let gzipped = exporter.request(
        "GET",
        "/metrics",
        &[("Accept", OPENMETRICS), ("Accept-Encoding", "gzip")],
    );
    assert_eq!(gzipped.header("content-encoding"), Some("gzip"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/check_exposition.py");
    let mut check = Command::new(python);
    check
        .arg(script)
        .arg(write("openmetrics.gz", &gzipped.body))
        .arg(write("text", exporter.body(TEXT).as_bytes()));
    let output = tools::succeed(&mut check);
    let said = String::from_utf8_lossy(&output.stdout);
    let compared: usize = said
        .trim()
        .parse()
        .expect("the script prints how many it compared");
    // More than the processes of the tree times the families of a process.
    assert!(compared > 150, "only {compared} samples compared");
}

#[test]
fn python_accepts_the_live_body_with_hostile_names() {
    if runs_alone() {
        return;
    }
    let Some(python) = tools::python_with_parsers() else {
        return;
    };
    let _targets: Vec<_> = [
        b"{}=,\"".as_slice(),
        b"\\n\\\\\"",
        b"#\n# EOF\n",
        b"\x1b[2J\xf0\x9f",
    ]
    .map(|name| Target::start(name, ""))
    .into_iter()
    .collect();
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(2.0);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("body");
    std::fs::write(&path, exporter.body(OPENMETRICS)).expect("the body can be written");
    tools::succeed(Command::new(python).arg("-c").arg(
        "import sys; from prometheus_client.openmetrics import parser; \
         families = list(parser.text_string_to_metric_families(open(sys.argv[1], newline='').read())); \
         assert len(families) > 10, families",
    ).arg(path));
}

#[test]
fn curl_decodes_the_whole_compressed_body() {
    let Some(curl) = tools::curl() else { return };
    let exporter = recorded();
    let mut fetch = Command::new(curl);
    fetch
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "--compressed",
            "--noproxy",
            "*",
        ])
        .args(["--header", &format!("Accept: {OPENMETRICS}")])
        .arg(format!("http://{}/metrics", exporter.address));
    let body = String::from_utf8(tools::succeed(&mut fetch).stdout).expect("the body is UTF-8");
    assert!(body.ends_with("# EOF\n"), "the body is cut short");
    let tail = Exposition::parse(&body).value("process_resident_memory_bytes", &[]);
    assert!(tail.is_some(), "the live tail is missing");
}

#[test]
fn both_formats_hold_the_same_snapshot_without_duplicates() {
    let exporter = recorded();
    // Each form that is asked for adds its size to the tail.
    exporter.body(OPENMETRICS);
    let text = Exposition::parse(&exporter.body(TEXT)).samples;
    let openmetrics = exporter.body(OPENMETRICS);
    assert!(openmetrics.ends_with("# EOF\n"));
    let openmetrics: Vec<_> = Exposition::parse(&openmetrics)
        .samples
        .into_iter()
        .filter(|sample| !sample.name.ends_with("_created"))
        .collect();
    // The tail is live, so its values may differ; its series may not.
    let is_live =
        |name: &str| name.starts_with("herakles_exporter_") || name.starts_with("process_");
    assert_eq!(text.len(), openmetrics.len());
    for (text, openmetrics) in text.iter().zip(&openmetrics) {
        if is_live(&text.name) {
            assert_eq!(
                (&text.name, &text.labels),
                (&openmetrics.name, &openmetrics.labels)
            );
        } else {
            assert_eq!(text, openmetrics);
        }
    }
}

#[test]
fn the_accept_header_chooses_as_prometheus_expects() {
    let exporter = recorded();
    let choice = |headers: &[(&str, &str)]| {
        let response = exporter.request("GET", "/metrics", headers);
        assert_eq!(response.status, 200);
        let vary = response
            .header("vary")
            .unwrap_or_default()
            .to_ascii_lowercase();
        assert!(
            vary.contains("accept") && vary.contains("accept-encoding"),
            "Vary: {vary}"
        );
        let header = |name: &str| response.header(name).unwrap_or_default().to_owned();
        (header("content-type"), header("content-encoding"))
    };
    let prometheus_2 = "application/openmetrics-text;version=1.0.0,\
        application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,\
        text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    let plain = |format: &str| (format.to_owned(), String::new());
    let gzip = |format: &str| (format.to_owned(), "gzip".to_owned());
    assert_eq!(choice(&[("Accept", prometheus_2)]), plain(OPENMETRICS));
    assert_eq!(choice(&[("Accept", prometheus_3)]), plain(OPENMETRICS));
    assert_eq!(choice(&[]), plain(TEXT));
    assert_eq!(choice(&[("Accept", "*/*")]), plain(TEXT));
    assert_eq!(choice(&[("Accept", "application/x-unknown")]), plain(TEXT));
    let with_gzip = [("Accept", prometheus_2), ("Accept-Encoding", "gzip")];
    assert_eq!(choice(&with_gzip), gzip(OPENMETRICS));
    assert_eq!(choice(&[("Accept-Encoding", "gzip;q=0")]), plain(TEXT));
    assert_eq!(choice(&[("Accept-Encoding", "br, gzip;q=0.5")]), gzip(TEXT));
}

//! A scrape from the socket's other side.

use std::io::Read;
use std::process::Command;

use flate2::bufread::GzDecoder;

use crate::harness::{Answer, Client, LIVE, Running, cached, patient};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";

fn scrape(client: &mut Client, method: &str, accept: &str, encoding: &str) {
    client.send(format!(
        "{method} /metrics HTTP/1.1\r\nHost: localhost\r\n\
         Accept: {accept}\r\nAccept-Encoding: {encoding}\r\n\r\n"
    ));
}

fn check_headers(answer: &Answer) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

fn everything() -> Vec<u8> {
    [cached().as_slice(), LIVE].concat()
}

#[test]
fn identity_and_gzip_say_the_same() {
    let server = Running::start(patient(4));
    let mut client = server.connect();

    scrape(&mut client, "GET", "*/*", "identity");
    let identity = client.answer();
    check_headers(&identity);
    assert_eq!(
        identity.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(identity.header("content-encoding"), None);
    assert!(identity.body == everything());

    scrape(&mut client, "GET", "*/*", "gzip");
    let gzip = client.answer();
    check_headers(&gzip);
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    let mut rest = gzip.body.as_slice();
    let mut plain = Vec::new();
    GzDecoder::new(&mut rest).read_to_end(&mut plain).unwrap();
    assert!(rest.is_empty(), "more than one member");
    assert!(plain == everything());
}

#[test]
fn the_format_follows_accept() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    scrape(&mut client, "GET", OPEN_METRICS, "gzip");
    let answer = client.answer();
    check_headers(&answer);
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
}

#[test]
fn head_knows_the_compressed_length() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    scrape(&mut client, "HEAD", "*/*", "gzip");
    let head = client.answer_to_head();
    scrape(&mut client, "GET", "*/*", "gzip");
    let get = client.answer();
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("content-encoding"), Some("gzip"));
}

#[test]
fn curl_decodes_all_of_it() {
    let server = Running::start(patient(4));
    let url = format!("http://{}/metrics", server.address);
    let arguments = ["--compressed", "--silent", "--show-error", "--fail", &url];
    match Command::new("curl").args(arguments).output() {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(
                output.stdout == everything(),
                "{} bytes",
                output.stdout.len()
            );
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "curl: {error}");
            eprintln!("skipped: curl: {error}");
        }
    }
}

//! What requests get.

use std::process::Command;

use crate::harness::{BIG, Running, big, patient};

#[test]
fn a_kept_connection_serves_again() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    for _ in 0..3 {
        let answer = client.get("/hello");
        assert_eq!((answer.status, answer.text()), (200, "hello\n"));
        assert_eq!(answer.header("content-length"), Some("6"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(server.events(), ["Accepted"]);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    let requests: String = (1..=5)
        .map(|n| format!("GET /echo?{n} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .collect();
    client.send(requests);
    for n in 1..=5 {
        assert_eq!(client.answer().text(), format!("GET /echo?{n}"));
    }
}

#[test]
fn head_gets_the_headers_of_get() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    client.send("HEAD /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let head = client.answer_to_head();
    assert_eq!(head.status, 200);
    assert_eq!(
        head.header("content-length"),
        Some((BIG + 3).to_string().as_str())
    );
    // Anything left of a body would be taken for the next answer.
    assert_eq!(client.get("/hello").text(), "hello\n");
}

#[test]
fn paths_arrive_as_they_were_sent() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    assert_eq!(client.get("/%68ello").status, 404);
    assert_eq!(client.get("/hello/").status, 404);
    assert_eq!(client.get("//hello").status, 404);
    assert_eq!(client.get("/x/../hello").status, 404);
    assert_eq!(client.get("/hello?x=%00").status, 200);
    assert_eq!(client.get("http://elsewhere/hello").status, 200);
}

#[test]
fn the_host_header_is_required_once() {
    let server = Running::start(patient(4));
    for (request, status) in [
        ("GET /hello HTTP/1.1\r\n\r\n", 400),
        (
            "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n",
            400,
        ),
        ("GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 200),
        ("GET /hello HTTP/1.0\r\n\r\n", 200),
    ] {
        let mut client = server.connect();
        client.send(request);
        assert_eq!(client.answer().status, status, "{request:?}");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let server = Running::start(patient(8));
    let long = "x".repeat(20_000);
    for (request, status) in [
        ("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned(), 400),
        ("hello\r\n\r\n".to_owned(), 400),
        ("GET /hello HTTP/1.1\r\nHo st: a\r\n\r\n".to_owned(), 400),
        (
            format!("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
            431,
        ),
        (
            format!(
                "GET /hello HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
                "X: y\r\n".repeat(100)
            ),
            431,
        ),
    ] {
        let mut client = server.connect();
        // The server may answer and close before it has read everything.
        let _ = client.try_send(&request);
        let answer = String::from_utf8_lossy(&client.read_to_end()).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request:.40?}: {answer}"
        );
        server.wait_for_event("Malformed");
    }
    assert_eq!(server.connect().get("/hello").status, 200);
}

#[test]
fn headers_of_nearly_16_kib_are_fine() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    client.send(format!(
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(15_000)
    ));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn request_bodies_are_ignored() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody");
    assert_eq!(client.answer().status, 200);

    let mut endless = server.connect();
    endless.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
    assert_eq!(endless.answer().status, 200);
    endless.expect_silent_end();
}

#[test]
fn a_smuggled_request_is_not_served() {
    let server = Running::start(patient(4));
    let mut client = server.connect();
    client.send(
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n\
         0\r\n\r\nGET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
    );
    let answers = String::from_utf8_lossy(&client.read_to_end()).into_owned();
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    assert!(!answers.contains("/echo"), "{answers}");
}

#[test]
fn a_panic_costs_one_connection() {
    let server = Running::start(patient(1));
    let mut client = server.connect();
    client.send_get("/panic");
    client.expect_silent_end();
    server.wait_for_event("HandlerPanicked");
    assert_eq!(server.connect().get("/hello").status, 200);
}

#[test]
fn concurrent_readers_get_everything() {
    let server = Running::start(patient(64));
    let expected = [big().as_slice(), b"end"].concat();
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let answer = server.connect().get("/big");
                assert!(answer.body == expected, "{} bytes", answer.body.len());
            });
        }
    });
}

#[test]
fn curl_agrees() {
    let server = Running::start(patient(4));
    let url = format!("http://{}/echo?a=b", server.address);
    let output = match Command::new("curl")
        .args(["--silent", "--show-error", &url])
        .output()
    {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "curl: {error}");
            eprintln!("skipped: curl: {error}");
            return;
        }
    };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "GET /echo?a=b");
}

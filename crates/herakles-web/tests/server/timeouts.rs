//! Clients that take their time.

use std::time::Duration;

use herakles_web::Limits;

use crate::harness::{Running, patient};

/// For who is to be late.
const SHORT: Duration = Duration::from_millis(200);

/// For who is to be in time, also on a busy machine.
const LONGER: Duration = Duration::from_secs(1);

fn hurried_readers() -> Running {
    Running::start(Limits {
        header_timeout: SHORT,
        ..patient(8)
    })
}

#[test]
fn a_silent_connection_is_closed() {
    let server = hurried_readers();
    server.connect().expect_silent_end();
    server.wait_for_event("HeaderTimedOut");
}

#[test]
fn half_a_request_is_closed() {
    let server = hurried_readers();
    let mut client = server.connect();
    client.send("GET /hello HTTP/1.1\r\nHo");
    client.expect_silent_end();
    server.wait_for_event("HeaderTimedOut");
}

#[test]
fn dripping_does_not_prolong_the_time() {
    let server = hurried_readers();
    let mut client = server.connect();
    client.send("GET /hello HTTP/1.1\r\n");
    // Ends by an error once the server has closed its side: each byte alone would be in time.
    let drops = (0..1000).take_while(|_| {
        std::thread::sleep(SHORT / 10);
        client.try_send("X").is_ok()
    });
    assert!(drops.count() < 1000);
    server.wait_for_event("HeaderTimedOut");
}

#[test]
fn an_idle_connection_is_closed_without_blame() {
    let mut server = Running::start(Limits {
        header_timeout: LONGER,
        ..patient(8)
    });
    let mut client = server.connect();
    assert_eq!(client.get("/hello").status, 200);
    client.expect_silent_end();
    server.wait_for_end();
    assert_eq!(server.events(), ["Accepted"]);
}

#[test]
fn a_slow_handler_is_no_slow_client() {
    let server = Running::start(Limits {
        header_timeout: LONGER,
        write_timeout: LONGER,
        ..patient(8)
    });
    let mut client = server.connect();
    client.send_get("/gate");
    server.gate.wait_for_arrival();
    std::thread::sleep(LONGER * 2);
    server.gate.let_through(1);
    assert_eq!(client.answer().text(), "through\n");
}

#[test]
fn who_never_reads_is_closed() {
    let server = Running::start(Limits {
        write_timeout: SHORT,
        ..patient(1)
    });
    let mut client = server.connect();
    client.send_get("/big");
    server.wait_for_event("WriteTimedOut");
    // Its place is free again, and what it got so far is not the whole.
    assert_eq!(server.connect().get("/hello").status, 200);
    assert!(client.read_to_end().len() < crate::harness::BIG);
}

#[test]
fn who_pipelines_and_never_reads_is_closed() {
    let server = Running::start(Limits {
        write_timeout: SHORT,
        ..patient(1)
    });
    let mut client = server.connect();
    let request = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // Fails as soon as the server gives up, which may be in the middle.
    for _ in 0..200 {
        if client.try_send(request.repeat(1000)).is_err() {
            break;
        }
    }
    server.wait_for_event("WriteTimedOut");
}

#[test]
fn who_reads_slowly_gets_everything() {
    let server = Running::start(Limits {
        write_timeout: LONGER,
        ..patient(1)
    });
    let mut client = server.connect();
    // The whole takes more than twice the write timeout, but it never stands still.
    client.send_get("/big");
    let answer = client.answer_in_steps(1 << 19, LONGER / 7);
    assert_eq!(answer.body.len(), crate::harness::BIG + 3);
}

//! The end of a server.

use std::time::Duration;

use herakles_web::{Drained, Limits};

use crate::harness::{Client, Running, patient};

#[test]
fn requests_in_flight_are_finished() {
    let mut server = Running::start(patient(4));
    let mut in_flight = server.connect();
    in_flight.send_get("/gate");
    server.gate.wait_for_arrival();
    let mut idle = server.connect();
    assert_eq!(idle.get("/hello").status, 200);

    server.begin_shutdown();
    idle.expect_silent_end();
    // The listener is closed while the request still stands at the gate.
    while let Ok(mut client) = Client::connect(server.address) {
        client.expect_silent_end();
    }
    server.gate.let_through(1);
    let answer = in_flight.answer();
    assert_eq!(answer.text(), "through\n");
    assert_eq!(answer.header("connection"), Some("close"));
    in_flight.expect_silent_end();
    let drained = server.wait_for_end();
    assert_eq!(drained.cut_off, 0);
    assert!(drained.finished >= 1, "{drained:?}");
}

#[test]
fn incomplete_requests_do_not_delay_the_end() {
    let mut server = Running::start(patient(4));
    let mut silent = server.connect();
    let mut half = server.connect();
    assert_eq!(half.get("/hello").status, 200);
    half.send("GET /hello HTTP/1.1\r\nHost:");
    server.begin_shutdown();
    silent.expect_silent_end();
    half.expect_silent_end();
    assert_eq!(server.wait_for_end().cut_off, 0);
}

#[test]
fn the_grace_is_limited() {
    let mut server = Running::start(Limits {
        grace: Duration::from_millis(100),
        ..patient(4)
    });
    let mut stuck = server.connect();
    stuck.send_get("/gate");
    server.gate.wait_for_arrival();
    server.begin_shutdown();
    stuck.expect_silent_end();
    assert_eq!(
        server.wait_for_end(),
        Drained {
            finished: 0,
            cut_off: 1
        }
    );
}

#[test]
fn nothing_open_means_nothing_to_wait_for() {
    let mut server = Running::start(patient(4));
    assert_eq!(
        server.wait_for_end(),
        Drained {
            finished: 0,
            cut_off: 0
        }
    );
}

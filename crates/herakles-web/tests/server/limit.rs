//! More connections than allowed.

use crate::harness::{Answer, Client, Running, patient};

/// Connects until served: until the server has noticed that another connection fell idle, a new one
/// may be told that all are busy.
fn connect_until_served(server: &Running) -> (Client, Answer) {
    for _ in 0..10_000 {
        let mut client = server.connect();
        client.send_get("/hello");
        match client.try_answer(true) {
            Ok(Some(answer)) if answer.status == 200 => return (client, answer),
            Ok(Some(answer)) => assert_eq!(answer.status, 503),
            Ok(None) | Err(_) => {}
        }
    }
    panic!("never served");
}

#[test]
fn the_oldest_silent_connection_gives_way() {
    let server = Running::start(patient(2));
    let mut oldest = server.connect();
    let mut younger = server.connect();
    let mut new = server.connect();
    assert_eq!(new.get("/hello").status, 200);
    oldest.expect_silent_end();
    assert_eq!(younger.get("/hello").status, 200);
    server.wait_for_event("Evicted(ForRequest)");
}

#[test]
fn half_a_request_does_not_hold_a_place() {
    let server = Running::start(patient(1));
    let mut dripping = server.connect();
    dripping.send("GET /hello HTTP/1.1\r\nHost:");
    let mut new = server.connect();
    assert_eq!(new.get("/hello").status, 200);
    dripping.expect_silent_end();
}

#[test]
fn an_idle_connection_gives_way() {
    let server = Running::start(patient(1));
    let mut idle = server.connect();
    assert_eq!(idle.get("/hello").status, 200);
    let (_, answer) = connect_until_served(&server);
    assert_eq!(answer.text(), "hello\n");
    idle.expect_silent_end();
    server.wait_for_event("Evicted(Idle)");
}

#[test]
fn when_all_are_busy_the_new_one_is_refused() {
    let server = Running::start(patient(2));
    let mut busy = [server.connect(), server.connect()];
    for client in &mut busy {
        client.send_get("/gate");
        server.gate.wait_for_arrival();
    }
    let mut refused = server.connect();
    let answer = refused.get("/hello");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.text().contains("busy"), "{answer:?}");
    refused.expect_silent_end();
    server.wait_for_event("Refused");

    server.gate.let_through(2);
    for client in &mut busy {
        assert_eq!(client.answer().text(), "through\n");
    }
    connect_until_served(&server);
}

#[test]
fn a_response_being_sent_is_busy() {
    let server = Running::start(patient(1));
    let mut reader = server.connect();
    reader.send_get("/big");
    // Its first bytes are here, its last ones are not even in the socket's buffer.
    assert_eq!(reader.peek(), b'H');
    assert_eq!(server.connect().get("/hello").status, 503);
    assert_eq!(reader.answer().body.len(), crate::harness::BIG + 3);
}

#[test]
fn refused_clients_that_stay_silent_hold_nobody_up() {
    let server = Running::start(patient(1));
    let mut busy = server.connect();
    busy.send_get("/gate");
    server.gate.wait_for_arrival();
    let silent: Vec<_> = (0..100).map(|_| server.connect()).collect();
    server.gate.let_through(1);
    assert_eq!(busy.answer().text(), "through\n");
    connect_until_served(&server);
    drop(silent);
}

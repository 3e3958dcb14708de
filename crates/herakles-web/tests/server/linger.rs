//! Clients that are still sending when their answer is complete.

use crate::harness::{Client, Running, patient};

/// Sends more than once: what arrives at a closed socket is answered by a reset, and the next
/// attempt to send fails.
fn keep_sending(client: &mut Client) {
    for _ in 0..5 {
        client.send([b'x'; 10_000]);
    }
}

#[test]
fn what_is_no_request_may_go_on_and_its_answer_arrives() {
    let server = Running::start(patient(8));
    let long = "x".repeat(100_000);
    for (number, (request, status)) in [
        ("hello\r\n\r\n".to_owned(), 400),
        (
            format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}"),
            431,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = server.connect();
        client.send(request);
        server.wait_for_events("Malformed", number + 1);
        keep_sending(&mut client);
        assert_eq!(client.answer().status, status);
        client.expect_silent_end();
    }
}

#[test]
fn a_body_may_go_on_and_the_answer_arrives() {
    let server = Running::start(patient(8));
    let mut client = server.connect();
    client.send("POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
    // The answer is there and stays unread.
    assert_eq!(client.peek(), b'H');
    keep_sending(&mut client);
    assert_eq!(client.answer().status, 200);
    client.expect_silent_end();
}

#[test]
fn who_is_refused_may_go_on_and_the_answer_arrives() {
    let server = Running::start(patient(1));
    let mut busy = server.connect();
    busy.send_get("/gate");
    server.gate.wait_for_arrival();
    let mut refused = server.connect();
    refused.send("POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
    keep_sending(&mut refused);
    assert_eq!(refused.answer().status, 503);
    server.gate.let_through(1);
    assert_eq!(busy.answer().text(), "through\n");
}

#[test]
fn who_never_ends_is_read_only_so_far() {
    let server = Running::start(patient(1));
    let mut client = server.connect();
    client.send("hello\r\n\r\n");
    // Far more than sockets buffer.
    let sent = (0..10_000).take_while(|_| client.try_send([b'x'; 10_000]).is_ok());
    assert!(sent.count() < 10_000);
}

#[test]
fn a_place_where_only_the_rest_is_awaited_can_be_had() {
    let server = Running::start(patient(1));
    let mut client = server.connect();
    client.send("hello\r\n\r\n");
    assert_eq!(client.answer().status, 400);
    assert_eq!(server.connect().get("/hello").status, 200);
    server.wait_for_event("Evicted(ForRequest)");
}

#[test]
fn the_end_of_the_server_waits_for_no_rest() {
    let mut server = Running::start(patient(1));
    let mut client = server.connect();
    client.send("hello\r\n\r\n");
    assert_eq!(client.answer().status, 400);
    server.begin_shutdown();
    assert_eq!(server.wait_for_end().cut_off, 0);
}

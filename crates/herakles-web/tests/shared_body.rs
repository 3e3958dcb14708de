//! Many readers of one body. Alone in its file: it watches the whole process's memory.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use herakles_web::hyper::{Request, StatusCode};
use herakles_web::{Limits, Server, bind, respond};

const READERS: usize = 40;
const BODY: usize = 16 << 20;

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}

#[test]
fn stalled_readers_share_one_body() {
    let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let address = listeners[0].tcp_address().unwrap();
    let body = Bytes::from(vec![b'x'; BODY]);
    let handler =
        move |_: Request<()>| std::future::ready(respond::text(StatusCode::OK, body.clone()));
    let server = Server::new(listeners, Limits::default(), handler);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    std::thread::spawn(move || runtime.block_on(server.serve(std::future::pending())));

    let before = resident_bytes();
    let mut readers: Vec<_> = (0..READERS)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .unwrap();
            stream
        })
        .collect();
    for reader in &mut readers {
        // The first byte shows that this response is on its way; the rest does not fit the socket.
        reader.read_exact(&mut [0]).unwrap();
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(
        grown < READERS * BODY / 10,
        "{grown} bytes for {READERS} readers"
    );
}

//! A process without free descriptors. Alone in its file: the limit is the whole process's.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use herakles_web::hyper::{Request, StatusCode};
use herakles_web::{Event, Limits, Server, bind, respond};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const PATIENCE: Duration = Duration::from_secs(20);

/// Opens files until no descriptor is left.
fn take_all_descriptors() -> Vec<File> {
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                let no_descriptors = rustix::io::Errno::MFILE.raw_os_error();
                assert_eq!(error.raw_os_error(), Some(no_descriptors), "{error}");
                return taken;
            }
        }
    }
}

#[test]
fn accepting_pauses_and_goes_on() {
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(64),
            maximum: hard,
        },
    )
    .unwrap();

    let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let address = listeners[0].tcp_address().unwrap();
    let (failed, failures) = channel();
    let hello = |_: Request<()>| std::future::ready(respond::text(StatusCode::OK, "hello\n"));
    let server = Server::new(listeners, Limits::default(), hello).on_event(move |event| {
        if let Event::AcceptFailed(error) = event {
            failed
                .send(error.raw_os_error())
                .expect("the test is still there");
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    std::thread::spawn(move || runtime.block_on(server.serve(std::future::pending())));

    // A connection before, so that the runtime has everything open that it needs.
    assert_eq!(ask(address).unwrap(), "hello\n");

    let mut taken = take_all_descriptors();
    taken.pop();
    let begin = Instant::now();
    let mut client = TcpStream::connect(address).expect("it has the last descriptor");
    for _ in 0..4 {
        let errno = failures.recv_timeout(PATIENCE).expect("accept fails");
        assert_eq!(errno, Some(rustix::io::Errno::MFILE.raw_os_error()));
    }
    // The pauses before the second, third and fourth attempt.
    assert!(
        begin.elapsed() >= Duration::from_millis(50 + 100 + 200),
        "it spins"
    );

    drop(taken);
    assert_eq!(exchange(&mut client).unwrap(), "hello\n");
}

fn ask(address: std::net::SocketAddr) -> io::Result<String> {
    exchange(&mut TcpStream::connect(address)?)
}

/// One request on its own connection; what follows the answer's headers.
fn exchange(stream: &mut TcpStream) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").expect("headers");
    Ok(body.to_owned())
}

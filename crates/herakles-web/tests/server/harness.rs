//! A server in a thread, and clients that write bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use herakles_web::gzip::Compressor;
use herakles_web::hyper::{HeaderMap, Request, Response, StatusCode};
use herakles_web::{Body, Drained, Exposition, Form, Limits, Server, bind, respond};
use tokio::sync::oneshot;

use crate::gate::{Gate, Keeper, gate};

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The length of `/big`: more than two sockets buffer.
pub(crate) const BIG: usize = 8 << 20;

/// The live tail of `/metrics`.
pub(crate) const LIVE: &[u8] = b"live\n";

/// Limits under which no timeout strikes during a test.
pub(crate) fn patient(max_connections: usize) -> Limits {
    Limits {
        max_connections: NonZeroUsize::new(max_connections).unwrap(),
        header_timeout: PATIENCE * 3,
        write_timeout: PATIENCE * 3,
        grace: PATIENCE * 3,
        ..Limits::default()
    }
}

/// A running server with the paths `/hello`, `/big`, `/metrics`, `/echo`, `/panic` and `/gate`.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Keeper,
    events: Arc<Events>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Drained>>,
}

#[derive(Default)]
struct Events {
    seen: Mutex<Vec<String>>,
    more: Condvar,
}

impl Running {
    pub(crate) fn start(limits: Limits) -> Self {
        let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = listeners[0].tcp_address().unwrap();
        let (gate, keeper) = gate();
        let events = Arc::new(Events::default());
        let (stop, stopped) = oneshot::channel();
        let big = Bytes::from(big());
        let sink = Arc::clone(&events);
        let server = Server::new(listeners, limits, move |request| {
            route(request, big.clone(), Arc::clone(&gate))
        })
        .on_event(move |event| {
            sink.seen.lock().unwrap().push(format!("{event:?}"));
            sink.more.notify_all();
        });
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let shutdown = async { drop(stopped.await) };
            runtime.block_on(server.serve(shutdown)).unwrap()
        });
        Self {
            address,
            gate: keeper,
            events,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address).unwrap()
    }

    /// The events so far, as `{:?}` prints them.
    pub(crate) fn events(&self) -> Vec<String> {
        self.events.seen.lock().unwrap().clone()
    }

    pub(crate) fn wait_for_event(&self, event: &str) {
        self.wait_for_events(event, 1);
    }

    pub(crate) fn wait_for_events(&self, event: &str, times: usize) {
        let seen = self.events.seen.lock().unwrap();
        let absent =
            |seen: &mut Vec<String>| seen.iter().filter(|seen| *seen == event).count() < times;
        let (seen, waited) = self
            .events
            .more
            .wait_timeout_while(seen, PATIENCE, absent)
            .unwrap();
        assert!(!waited.timed_out(), "not {times} {event} among {seen:?}");
    }

    /// Asks the server to stop; does not wait.
    pub(crate) fn begin_shutdown(&mut self) {
        self.stop.take().expect("only once").send(()).unwrap();
    }

    pub(crate) fn wait_for_end(&mut self) -> Drained {
        drop(self.stop.take());
        self.thread.take().expect("still running").join().unwrap()
    }
}

pub(crate) fn big() -> Vec<u8> {
    (0..BIG)
        .map(|i| b'a' + u8::try_from(i % 23).unwrap())
        .collect()
}

/// What scrapes share; compressed only where a test scrapes.
struct Metrics {
    forms: [Exposition; 4],
    compressor: Mutex<Compressor>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let mut compressor = Compressor::new();
    Metrics {
        forms: Form::ALL.map(|form| Exposition::new(form, &cached(), &mut compressor)),
        compressor: Mutex::new(compressor),
    }
});

/// The cached part of `/metrics`.
pub(crate) fn cached() -> Vec<u8> {
    big().split_off(BIG - 300_000)
}

impl Metrics {
    fn scrape(&self, headers: &HeaderMap) -> Response<Body> {
        let form = Form::accepted(headers);
        let exposition = self.forms.iter().find(|it| it.form() == form).unwrap();
        exposition.respond(LIVE, &mut self.compressor.lock().unwrap())
    }
}

async fn route(request: Request<()>, big: Bytes, gate: Arc<Gate>) -> Response<Body> {
    match request.uri().path() {
        "/hello" => respond::text(StatusCode::OK, "hello\n"),
        "/big" => respond::text(StatusCode::OK, Body::chain(big, "end".into())),
        "/metrics" => METRICS.scrape(request.headers()),
        "/echo" => respond::text(
            StatusCode::OK,
            format!("{} {}", request.method(), request.uri()),
        ),
        "/gate" => {
            gate.pass().await;
            respond::text(StatusCode::OK, "through\n")
        }
        "/panic" => panic!("as the test asked"),
        _ => respond::not_found(),
    }
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    /// Received, but not asked for yet.
    rest: Vec<u8>,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            rest: Vec::new(),
        })
    }

    /// Sends bytes as they are. The server may have closed the connection meanwhile.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    pub(crate) fn send_get(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send_get(path);
        self.answer()
    }

    /// The next answer, with a body as long as `Content-Length` says.
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer(true)
            .unwrap()
            .expect("an answer before the end")
    }

    /// The next answer to HEAD: `Content-Length`, but no body.
    pub(crate) fn answer_to_head(&mut self) -> Answer {
        self.try_answer(false)
            .unwrap()
            .expect("an answer before the end")
    }

    /// `None` if the connection ends before an answer begins.
    pub(crate) fn try_answer(&mut self, with_body: bool) -> io::Result<Option<Answer>> {
        let end_of_head = loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if self.receive()? == 0 {
                assert!(self.rest.is_empty(), "half an answer: {:?}", self.rest);
                return Ok(None);
            }
        };
        let head: Vec<u8> = self.rest.drain(..end_of_head + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer {
            status,
            head,
            body: Vec::new(),
        };
        if with_body {
            let length = answer
                .header("content-length")
                .map_or(0, |text| text.parse().unwrap());
            while self.rest.len() < length {
                assert!(
                    self.receive()? > 0,
                    "{} of {length} bytes of a body",
                    self.rest.len()
                );
            }
            answer.body = self.rest.drain(..length).collect();
        }
        Ok(Some(answer))
    }

    /// The next answer, read in steps of `bytes` with a pause before each.
    pub(crate) fn answer_in_steps(&mut self, bytes: usize, pause: Duration) -> Answer {
        let mut step = vec![0; bytes];
        loop {
            std::thread::sleep(pause);
            let received = self.stream.read(&mut step).unwrap();
            self.rest.extend_from_slice(&step[..received]);
            if received == 0 || self.rest.ends_with(b"end") {
                return self.answer();
            }
        }
    }

    /// Waits for the first byte of an answer and leaves it there.
    pub(crate) fn peek(&self) -> u8 {
        let mut first = [0];
        self.stream.peek(&mut first).unwrap();
        first[0]
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut bytes = [0; 65_536];
        let received = self.stream.read(&mut bytes)?;
        self.rest.extend_from_slice(&bytes[..received]);
        Ok(received)
    }

    /// Everything until the server closes; a reset counts as the end.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        loop {
            match self.receive() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
                Err(error) => panic!("still open: {error}"),
            }
        }
        std::mem::take(&mut self.rest)
    }

    /// Waits until the server has closed the connection, and checks that it said nothing before.
    pub(crate) fn expect_silent_end(&mut self) {
        let rest = self.read_to_end();
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    }
}

//! What a scrape of 50,000 series costs the server, beside a loop that does nothing but accept,
//! read and write the same bytes with plain system calls.
//!
//! `cargo bench -p herakles-benches --bench scrape` prints the CPU time of the serving thread, as
//! the kernel accounts it, and the ratio of both. Each scrape is a connection of its own, as those
//! of a Prometheus with the usual intervals are. The tail is put behind anew for each scrape.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed benchmark")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;

use herakles_benches::Bench;
use herakles_web::gzip::Compressor;
use herakles_web::hyper::Request;
use herakles_web::{Coding, Exposition, Form, Format, Limits, Server};

const SERIES: usize = 50_000;

/// Scrapes per turn, and turns of each server.
const SCRAPES: usize = 10;
const ROUNDS: usize = 31;

fn samples(count: usize) -> String {
    (0..count)
        .map(|pid| {
            format!(
                "herakles_process_memory_rss_bytes{{group=\"db\",subgroup=\"postgres\",\
                 name=\"postgres-{}\",pid=\"{pid}\"}} {}\n",
                pid % 97,
                pid * 4096
            )
        })
        .collect()
}

/// A thread that serves, and where the kernel says how long it has run.
struct Serving {
    address: SocketAddr,
    schedstat: PathBuf,
}

impl Serving {
    fn start(serve: impl FnOnce(TcpListener) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (started, thread) = channel();
        thread::spawn(move || {
            started
                .send(fs::read_link("/proc/thread-self").unwrap())
                .unwrap();
            serve(listener);
        });
        let schedstat = PathBuf::from("/proc")
            .join(thread.recv().unwrap())
            .join("schedstat");
        Self { address, schedstat }
    }

    fn cpu_nanos(&self) -> u64 {
        let schedstat = fs::read_to_string(&self.schedstat).unwrap();
        schedstat.split(' ').next().unwrap().parse().unwrap()
    }

    /// CPU nanoseconds per scrape, and the bytes of one answer.
    fn turn(&self, accept_encoding: &str) -> (f64, usize) {
        let mut received = 0;
        let before = self.cpu_nanos();
        for _ in 0..SCRAPES {
            scrape(self.address, accept_encoding, |piece| {
                received += piece.len()
            });
        }
        let nanos = (self.cpu_nanos() - before) as f64;
        (nanos / SCRAPES as f64, received / SCRAPES)
    }
}

/// Sends one request and hands each piece of the answer to `take`.
fn scrape(address: SocketAddr, accept_encoding: &str, mut take: impl FnMut(&[u8])) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: {accept_encoding}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut buffer = [0; 65_536];
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => return,
            bytes => take(&buffer[..bytes]),
        }
    }
}

fn serve_by_herakles(listener: TcpListener) {
    let mut compressor = Compressor::new();
    let text = samples(SERIES);
    let forms = [Coding::Identity, Coding::Gzip]
        .map(|coding| Form::new(Format::Text0_0_4, coding))
        .map(|form| Exposition::new(form, text.as_bytes(), &mut compressor));
    let tail = samples(60).into_bytes();
    let compressor = Mutex::new(compressor);
    let handler = move |request: Request<()>| {
        let mut compressor = compressor.lock().unwrap();
        let [identity, gzip] = &forms;
        let exposition = match Coding::accepted(request.headers()) {
            Coding::Identity => identity,
            Coding::Gzip => gzip,
        };
        std::future::ready(exposition.respond(&tail, &mut compressor))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = Server::new(vec![listener.into()], Limits::default(), handler);
    runtime
        .block_on(server.serve(std::future::pending()))
        .unwrap();
}

/// Writes `answer` to whoever asks for anything.
fn serve_by_loop(listener: &TcpListener, answer: &[u8]) {
    let mut request = [0; 4096];
    loop {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(answer).unwrap();
    }
}

fn main() {
    let bench = Bench::from_arguments();
    let rounds = if bench.is_timed() { ROUNDS } else { 1 };
    let herakles = Serving::start(serve_by_herakles);
    for coding in ["identity", "gzip"] {
        let mut bytes = Vec::new();
        scrape(herakles.address, coding, |piece| {
            bytes.extend_from_slice(piece)
        });
        let length = bytes.len();
        let plain_loop = Serving::start(move |listener| serve_by_loop(&listener, &bytes));
        let (mut our_nanos, mut rival_nanos) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (ours, our_bytes) = herakles.turn(coding);
            let (rival, rival_bytes) = plain_loop.turn(coding);
            assert_eq!((our_bytes, rival_bytes), (length, length), "{coding}");
            our_nanos.push(ours);
            rival_nanos.push(rival);
        }
        bench.print(
            &format!("CPU of a scrape of {SERIES} series, {coding}, {length} bytes"),
            &[("herakles-web", our_nanos), ("plain loop", rival_nanos)],
        );
    }
    bench.finish();
}

//! Scrapers, and how long they wait.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use super::secured::TlsClient;

/// From one scrape of a scraper to its next.
const INTERVAL: Duration = Duration::from_secs(1);

/// As Prometheus waits.
const TIMEOUT: Duration = Duration::from_secs(10);

const REQUEST: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\
    Accept: application/openmetrics-text;version=1.0.0\r\nAccept-Encoding: gzip\r\n\r\n";

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// What became of scrapes.
#[derive(Debug, Default)]
pub(super) struct Scrapes {
    taken: Mutex<Vec<Duration>>,
    failed: Mutex<u64>,
}

fn lock<T>(values: &Mutex<T>) -> MutexGuard<'_, T> {
    values.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scrapes {
    /// Scrapes each second from a phase on, until it is over.
    pub(super) fn collect(
        &self,
        address: SocketAddr,
        tls: Option<&TlsClient>,
        phase: Duration,
        over: &AtomicBool,
    ) {
        let mut connection = None;
        let mut due = Instant::now() + phase;
        while !over.load(Relaxed) {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let begin = Instant::now();
            match scrape(&mut connection, || connect(address, tls)) {
                Ok(()) => lock(&self.taken).push(begin.elapsed()),
                Err(error) => {
                    eprintln!("a scrape failed: {error}");
                    connection = None;
                    *lock(&self.failed) += 1;
                }
            }
            due = (due + INTERVAL).max(Instant::now());
        }
    }

    /// Begins anew.
    pub(super) fn forget(&self) {
        lock(&self.taken).clear();
        *lock(&self.failed) = 0;
    }

    /// How many were answered and how many were not.
    pub(super) fn counts(&self) -> (usize, u64) {
        (lock(&self.taken).len(), *lock(&self.failed))
    }

    /// The time within which such a share of the good ones was answered.
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let mut taken = lock(&self.taken).clone();
        taken.sort_unstable();
        let rank = (taken.len() as f64 * share).ceil() as usize;
        taken
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }
}

fn connect(address: SocketAddr, tls: Option<&TlsClient>) -> io::Result<Box<dyn Stream>> {
    let socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    Ok(match tls {
        None => Box::new(socket),
        Some(client) => Box::new(client.over(socket)?),
    })
}

/// One scrape on the kept connection, or on a new one if that has been closed meanwhile.
fn scrape(
    kept: &mut Option<Box<dyn Stream>>,
    connect: impl Fn() -> io::Result<Box<dyn Stream>>,
) -> io::Result<()> {
    if let Some(connection) = kept
        && connection.write_all(REQUEST).is_ok()
        && let Some(first) = first_byte(connection)
    {
        return read_answer(connection, first);
    }
    let connection = kept.insert(connect()?);
    connection.write_all(REQUEST)?;
    let mut first = [0];
    connection.read_exact(&mut first)?;
    read_answer(connection, first)
}

/// `None` if the connection has ended.
fn first_byte(connection: &mut impl Read) -> Option<[u8; 1]> {
    let mut first = [0];
    connection.read_exact(&mut first).ok().map(|()| first)
}

/// Reads all of an answer, which must be 200.
fn read_answer(connection: &mut impl Read, first: [u8; 1]) -> io::Result<()> {
    let broken = |what: &str| io::Error::other(what.to_owned());
    let mut bytes = first.to_vec();
    let mut chunk = vec![0; 64 * 1024];
    let mut all = None;
    while all.is_none_or(|all| bytes.len() < all) {
        let received = connection.read(&mut chunk)?;
        if received == 0 {
            return Err(broken("half an answer"));
        }
        bytes.extend_from_slice(&chunk[..received]);
        if all.is_none()
            && let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            if !text.starts_with("http/1.1 200 ") {
                return Err(broken(text.lines().next().unwrap_or_default()));
            }
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: Option<usize> = length.and_then(|length| length.trim().parse().ok());
            all = Some(head + 4 + length.ok_or_else(|| broken("no length"))?);
        }
    }
    Ok(())
}

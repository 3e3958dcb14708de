//! The real program, started, scraped and ended.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::programs;
use crate::failure::Failure;

/// Longest wait for the first refresh.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running exporter; it ends with this value.
pub(super) struct Service {
    child: Child,
    address: SocketAddr,
    /// From the start to the first good refresh.
    pub(super) start_to_ready: Duration,
}

impl Service {
    /// Starts the exporter with the flags on a free loopback port and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be built or started, or is not ready within a minute.
    pub(super) fn start(flags: &[String]) -> Result<Self, Failure> {
        let program = programs::exporter()?;
        let tether = programs::compile("tether")?;
        let address = free_address().map_err(|e| Failure::new(format!("no free port: {e}")))?;
        let begin = Instant::now();
        let child = Command::new(tether)
            .arg(program)
            .arg(format!("--web.listen-address={address}"))
            .args(flags)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| Failure::new(format!("cannot start the exporter: {e}")))?;
        let mut service = Self {
            child,
            address,
            start_to_ready: Duration::ZERO,
        };
        while !service.is_ready() {
            if begin.elapsed() > PATIENCE {
                return Err(Failure::new("the exporter is not ready after a minute"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        service.start_to_ready = begin.elapsed();
        Ok(service)
    }

    fn is_ready(&self) -> bool {
        self.ask("/-/ready")
            .is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
    }

    /// Scrapes as Prometheus does; the size of the answer in bytes.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) fn scrape(&self) -> Result<usize, Failure> {
        let answer = self.ask("/metrics");
        Ok(answer
            .map_err(|e| Failure::new(format!("no answer from the exporter: {e}")))?
            .len())
    }

    fn ask(&self, path: &str) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text\r\n\
             Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// A memory line of the exporter's `status`, such as `VmRSS`, in KiB.
    pub(super) fn status_kib(&self, key: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim_matches(|it: char| !it.is_ascii_digit())
            .parse()
            .ok()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody listens on, at this moment.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

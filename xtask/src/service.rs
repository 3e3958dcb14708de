//! The real program, or a rival, started, scraped and ended.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{failure::Failure, programs};

/// Longest wait for the first refresh.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running exporter; it ends with this value.
pub(crate) struct Service {
    name: String,
    child: Child,
    address: SocketAddr,
    /// From the start to the first good refresh.
    pub(crate) start_to_ready: Duration,
}

impl Service {
    /// Starts the exporter with the flags on a free loopback port and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be built or started, or is not ready within a minute.
    pub(crate) fn start(flags: &[String]) -> Result<Self, Failure> {
        Self::start_program(&programs::exporter()?, flags, "/-/ready")
    }

    /// Starts any exporter that takes `--web.listen-address`, and waits until it answers `ready`
    /// with 200.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) fn start_program(
        program: &Path,
        flags: &[String],
        ready: &str,
    ) -> Result<Self, Failure> {
        let name = program.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
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
            .map_err(|e| Failure::new(format!("cannot start {name}: {e}")))?;
        let mut service = Self {
            name,
            child,
            address,
            start_to_ready: Duration::ZERO,
        };
        while service.text(ready).is_err() {
            if begin.elapsed() > PATIENCE {
                return Err(Failure::new(format!(
                    "{} is not ready after a minute",
                    service.name
                )));
            }
            thread::sleep(Duration::from_millis(5));
        }
        service.start_to_ready = begin.elapsed();
        Ok(service)
    }

    /// The body of a page that is answered with 200, uncompressed.
    ///
    /// # Errors
    /// When there is no such answer.
    pub(crate) fn text(&self, path: &str) -> Result<String, Failure> {
        let name = &self.name;
        // Nothing is sent in chunks to a client of HTTP/1.0.
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        let answer = self
            .exchange(&request)
            .map_err(|e| Failure::new(format!("no answer of {name} at {path}: {e}")))?;
        let answer = String::from_utf8_lossy(&answer);
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
            Some((head, _)) => Err(Failure::new(format!("{name} answers {path} with {head}"))),
            None => Err(Failure::new(format!("half an answer of {name} at {path}"))),
        }
    }

    /// Scrapes as Prometheus does; the size of the answer in bytes.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn scrape(&self) -> Result<usize, Failure> {
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\
            Accept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n\
            Connection: close\r\n\r\n";
        let answer = self.exchange(request);
        Ok(answer
            .map_err(|e| Failure::new(format!("no answer from the exporter: {e}")))?
            .len())
    }

    fn exchange(&self, request: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// A memory line of the exporter's `status`, such as `VmRSS`, in KiB.
    pub(crate) fn status_kib(&self, key: &str) -> Option<u64> {
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
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

//! The real program, or a rival, started, scraped and ended.

use std::{
    env, fs,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{failure::Failure, programs};

/// Longest wait for the first refresh.
const PATIENCE: Duration = Duration::from_secs(60);

/// An exporter that is there to be started, as often as one likes.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    /// What starts it, so that it dies with this program.
    tether: PathBuf,
    /// The page that it answers with 200 once it is ready.
    ready: &'static str,
}

impl Program {
    /// Builds the exporter on trial. What is timed begins after that.
    ///
    /// # Errors
    /// When it cannot be built.
    pub(crate) fn exporter() -> Result<Self, Failure> {
        Self::other(programs::exporter()?, "/-/ready")
    }

    /// Any exporter that takes `--web.listen-address`, and is ready when it answers a page.
    ///
    /// # Errors
    /// When there is no C compiler.
    pub(crate) fn other(path: PathBuf, ready: &'static str) -> Result<Self, Failure> {
        Ok(Self {
            path,
            tether: programs::compile("tether")?,
            ready,
        })
    }

    /// Another exporter: the one that was asked for, or that of the `PATH`, be it as Debian names
    /// it. `None`, with a line about it, where there is none.
    ///
    /// # Errors
    /// When there is no C compiler.
    pub(crate) fn rival(name: &str, asked: Option<&PathBuf>) -> Result<Option<Self>, Failure> {
        let path = env::var_os("PATH").unwrap_or_default();
        let debian = format!("prometheus-{name}");
        let mut on_path = env::split_paths(&path)
            .flat_map(|directory| [debian.as_str(), name].map(|name| directory.join(name)));
        let found = asked
            .cloned()
            .or_else(|| on_path.find(|file| file.is_file()));
        if found.is_none() {
            eprintln!(
                "{name} is left out: it is not on the PATH. `apt-get download {debian}` and \
                 `dpkg -x` get it without a service"
            );
        }
        found.map(|path| Self::other(path, "/metrics")).transpose()
    }

    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// A running exporter; it ends with this value.
pub(crate) struct Service {
    name: String,
    child: Child,
    address: SocketAddr,
    /// From the start to the first good refresh.
    pub(crate) start_to_ready: Duration,
}

impl Service {
    /// Starts an exporter with the flags on a free loopback port and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be started, ends, or is not ready within a minute.
    pub(crate) fn start(program: &Program, flags: &[String]) -> Result<Self, Failure> {
        let name = program.name();
        let address = free_address().map_err(|e| Failure::new(format!("no free port: {e}")))?;
        let begin = Instant::now();
        let child = Command::new(&program.tether)
            .arg(&program.path)
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
        while service.text(program.ready).is_err() {
            service.see_that_it_runs(flags)?;
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

    fn see_that_it_runs(&mut self, flags: &[String]) -> Result<(), Failure> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(Failure::new(format!(
                "{} ended before it was ready, with {status}; see what it says by itself with {}",
                self.name,
                flags.join(" ")
            ))),
            Err(e) => Err(Failure::new(format!("lost {}: {e}", self.name))),
        }
    }

    /// The body of a page that is answered with 200, uncompressed.
    ///
    /// # Errors
    /// When there is no such answer.
    pub(crate) fn text(&self, path: &str) -> Result<String, Failure> {
        let body = self.body(path, "identity")?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// The size of such a body as it is sent in a coding, in bytes.
    ///
    /// # Errors
    /// When there is no such answer.
    pub(crate) fn page(&self, path: &str, coding: &str) -> Result<usize, Failure> {
        self.body(path, coding).map(|body| body.len())
    }

    fn body(&self, path: &str, coding: &str) -> Result<Vec<u8>, Failure> {
        let name = &self.name;
        // Nothing is sent in chunks to a client of HTTP/1.0.
        let request =
            format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept-Encoding: {coding}\r\n\r\n");
        let mut answer = self
            .exchange(&request)
            .map_err(|e| Failure::new(format!("no answer of {name} at {path}: {e}")))?;
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Err(Failure::new(format!("half an answer of {name} at {path}")));
        };
        let body = answer.split_off(end + 4);
        let head = String::from_utf8_lossy(&answer);
        match head.split(' ').nth(1) {
            Some("200") => Ok(body),
            _ => Err(Failure::new(format!(
                "{name} answers {path} with {}",
                head.trim_end()
            ))),
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

    /// Sends something, waits for no answer and hangs up.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub(crate) fn abandon(&self, request: &str) -> io::Result<()> {
        TcpStream::connect_timeout(&self.address, PATIENCE)?.write_all(request.as_bytes())
    }

    fn exchange(&self, request: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The time that the scheduler has given to its threads, of those that live: ticks are too
    /// coarse.
    ///
    /// # Errors
    /// When the kernel does not show it.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let unseen = || Failure::new("the kernel shows no schedstat of threads");
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid())).map_err(|_| unseen())?;
        let nanoseconds = threads.flatten().filter_map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        match nanoseconds.sum() {
            0 => Err(unseen()),
            spent => Ok(Duration::from_nanos(spent)),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_ends_at_its_start_is_not_waited_for() {
        let program = Program::other("/bin/false".into(), "/").unwrap();
        let flags = ["--flag".to_owned()];
        let failure = Service::start(&program, &flags).map(drop).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "false ended before it was ready, with exit status: 1; see what it says by itself with \
             --flag"
        );
    }
}

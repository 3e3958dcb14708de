//! What systemd hands to a service and wants to be told: sd_listen_fds(3), sd_notify(3).
//!
//! All of it does nothing where there is no systemd.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use listenfd::ListenFd;
use rustix::time::{ClockId, clock_gettime};

use crate::Listener;

/// The sockets that a `.socket` unit has opened for this process: TCP or unix, as many as it names.
///
/// To be called once, before threads start: the variables that name them are removed.
///
/// # Errors
///
/// If there are none, or one is no listening stream socket.
pub fn listeners() -> io::Result<Vec<Listener>> {
    let mut handed = ListenFd::from_env();
    let mut listeners = Vec::with_capacity(handed.len());
    for index in 0..handed.len() {
        if let Ok(Some(tcp)) = handed.take_tcp_listener(index) {
            listeners.push(tcp.into());
        } else if let Some(unix) = handed.take_unix_listener(index)? {
            listeners.push(unix.into());
        }
    }
    if listeners.is_empty() {
        let sentence = "no sockets were handed over; start it by a systemd .socket unit";
        return Err(io::Error::other(sentence));
    }
    Ok(listeners)
}

/// Tells the service manager how this service does.
#[derive(Debug)]
pub struct Notifier {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// By the variables `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`. Without the first, or
    /// where it names nothing that can be reached, nobody is told anything.
    #[must_use]
    pub fn from_env() -> Self {
        let text = |name| env::var(name).ok();
        let is_ours = text("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let micros = text("WATCHDOG_USEC").and_then(|micros| micros.parse().ok());
        Self {
            socket: env::var_os("NOTIFY_SOCKET").and_then(|name| connect(&name).ok()),
            watchdog: micros
                .filter(|&micros| is_ours && micros > 0)
                .map(Duration::from_micros),
        }
    }

    /// The service serves.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The service reads its configuration again; [`ready`](Self::ready) ends that.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The service is about to end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// How often [`alive`](Self::alive) has to be called: twice in the time that the service manager
    /// waits. `None` if it does not watch.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.socket.as_ref()?;
        self.watchdog.map(|watchdog| watchdog / 2)
    }

    /// The service still does something.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, state: &str) {
        if let Some(socket) = &self.socket {
            // If nobody listens any more there is nobody to tell that either.
            let _ = socket.send(state.as_bytes());
        }
    }
}

/// `@` stands for the NUL of an abstract name.
fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(OsString::from(name))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    // Telling must never hold up the service.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

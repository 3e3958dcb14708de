//! Where to listen: addresses as people write them, and sockets bound to them.

mod address;
mod unix;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::net::UnixListener;

use socket2::{Domain, Protocol, Socket, Type};

use self::address::{Endpoint, Host};
pub use self::address::{ListenAddress, ParseListenAddressError};
pub(crate) use self::unix::SocketFile;

/// Connections the kernel completes before we accept them.
const BACKLOG: i32 = 1024;

/// A socket that listens.
///
/// [`bind`] makes it of an address; `From` takes one that somebody else has bound. One that `bind`
/// made in the file system is removed from there when this is dropped.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: ListenSocket,
    /// The name that it was bound by, if that was one.
    pub(crate) name: Option<String>,
}

#[derive(Debug)]
pub(crate) enum ListenSocket {
    Tcp(TcpListener),
    Unix(UnixListener, Option<SocketFile>),
}

impl Listener {
    fn tcp(listener: TcpListener, name: Option<&str>) -> Self {
        Self {
            socket: ListenSocket::Tcp(listener),
            name: name.map(str::to_owned),
        }
    }

    /// Address and port, if it is one for TCP.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            ListenSocket::Tcp(listener) => listener.local_addr().ok(),
            ListenSocket::Unix(..) => None,
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::tcp(listener, None)
    }
}

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self {
            socket: ListenSocket::Unix(listener, None),
            name: None,
        }
    }
}

/// The address that it is really bound to.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            ListenSocket::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(_) => f.write_str("an unknown address"),
            },
            ListenSocket::Unix(listener, _) => {
                let address = listener.local_addr();
                let path = address
                    .as_ref()
                    .ok()
                    .and_then(|address| address.as_pathname());
                match path {
                    Some(path) => write!(f, "unix:{}", path.display()),
                    None => f.write_str("a unix socket without a path"),
                }
            }
        }
    }
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", self.advice())]
pub struct BindError {
    address: ListenAddress,
    #[source]
    source: io::Error,
}

impl BindError {
    /// The address as it was asked for.
    #[must_use]
    pub const fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// The kind of the failure, such as [`io::ErrorKind::AddrInUse`].
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    fn advice(&self) -> String {
        if let Endpoint::Unix { .. } = self.address.endpoint() {
            return unix::advice(&self.source);
        }
        match self.source.kind() {
            io::ErrorKind::AddrInUse => {
                "another program uses it; stop that program or choose another port".to_owned()
            }
            io::ErrorKind::PermissionDenied => {
                "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE, choose a higher one"
                    .to_owned()
            }
            io::ErrorKind::AddrNotAvailable => {
                "this host has no such address; see `ip address` for those it has".to_owned()
            }
            _ => format!("{}; check the address", self.source),
        }
    }
}

/// Binds and listens on every address, in order, before anything is served.
///
/// A name is bound on each address that it resolves to and this host has. An empty slice gives no
/// listener, for owners that are handed sockets from elsewhere.
///
/// # Errors
///
/// [`BindError`] for the first address that fails; sockets bound so far are closed again.
pub fn bind(addresses: &[ListenAddress]) -> Result<Vec<Listener>, BindError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        bind_one(address, &mut listeners).map_err(|source| BindError {
            address: address.clone(),
            source,
        })?;
    }
    Ok(listeners)
}

fn bind_one(address: &ListenAddress, out: &mut Vec<Listener>) -> io::Result<()> {
    let (host, port) = match address.endpoint() {
        Endpoint::Tcp { host, port } => (host, *port),
        Endpoint::Unix { path, mode } => {
            let (listener, file) = unix::listen(path, *mode, BACKLOG)?;
            out.push(Listener {
                socket: ListenSocket::Unix(listener, Some(file)),
                name: None,
            });
            return Ok(());
        }
    };
    match host {
        Host::Any => out.push(listen_anywhere(port)?.into()),
        Host::Ip(ip) => out.push(listen(SocketAddr::new(*ip, port), Reach::Exact)?.into()),
        Host::Name(name) => listen_on_name(name, port, out)?,
    }
    Ok(())
}

/// Whether an IPv6 socket also takes IPv4 connections.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Exact,
    DualStack,
}

fn listen_anywhere(port: u16) -> io::Result<TcpListener> {
    let ipv6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    match listen(ipv6, Reach::DualStack) {
        Err(error) if is_missing_family(&error) => listen(
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
            Reach::Exact,
        ),
        result => result,
    }
}

fn listen_on_name(name: &str, port: u16, out: &mut Vec<Listener>) -> io::Result<()> {
    let before = out.len();
    let mut missing = None;
    let mut seen = Vec::new();
    for address in (name, port).to_socket_addrs()? {
        if seen.contains(&address) {
            continue;
        }
        seen.push(address);
        match listen(address, Reach::Exact) {
            Ok(listener) => out.push(Listener::tcp(listener, Some(name))),
            // `localhost` resolves to ::1 also where IPv6 is switched off.
            Err(error) if is_missing_family(&error) => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    if out.len() > before {
        return Ok(());
    }
    Err(missing.unwrap_or_else(|| io::Error::other("the name resolves to no address")))
}

fn is_missing_family(error: &io::Error) -> bool {
    // EAFNOSUPPORT has a kind of its own only in newer standard libraries.
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

fn listen(address: SocketAddr, reach: Reach) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restart must not wait for the connections of the last run to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(reach == Reach::Exact)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests;

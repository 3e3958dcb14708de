//! Where to listen: addresses as people write them, and sockets bound to them.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::str::FromStr;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections the kernel completes before we accept them.
const BACKLOG: i32 = 1024;

/// An address to listen on: `:9215`, `0.0.0.0:9215`, `[::1]:9215` or `localhost:9215`.
///
/// ```
/// use herakles_web::ListenAddress;
///
/// let address: ListenAddress = "[::1]:9215".parse()?;
/// assert_eq!(address.port(), 9215);
/// assert_eq!(address.to_string(), "[::1]:9215");
/// # Ok::<(), herakles_web::ParseListenAddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListenAddress {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    /// Every address of this host, IPv6 and IPv4.
    Any,
    Ip(IpAddr),
    Name(String),
}

impl ListenAddress {
    /// Every address of this host: IPv6 and IPv4 by one socket where IPv6 exists, else IPv4.
    #[must_use]
    pub const fn any(port: u16) -> Self {
        Self {
            host: Host::Any,
            port,
        }
    }

    /// The port; 0 lets the kernel choose a free one.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: Host::Ip(address.ip()),
            port: address.port(),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Any => write!(f, ":{}", self.port),
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// Why a text is no [`ListenAddress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseListenAddressError {
    /// There is no `:PORT` at the end.
    #[error("no port: write HOST:PORT or :PORT")]
    MissingPort,
    /// What follows the last colon is no port number.
    #[error("the port is not a number from 0 to 65535")]
    InvalidPort,
    /// An IPv6 address stands without its brackets.
    #[error("an IPv6 address needs brackets: [ADDRESS]:PORT")]
    UnbracketedIpv6,
    /// What stands in brackets is no IPv6 address.
    #[error("what stands in brackets is not an IPv6 address")]
    InvalidIpv6,
    /// The host is neither an address nor a name.
    #[error("the host is neither an IP address nor a host name")]
    InvalidHost,
}

impl FromStr for ListenAddress {
    type Err = ParseListenAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use ParseListenAddressError as Error;

        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(Error::UnbracketedIpv6);
        }
        let (host, port) = text.rsplit_once(':').ok_or(Error::MissingPort)?;
        if host.starts_with('[') && !host.ends_with(']') {
            // The last colon belongs to the address.
            return Err(if text.ends_with(']') {
                Error::MissingPort
            } else {
                Error::InvalidIpv6
            });
        }
        let host = parse_host(host)?;
        // `u16::from_str` takes a sign; a port has none.
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::InvalidPort);
        }
        let port = port.parse().map_err(|_| Error::InvalidPort)?;
        Ok(Self { host, port })
    }
}

fn parse_host(host: &str) -> Result<Host, ParseListenAddressError> {
    use ParseListenAddressError as Error;

    if host.is_empty() {
        return Ok(Host::Any);
    }
    if let Some(ip) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let ip = ip.parse().map_err(|_| Error::InvalidIpv6)?;
        return Ok(Host::Ip(IpAddr::V6(ip)));
    }
    if host.parse::<Ipv6Addr>().is_ok() {
        return Err(Error::UnbracketedIpv6);
    }
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Ok(Host::Ip(IpAddr::V4(ip)));
    }
    // Digits and dots alone are a misspelt IPv4 address, never a name.
    let letters = host.bytes().any(|byte| byte.is_ascii_alphabetic());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if letters && host.len() <= 253 && host.bytes().all(allowed) {
        Ok(Host::Name(host.to_owned()))
    } else {
        Err(Error::InvalidHost)
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
pub fn bind(addresses: &[ListenAddress]) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        bind_one(address, &mut listeners).map_err(|source| BindError {
            address: address.clone(),
            source,
        })?;
    }
    Ok(listeners)
}

fn bind_one(address: &ListenAddress, out: &mut Vec<TcpListener>) -> io::Result<()> {
    match &address.host {
        Host::Any => out.push(listen_anywhere(address.port)?),
        Host::Ip(ip) => out.push(listen(SocketAddr::new(*ip, address.port), Reach::Exact)?),
        Host::Name(name) => listen_on_name(name, address.port, out)?,
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

fn listen_on_name(name: &str, port: u16, out: &mut Vec<TcpListener>) -> io::Result<()> {
    let before = out.len();
    let mut missing = None;
    let mut seen = Vec::new();
    for address in (name, port).to_socket_addrs()? {
        if seen.contains(&address) {
            continue;
        }
        seen.push(address);
        match listen(address, Reach::Exact) {
            Ok(listener) => out.push(listener),
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

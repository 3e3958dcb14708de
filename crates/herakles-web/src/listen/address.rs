//! Addresses as people write them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

const UNIX: &str = "unix:";
const MODE: &str = "?mode=";
/// Owner and group may connect.
const DEFAULT_MODE: u32 = 0o660;
/// `sun_path` of unix(7), without the NUL at its end.
const LONGEST_PATH: usize = 107;

/// An address to listen on: `:9215`, `0.0.0.0:9215`, `[::1]:9215` or `localhost:9215`, or a socket in
/// the file system: `unix:/run/exporter.sock`, or `unix:/run/exporter.sock?mode=0600`.
///
/// ```
/// use herakles_web::ListenAddress;
///
/// let address: ListenAddress = "[::1]:9215".parse()?;
/// assert_eq!(address.port(), Some(9215));
/// assert_eq!(address.to_string(), "[::1]:9215");
/// # Ok::<(), herakles_web::ParseListenAddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListenAddress(Endpoint);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Endpoint {
    Tcp { host: Host, port: u16 },
    Unix { path: PathBuf, mode: u32 },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Host {
    /// Every address of this host, IPv6 and IPv4.
    Any,
    Ip(IpAddr),
    Name(String),
}

impl ListenAddress {
    /// Every address of this host: IPv6 and IPv4 by one socket where IPv6 exists, else IPv4.
    #[must_use]
    pub const fn any(port: u16) -> Self {
        Self(Endpoint::Tcp {
            host: Host::Any,
            port,
        })
    }

    /// The port, if it has one; 0 lets the kernel choose a free one.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self.0 {
            Endpoint::Tcp { port, .. } => Some(port),
            Endpoint::Unix { .. } => None,
        }
    }

    pub(super) const fn endpoint(&self) -> &Endpoint {
        &self.0
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self(Endpoint::Tcp {
            host: Host::Ip(address.ip()),
            port: address.port(),
        })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Endpoint::Tcp { host, port } => match host {
                Host::Any => write!(f, ":{port}"),
                Host::Ip(ip) => SocketAddr::new(*ip, *port).fmt(f),
                Host::Name(name) => write!(f, "{name}:{port}"),
            },
            Endpoint::Unix { path, mode } => {
                write!(f, "{UNIX}{}", path.display())?;
                if *mode == DEFAULT_MODE {
                    return Ok(());
                }
                write!(f, "{MODE}{mode:04o}")
            }
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
    /// What follows `unix:` is no absolute path that a socket can have.
    #[error("a unix socket needs an absolute path of at most 107 bytes: unix:/run/NAME.sock")]
    InvalidPath,
    /// What follows `?` is no mode.
    #[error("the mode of a unix socket is written as ?mode=0660")]
    InvalidMode,
    /// The host is neither an address nor a name.
    #[error("the host is neither an IP address nor a host name")]
    InvalidHost,
}

impl FromStr for ListenAddress {
    type Err = ParseListenAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use ParseListenAddressError as Error;

        if let Some(rest) = text.strip_prefix(UNIX) {
            return parse_unix(rest).map(Self);
        }
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
        Ok(Self(Endpoint::Tcp { host, port }))
    }
}

fn parse_unix(text: &str) -> Result<Endpoint, ParseListenAddressError> {
    use ParseListenAddressError as Error;

    let (path, mode) = match text.rsplit_once('?') {
        None => (text, DEFAULT_MODE),
        Some((path, options)) => {
            let digits = options.strip_prefix("mode=").ok_or(Error::InvalidMode)?;
            let mode = u32::from_str_radix(digits, 8).map_err(|_| Error::InvalidMode)?;
            let is_mode = digits.starts_with(|first: char| first.is_ascii_digit());
            if mode > 0o777 || !is_mode {
                return Err(Error::InvalidMode);
            }
            (path, mode)
        }
    };
    let is_usable = path.starts_with('/') && !path.ends_with('/') && !path.contains('\0');
    if !is_usable || path.len() > LONGEST_PATH {
        return Err(Error::InvalidPath);
    }
    Ok(Endpoint::Unix {
        path: path.into(),
        mode,
    })
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

//! The smallest HTTP/1.1 client that notices an incomplete answer.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
};

use flate2::bufread::GzDecoder;

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    /// As sent, still compressed if it was.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text, decompressed if it came compressed. The compressed form must be exactly
    /// one gzip member: what follows it would be invisible to curl and to browsers.
    pub(crate) fn text(&self) -> String {
        let bytes = if self.header("content-encoding") == Some("gzip") {
            let mut decoder = GzDecoder::new(self.body.as_slice());
            let mut bytes = Vec::new();
            decoder
                .read_to_end(&mut bytes)
                .expect("the body is valid gzip");
            assert!(
                decoder.into_inner().is_empty(),
                "bytes after the only gzip member"
            );
            bytes
        } else {
            self.body.clone()
        };
        String::from_utf8(bytes).expect("the body is UTF-8")
    }
}

/// Sends one request on a connection of its own.
///
/// # Errors
/// When the connection fails, or ends before the answer is complete.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> io::Result<Response> {
    request_by_name(address, &address.to_string(), method, path, headers)
}

/// The same with another `Host`.
///
/// # Errors
/// As [`request`].
pub(crate) fn request_by_name(
    address: SocketAddr,
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> io::Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(super::PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&answer, method == "HEAD")
}

fn parse(answer: &[u8], without_body: bool) -> io::Result<Response> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(|| broken("the answer ended within its head"))?;
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| broken("the head is not UTF-8"))?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
        .ok_or_else(|| broken("no status line"))?;
    let headers = lines
        .map(|line| {
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| broken("a header without ':'"))?;
            Ok((name.to_owned(), value.trim().to_owned()))
        })
        .collect::<io::Result<_>>()?;
    let response = Response {
        status,
        headers,
        body: answer[end + 4..].to_vec(),
    };
    let announced = response
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    match announced {
        // It has none of its own, and no body (RFC 9110, 15.4.5).
        None if response.status == 304 && response.body.is_empty() => Ok(response),
        None => Err(broken("no Content-Length")),
        Some(_) if without_body && response.body.is_empty() => Ok(response),
        Some(length) if response.body.len() == length => Ok(response),
        Some(length) => Err(broken(&format!(
            "{} of {length} bytes",
            response.body.len()
        ))),
    }
}

//! Clients: plain or by TLS, with what they offer and who they are.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use base64::Engine as _;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, NamedGroup, RootCertStore, StreamOwned,
    SupportedProtocolVersion, version,
};

use crate::certificates::{Authority, Certified};
use crate::harness::PATIENCE;

/// One request's client.
pub(crate) struct Client {
    tls: Option<Arc<ClientConfig>>,
    authorization: Option<String>,
    pub(crate) path: &'static str,
}

/// What a TLS client offers.
pub(crate) struct Offer {
    pub(crate) suites: Vec<CipherSuite>,
    pub(crate) groups: Vec<NamedGroup>,
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) certificate: Option<Certified>,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            suites: Vec::new(),
            groups: Vec::new(),
            versions: vec![&version::TLS12, &version::TLS13],
            certificate: None,
        }
    }
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// The suite of the session.
    pub(crate) suite: Option<CipherSuite>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Client {
    pub(crate) fn plain() -> Self {
        Self {
            tls: None,
            authorization: None,
            path: "/",
        }
    }

    pub(crate) fn tls(authority: &Authority) -> Self {
        Self::offering(authority, Offer::default())
    }

    pub(crate) fn with_certificate(authority: &Authority, certificate: Certified) -> Self {
        let offer = Offer {
            certificate: Some(certificate),
            ..Offer::default()
        };
        Self::offering(authority, offer)
    }

    pub(crate) fn offering(authority: &Authority, offer: Offer) -> Self {
        let mut provider = ring::default_provider();
        if !offer.suites.is_empty() {
            let named = offer.suites.iter().map(|name| {
                let found = provider
                    .cipher_suites
                    .iter()
                    .find(|suite| suite.suite() == *name);
                *found.unwrap()
            });
            provider = CryptoProvider {
                cipher_suites: named.collect(),
                ..provider
            };
        }
        if !offer.groups.is_empty() {
            provider
                .kx_groups
                .retain(|group| offer.groups.contains(&group.name()));
        }
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
        roots.add(root).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&offer.versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match offer.certificate {
            None => builder.with_no_client_auth(),
            Some(own) => builder
                .with_client_auth_cert(own.chain(), own.private_key())
                .unwrap(),
        };
        Self {
            tls: Some(Arc::new(config)),
            authorization: None,
            path: "/",
        }
    }

    pub(crate) fn login(mut self, name: &str, password: &str) -> Self {
        let encoded =
            base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
        self.authorization = Some(format!("Authorization: Basic {encoded}\r\n"));
        self
    }

    /// A connection whose handshake begins with the first byte sent or read.
    pub(crate) fn session(&self, address: SocketAddr) -> StreamOwned<ClientConnection, TcpStream> {
        let name = "localhost".try_into().unwrap();
        let tls = Arc::clone(self.tls.as_ref().unwrap());
        StreamOwned::new(ClientConnection::new(tls, name).unwrap(), connect(address))
    }

    /// One request on a connection of its own.
    pub(crate) fn get(&self, address: SocketAddr) -> Result<Answer, String> {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n",
            self.path,
            self.authorization.as_deref().unwrap_or_default()
        );
        if self.tls.is_none() {
            return exchange(connect(address), &request).map(|(answer, _)| answer);
        }
        let (mut answer, stream) = exchange(self.session(address), &request)?;
        answer.suite = stream
            .conn
            .negotiated_cipher_suite()
            .map(|suite| suite.suite());
        Ok(answer)
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn exchange<S: Read + Write>(mut stream: S, request: &str) -> Result<(Answer, S), String> {
    stream
        .write_all(request.as_bytes())
        .map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok((parse(&bytes)?, stream))
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Answer, String> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| format!("no HTTP: {text:?}"))?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(|| format!("no status: {head}"))?,
        head: head.to_owned(),
        body: body.to_owned(),
        suite: None,
    })
}

//! A web configuration that can switch TLS on, and the client that trusts it.

use std::{io, net::TcpStream, path::PathBuf, sync::Arc};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};

use crate::{failure::Failure, programs};

const NAME: &str = "localhost";

/// The file and its certificate.
pub(super) struct Secured {
    file: PathBuf,
    certified: CertifiedKey<rcgen::KeyPair>,
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("no TLS: {error}"))
}

impl Secured {
    /// A file that asks for nothing yet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            file: programs::written("door.yml", "http_server_config:\n")?,
            certified: generate_simple_self_signed([NAME.to_owned()]).map_err(failed)?,
        })
    }

    pub(super) fn flag(&self) -> String {
        format!("--web.config.file={}", self.file.display())
    }

    /// Asks for TLS from the next connection on.
    ///
    /// # Errors
    /// When it cannot be written, or the certificate is not as it should be.
    pub(super) fn switch_on(&self) -> Result<TlsClient, Failure> {
        let indented = |pem: String| pem.replace('\n', "\n    ");
        let certificate = indented(self.certified.cert.pem());
        let key = indented(self.certified.signing_key.serialize_pem());
        let yaml =
            format!("tls_server_config:\n  cert: |\n    {certificate}\n  key: |\n    {key}\n");
        programs::written("door.yml", &yaml)?;
        let mut roots = RootCertStore::empty();
        roots
            .add(self.certified.cert.der().clone())
            .map_err(failed)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsClient(Arc::new(config)))
    }
}

/// Who trusts that certificate.
#[derive(Debug)]
pub(super) struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    /// A session, whose handshake begins with the first byte.
    ///
    /// # Errors
    /// When TLS cannot begin.
    pub(super) fn over(
        &self,
        socket: TcpStream,
    ) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let name = NAME.try_into().map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(&self.0), name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(session, socket))
    }
}

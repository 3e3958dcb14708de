//! From `tls_server_config` to what rustls serves by.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use serde_saphyr::{Location, Spanned};

use super::client_auth::{ClientAuth, Verifier};
use super::error::Problem;
use super::files::Files;
use super::names;
use super::raw_config::{TlsSection, given, given_secret};

/// What a section needs from around it.
pub(super) struct Context<'a> {
    /// Paths are relative to it.
    pub(super) directory: &'a Path,
    pub(super) files: &'a mut Files,
    pub(super) http2: bool,
    pub(super) warnings: &'a mut Vec<String>,
}

pub(super) fn server_config(
    section: &Spanned<TlsSection>,
    context: &mut Context<'_>,
) -> Result<ServerConfig, Problem> {
    let at = section.referenced;
    let tls = &section.value;
    let (certificate_at, certificate) = pem(
        (
            "cert",
            given(&tls.cert).map(|text| (text.referenced, text.value.as_str())),
        ),
        ("cert_file", given(&tls.cert_file)),
        context,
    )?
    .ok_or_else(|| Problem::at(at, "missing one of cert or cert_file"))?;
    let (key_at, key) = pem(
        (
            "key",
            given_secret(&tls.key).map(|text| (text.referenced, text.value.0.as_str())),
        ),
        ("key_file", given(&tls.key_file)),
        context,
    )?
    .ok_or_else(|| Problem::at(at, "missing one of key or key_file"))?;
    if let Some(path) = given(&tls.key_file).map(|file| context.directory.join(&file.value))
        && context.files.is_open_to_others(&path)
    {
        context.warnings.push(format!(
            "the private key {} may be read by others; chmod o-rwx",
            path.display()
        ));
    }

    let min = given(&tls.min_version);
    let max = given(&tls.max_version);
    let versions = names::versions(min, max, context.warnings)?;
    let suites = tls.cipher_suites.as_deref().unwrap_or_default();
    let suites = names::cipher_suites(suites, &versions, context.http2, context.warnings)?;
    let curves = tls.curve_preferences.as_deref().unwrap_or_default();
    let provider = Arc::new(CryptoProvider {
        cipher_suites: suites,
        kx_groups: names::curves(curves, context.warnings)?,
        ..ring::default_provider()
    });

    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| Problem::at(at, format!("the settings do not go together: {error}")))?;
    let builder = match client_auth(tls, &provider, at, context)? {
        Some(verifier) => builder.with_client_cert_verifier(Arc::new(verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(
            chain(&certificate, certificate_at)?,
            private_key(&key, key_at)?,
        )
        .map_err(|error| {
            let message = format!("certificate and key cannot be used together: {error}");
            Problem::at(certificate_at, message)
        })?;
    config.ignore_client_order = tls.prefer_server_cipher_suites.unwrap_or(true);
    config.alpn_protocols = if context.http2 {
        vec![b"h2".to_vec(), b"http/1.1".to_vec()]
    } else {
        vec![b"http/1.1".to_vec()]
    };
    Ok(config)
}

/// PEM that stands in the configuration or in a file that it names, and where it was asked for.
/// Both at the same time are a mistake; `None` if there is neither.
fn pem(
    (inline_key, inline): (&str, Option<(Location, &str)>),
    (file_key, file): (&str, Option<&Spanned<String>>),
    context: &mut Context<'_>,
) -> Result<Option<(Location, Vec<u8>)>, Problem> {
    match (inline, file) {
        (None, None) => Ok(None),
        (Some((at, text)), None) => Ok(Some((at, text.as_bytes().to_vec()))),
        (None, Some(file)) => {
            let path: PathBuf = context.directory.join(&file.value);
            match context.files.read(&path) {
                Ok(bytes) => Ok(Some((file.referenced, bytes))),
                Err(error) => {
                    let message = format!("{file_key}: cannot read {}: {error}", path.display());
                    Err(Problem::at(file.referenced, message))
                }
            }
        }
        (Some(_), Some(file)) => {
            let message = format!("give {inline_key} or {file_key}, not both");
            Err(Problem::at(file.referenced, message))
        }
    }
}

fn chain(pem: &[u8], at: Location) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(Problem::at(at, "there is no PEM certificate in it")),
        Err(error) => Err(Problem::at(
            at,
            format!("the certificate is no good PEM: {error}"),
        )),
    }
}

fn private_key(pem: &[u8], at: Location) -> Result<PrivateKeyDer<'static>, Problem> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
        let message = "there is no private key in it that can be used; a PEM key without a \
                       passphrase is needed";
        Problem::at(at, message)
    })
}

fn client_auth(
    tls: &TlsSection,
    provider: &Arc<CryptoProvider>,
    at: Location,
    context: &mut Context<'_>,
) -> Result<Option<Verifier>, Problem> {
    let policy = match given(&tls.client_auth_type) {
        None => ClientAuth::None,
        Some(text) => ClientAuth::parse(&text.value).ok_or_else(|| {
            let message = format!(
                "invalid client_auth_type {:?}; write NoClientCert, RequestClientCert, \
                 RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert",
                text.value
            );
            Problem::at(text.referenced, message)
        })?,
    };
    let at = given(&tls.client_auth_type).map_or(at, |text| text.referenced);
    let authorities = pem(
        (
            "client_ca",
            given(&tls.client_ca).map(|text| (text.referenced, text.value.as_str())),
        ),
        ("client_ca_file", given(&tls.client_ca_file)),
        context,
    )?;
    let names = tls.client_allowed_sans.as_deref().unwrap_or_default();
    if let (Some(name), false) = (names.first(), policy.requires()) {
        let message = "client_allowed_sans needs client_auth_type RequireAnyClientCert or \
                       RequireAndVerifyClientCert: others let clients in without a certificate";
        return Err(Problem::at(name.referenced, message));
    }
    if policy == ClientAuth::None {
        return match authorities {
            None => Ok(None),
            Some((at, _)) => Err(Problem::at(
                at,
                "a client CA is given, but no client_auth_type that asks for certificates",
            )),
        };
    }
    let mut roots = RootCertStore::empty();
    match authorities {
        Some((at, pem)) => {
            for authority in chain(&pem, at)? {
                roots.add(authority).map_err(|error| {
                    Problem::at(at, format!("the client CA cannot be used: {error}"))
                })?;
            }
        }
        None if policy.verifies() => {
            let message = "this client_auth_type verifies certificates: name who signs them by \
                           client_ca_file or client_ca";
            return Err(Problem::at(at, message));
        }
        None => {}
    }
    let names = names.iter().map(|name| name.value.clone()).collect();
    Verifier::new(policy, roots, names, Arc::clone(provider))
        .map(Some)
        .map_err(|error| Problem::at(at, format!("the client CA cannot be used: {error}")))
}

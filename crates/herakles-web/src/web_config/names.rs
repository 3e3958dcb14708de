//! What Go calls versions, cipher suites and curves, as rustls has them.

use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::{NamedGroup, SupportedCipherSuite, SupportedProtocolVersion, version};
use serde_saphyr::Spanned;

use super::error::Problem;

/// Suites that Go has and rustls has not: without forward secrecy, or in CBC mode.
const FOREIGN_SUITES: &[&str] = &[
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_RC4_128_SHA",
];

/// HTTP/2 demands one of these of TLS 1.2 (RFC 9113, 9.2.2).
const HTTP2_SUITES: [&str; 2] = [
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
];

const CURVES: &[(&str, Option<NamedGroup>)] = &[
    ("X25519", Some(NamedGroup::X25519)),
    ("CurveP256", Some(NamedGroup::secp256r1)),
    ("CurveP384", Some(NamedGroup::secp384r1)),
    ("CurveP521", None),
    ("X25519MLKEM768", None),
];

/// A version of TLS as Go names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TlsVersion {
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

impl TlsVersion {
    fn parse(text: &Spanned<String>) -> Result<Self, Problem> {
        Ok(match text.value.as_str() {
            "TLS10" => Self::Tls10,
            "TLS11" => Self::Tls11,
            "TLS12" => Self::Tls12,
            "TLS13" => Self::Tls13,
            other => {
                let message = format!("unknown TLS version {other:?}; write TLS12 or TLS13");
                return Err(Problem::at(text.referenced, message));
            }
        })
    }
}

/// The versions from `min` to `max` that there are.
pub(super) fn versions(
    min: Option<&Spanned<String>>,
    max: Option<&Spanned<String>>,
    warnings: &mut Vec<String>,
) -> Result<Vec<&'static SupportedProtocolVersion>, Problem> {
    let lowest = min.map_or(Ok(TlsVersion::Tls12), TlsVersion::parse)?;
    let highest = max.map_or(Ok(TlsVersion::Tls13), TlsVersion::parse)?;
    let all = [
        (TlsVersion::Tls12, &version::TLS12),
        (TlsVersion::Tls13, &version::TLS13),
    ];
    let versions: Vec<_> = all
        .into_iter()
        .filter(|(version, _)| (lowest..=highest).contains(version))
        .map(|(_, version)| version)
        .collect();
    if let (true, Some(at)) = (versions.is_empty(), max.or(min)) {
        let message = "no version of TLS is left: versions before TLS12 are not supported, and \
                       min_version must not be above max_version";
        return Err(Problem::at(at.referenced, message));
    }
    if lowest < TlsVersion::Tls12 {
        warnings.push("min_version: TLS 1.2 is the lowest version that is served".to_owned());
    }
    Ok(versions)
}

/// The suites that are offered: of TLS 1.2 those named, in their order, and all of TLS 1.3, which
/// cannot be chosen there either. All if none is named.
pub(super) fn cipher_suites(
    names: &[Spanned<String>],
    versions: &[&'static SupportedProtocolVersion],
    http2: bool,
    warnings: &mut Vec<String>,
) -> Result<Vec<SupportedCipherSuite>, Problem> {
    let Some(first) = names.first() else {
        return Ok(ring::ALL_CIPHER_SUITES.to_vec());
    };
    let (mut suites, older): (Vec<_>, Vec<_>) = ring::ALL_CIPHER_SUITES
        .iter()
        .partition(|suite| suite.tls13().is_some());
    let newer = suites.len();
    let mut foreign = Vec::new();
    for name in names {
        if let Some(suite) = older.iter().find(|suite| go_name(suite) == name.value) {
            suites.push(*suite);
        } else if FOREIGN_SUITES.contains(&name.value.as_str()) {
            foreign.push(name.value.as_str());
        } else if !suites.iter().any(|suite| go_name(suite) == name.value) {
            let message = format!(
                "unknown cipher suite {:?}; see the table of names",
                name.value
            );
            return Err(Problem::at(name.referenced, message));
        }
    }
    if !foreign.is_empty() {
        let list = foreign.join(", ");
        warnings.push(format!(
            "cipher_suites: not supported and not offered: {list}"
        ));
    }
    let serves_older = versions.contains(&&version::TLS12);
    if serves_older && suites.len() == newer {
        if !versions.contains(&&version::TLS13) {
            let message = "no cipher suite is left for TLS 1.2; name a GCM or CHACHA20 one";
            return Err(Problem::at(first.referenced, message));
        }
        if !foreign.is_empty() {
            warnings.push("cipher_suites: none is left for TLS 1.2; only TLS 1.3 is served".into());
        }
    }
    let has_required = |name: &Spanned<String>| HTTP2_SUITES.contains(&name.value.as_str());
    if http2 && serves_older && !names.iter().any(has_required) {
        let message = format!(
            "HTTP/2 needs {} or {}; add one, or set http_server_config.http2 to false",
            HTTP2_SUITES[0], HTTP2_SUITES[1]
        );
        return Err(Problem::at(first.referenced, message));
    }
    Ok(suites)
}

fn go_name(suite: &SupportedCipherSuite) -> String {
    let name = suite.suite().as_str().unwrap_or_default();
    name.replacen("TLS13_", "TLS_", 1)
}

/// The groups of the key exchange in the order named; all if none is.
pub(super) fn curves(
    names: &[Spanned<String>],
    warnings: &mut Vec<String>,
) -> Result<Vec<&'static dyn SupportedKxGroup>, Problem> {
    let CryptoProvider { kx_groups: all, .. } = ring::default_provider();
    let Some(first) = names.first() else {
        return Ok(all);
    };
    let mut groups = Vec::new();
    for name in names {
        let Some((_, group)) = CURVES.iter().find(|(known, _)| *known == name.value) else {
            let known: Vec<_> = CURVES.iter().map(|(known, _)| *known).collect();
            let message = format!(
                "unknown curve {:?}; there are {}",
                name.value,
                known.join(", ")
            );
            return Err(Problem::at(name.referenced, message));
        };
        match group.and_then(|group| all.iter().find(|known| known.name() == group)) {
            Some(group) => groups.push(*group),
            None => warnings.push(format!(
                "curve_preferences: {} is not supported and not offered",
                name.value
            )),
        }
    }
    if groups.is_empty() {
        let message = "no curve is left; add X25519, CurveP256 or CurveP384";
        return Err(Problem::at(first.referenced, message));
    }
    Ok(groups)
}

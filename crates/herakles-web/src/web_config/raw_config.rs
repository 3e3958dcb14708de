//! The YAML as it is written: every key of exporter-toolkit, nothing checked but its type.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::error::Problem;

/// A text that no message shows.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfig {
    pub(super) tls_server_config: Option<Spanned<TlsSection>>,
    pub(super) http_server_config: Option<HttpSection>,
    pub(super) basic_auth_users: Option<BTreeMap<String, Spanned<Secret>>>,
    pub(super) rate_limit: Option<RateLimitSection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TlsSection {
    pub(super) cert: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<Secret>>,
    pub(super) client_ca: Option<Spanned<String>>,
    pub(super) cert_file: Option<Spanned<String>>,
    pub(super) key_file: Option<Spanned<String>>,
    pub(super) client_ca_file: Option<Spanned<String>>,
    pub(super) client_auth_type: Option<Spanned<String>>,
    pub(super) client_allowed_sans: Option<Vec<Spanned<String>>>,
    pub(super) cipher_suites: Option<Vec<Spanned<String>>>,
    pub(super) curve_preferences: Option<Vec<Spanned<String>>>,
    pub(super) min_version: Option<Spanned<String>>,
    pub(super) max_version: Option<Spanned<String>>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HttpSection {
    pub(super) http2: Option<bool>,
    pub(super) headers: Option<HeadersSection>,
}

/// Exactly the five headers that exporter-toolkit lets one set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HeadersSection {
    #[serde(rename = "Content-Security-Policy")]
    pub(super) content_security_policy: Option<Spanned<String>>,
    #[serde(rename = "X-Frame-Options")]
    pub(super) x_frame_options: Option<Spanned<String>>,
    #[serde(rename = "X-Content-Type-Options")]
    pub(super) x_content_type_options: Option<Spanned<String>>,
    #[serde(rename = "X-XSS-Protection")]
    pub(super) x_xss_protection: Option<Spanned<String>>,
    #[serde(rename = "Strict-Transport-Security")]
    pub(super) strict_transport_security: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RateLimitSection {
    pub(super) interval: Option<Spanned<String>>,
    pub(super) burst: Option<Spanned<i64>>,
}

impl RawConfig {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        // Its own errors would quote neighbouring lines, which may hold secrets.
        let options = serde_saphyr::options! { with_snippet: false };
        let raw: Result<Option<Self>, _> = serde_saphyr::from_str_with_options(text, options);
        match raw {
            Ok(raw) => Ok(raw.unwrap_or_default()),
            Err(error) => Err(Problem::somewhere(error.location(), sentence(&error))),
        }
    }
}

impl TlsSection {
    /// Whether the section asks for TLS at all. One that only tunes it does not.
    pub(super) fn is_set(&self) -> bool {
        let texts = [
            &self.cert,
            &self.cert_file,
            &self.key_file,
            &self.client_ca,
            &self.client_ca_file,
            &self.client_auth_type,
        ];
        texts.into_iter().any(|text| given(text).is_some()) || given_secret(&self.key).is_some()
    }
}

/// A text that is there and not empty: an empty one is the same as none.
pub(super) fn given(text: &Option<Spanned<String>>) -> Option<&Spanned<String>> {
    text.as_ref().filter(|text| !text.value.is_empty())
}

/// As [`given`].
pub(super) fn given_secret(text: &Option<Spanned<Secret>>) -> Option<&Spanned<Secret>> {
    text.as_ref().filter(|text| !text.value.0.is_empty())
}

/// The message on one line, without the place at its end, which is said before it.
fn sentence(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let place = error
        .location()
        .map(|at| format!(" at line {}, column {}", at.line(), at.column()));
    let message = place
        .and_then(|place| text.strip_suffix(&place))
        .unwrap_or(&text);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

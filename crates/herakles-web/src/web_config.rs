//! TLS, passwords, headers and a rate limit from a file in the YAML of Prometheus' exporter-toolkit.
//!
//! [`WebConfigFile`] is what a [`Server`](crate::Server) is given: it reads the file again when the
//! file, or a certificate or key that it names, has changed, and keeps the last good one while the
//! new one is broken. [`WebConfig`] is one reading of it.

mod client_auth;
mod error;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod headers;
mod names;
mod passwords;
mod rate_limit;
mod raw_config;
mod subject_names;
mod tls;
mod users;
mod watched;

use std::path::Path;
use std::sync::Arc;

use hyper::HeaderMap;

pub use self::error::WebConfigError;
use self::error::printable;
use self::files::Files;
use self::rate_limit::RateLimit;
use self::raw_config::RawConfig;
use self::users::Users;
pub use self::watched::WebConfigFile;

/// One good reading of a web configuration file and of the files it names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebConfig {
    tls: Option<Arc<rustls::ServerConfig>>,
    headers: HeaderMap,
    users: Option<Users>,
    rate_limit: Option<RateLimit>,
    warnings: Vec<String>,
    /// The file holds nothing.
    is_empty: bool,
}

impl WebConfig {
    /// Reads a file and all that it names, once.
    ///
    /// # Errors
    ///
    /// [`WebConfigError`] for what is missing, unreadable or wrong, with its place in the file.
    pub fn read(path: &Path) -> Result<Self, WebConfigError> {
        Self::read_with(path, &mut Files::default())
    }

    fn read_with(path: &Path, files: &mut Files) -> Result<Self, WebConfigError> {
        let text = files.read_text(path).map_err(|source| {
            WebConfigError::whole(path, format!("cannot be read: {source}; correct its name"))
        })?;
        Self::parse(&text, path, files).map_err(|problem| problem.of_file(path))
    }

    fn parse(text: &str, path: &Path, files: &mut Files) -> Result<Self, error::Problem> {
        let raw = RawConfig::parse(text)?;
        let mut warnings = Vec::new();
        let http = raw.http_server_config.unwrap_or_default();
        let directory = path.parent().unwrap_or(Path::new(""));
        let tls = match &raw.tls_server_config {
            Some(section) if section.value.is_set() => {
                let mut context = tls::Context {
                    directory,
                    files,
                    http2: http.http2.unwrap_or(true),
                    warnings: &mut warnings,
                };
                Some(Arc::new(tls::server_config(section, &mut context)?))
            }
            Some(_) => {
                let sentence = "tls_server_config: without a certificate there is no TLS";
                warnings.push(sentence.to_owned());
                None
            }
            None => None,
        };
        let inline_key = raw
            .tls_server_config
            .is_some_and(|section| section.value.key.is_some());
        if inline_key && files.is_open_to_others(path) {
            warnings.push(format!(
                "{}: it holds a private key and others may read it; chmod o-rwx",
                path.display()
            ));
        }
        Ok(Self {
            tls,
            headers: headers::headers(http.headers.unwrap_or_default())?,
            users: Users::new(raw.basic_auth_users.unwrap_or_default(), &mut warnings)?,
            rate_limit: RateLimit::new(raw.rate_limit.unwrap_or_default())?,
            warnings: warnings.iter().map(|warning| printable(warning)).collect(),
            is_empty: text.trim().is_empty(),
        })
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub const fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether requests need a name and a password.
    #[must_use]
    pub const fn has_users(&self) -> bool {
        self.users.is_some()
    }

    /// What is allowed but not as asked for, or not wise: sentences for the log.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

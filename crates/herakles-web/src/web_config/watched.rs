//! A web configuration that follows its files while the server runs.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use hyper::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Response, StatusCode};

use super::files::Files;
use super::passwords::{PasswordChecks, Verdict};
use super::rate_limit::TokenBucket;
use super::{WebConfig, WebConfigError};
use crate::{Body, respond};

/// A web configuration file, read again when it or a file that it names has changed.
///
/// Whether it has is looked at for each new connection and each request, which costs one `stat` for
/// each file. A broken file leaves the last good reading in force; so does one that has become
/// empty, as it is while somebody writes it. Replace files by renaming for a change in one step.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use herakles_web::web_config::WebConfigFile;
///
/// let file = Arc::new(WebConfigFile::open("/etc/exporter/web.yml".as_ref())?);
/// assert!(file.current().has_tls());
/// # Ok::<(), herakles_web::web_config::WebConfigError>(())
/// ```
pub struct WebConfigFile {
    path: PathBuf,
    current: ArcSwap<WebConfig>,
    files: Mutex<Files>,
    reading: Mutex<()>,
    passwords: Arc<PasswordChecks>,
    bucket: TokenBucket,
}

impl fmt::Debug for WebConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebConfigFile")
            .field("path", &self.path)
            .field("current", &self.current.load())
            .finish_non_exhaustive()
    }
}

impl WebConfigFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// As [`WebConfig::read`].
    pub fn open(path: &Path) -> Result<Self, WebConfigError> {
        let mut files = Files::default();
        let config = WebConfig::read_with(path, &mut files)?;
        let passwords = PasswordChecks::new().ok_or_else(|| {
            WebConfigError::whole(path, "the system gives no random numbers".to_owned())
        })?;
        Ok(Self {
            path: path.to_owned(),
            current: ArcSwap::from_pointee(config),
            files: Mutex::new(files),
            reading: Mutex::new(()),
            passwords: Arc::new(passwords),
            bucket: TokenBucket::default(),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file and all that its last reading took in, such as certificates: what must stay
    /// readable for it to be read again.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        lock(&self.files).paths()
    }

    /// What is in force.
    #[must_use]
    pub fn current(&self) -> Arc<WebConfig> {
        self.current.load_full()
    }

    /// Reads the file again now, whether it has changed or not. Blocks: not for an async task.
    ///
    /// # Errors
    ///
    /// As [`WebConfig::read`]; then what was in force stays.
    pub fn reload(&self) -> Result<Arc<WebConfig>, WebConfigError> {
        let _one_at_a_time = lock(&self.reading);
        self.read_again()
    }

    /// Reads the file again if something has changed, and says how that went.
    pub(crate) async fn follow(self: &Arc<Self>) -> Option<Result<Arc<WebConfig>, WebConfigError>> {
        if !lock(&self.files).have_changed() {
            return None;
        }
        let file = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            let _one_at_a_time = lock(&file.reading);
            // Another request may have read it meanwhile.
            let has_changed = lock(&file.files).have_changed();
            has_changed.then(|| file.read_again())
        });
        reading.await.ok().flatten()
    }

    fn read_again(&self) -> Result<Arc<WebConfig>, WebConfigError> {
        let mut files = Files::default();
        let read = WebConfig::read_with(&self.path, &mut files);
        *lock(&self.files) = files;
        let config = read?;
        let running = self.current.load();
        if config.is_empty && !running.is_empty {
            let message = "it has become empty; restart to serve without any of it".to_owned();
            return Err(WebConfigError::whole(&self.path, message));
        }
        let config = Arc::new(config);
        self.current.store(Arc::clone(&config));
        Ok(config)
    }

    /// The answer to a request that may not be served: 401, or 429. `client` is who sent it, if it
    /// has an address.
    pub(crate) async fn screen(
        &self,
        config: &WebConfig,
        headers: &HeaderMap,
        client: Option<IpAddr>,
    ) -> Option<Response<Body>> {
        if let Some(limit) = config.rate_limit
            && let Err(wait) = self.bucket.take(limit, Instant::now())
        {
            let seconds = wait.as_secs() + 1;
            return Some(too_many("the rate limit is reached\n", seconds));
        }
        let users = config.users.as_ref()?;
        let authorization = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        match self.passwords.judge(users, authorization, client).await {
            Verdict::Good => None,
            Verdict::Bad => Some(unauthorized()),
            Verdict::Busy => Some(too_many("too many passwords to check\n", 1)),
        }
    }
}

impl WebConfig {
    pub(crate) fn tls(&self) -> Option<&Arc<rustls::ServerConfig>> {
        self.tls.as_ref()
    }

    /// Adds the configured headers to a response that does not carry its own.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
}

fn unauthorized() -> Response<Body> {
    let mut response = respond::text(StatusCode::UNAUTHORIZED, "name and password, please\n");
    let challenge = HeaderValue::from_static("Basic realm=\"metrics\", charset=\"UTF-8\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn too_many(sentence: &'static str, seconds: u64) -> Response<Body> {
    let mut response = respond::text(StatusCode::TOO_MANY_REQUESTS, sentence);
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

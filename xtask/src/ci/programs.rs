//! The real programs that the end-to-end tests start: servers of Debian, unpacked below
//! `target/gate` like the other tools, so that no service starts and no account is made. Only
//! interpreters that are missing are installed, as they find their libraries by fixed paths.

use std::{fs, path::Path, process::Command};

use super::{
    apt::{self, Apt},
    log::Log,
    places,
};
use crate::{command::on_path, failure::Failure};

/// A file that shows that a program is there, with `*` for its version, and the package to ask for.
const PROGRAMS: [(&str, &str); 6] = [
    ("usr/bin/redis-server", "redis-server"),
    ("usr/bin/memcached", "memcached"),
    ("usr/sbin/nginx", "nginx"),
    ("usr/lib/postgresql/*/bin/postgres", "postgresql"),
    (
        "usr/bin/prometheus-process-exporter",
        "prometheus-process-exporter",
    ),
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
pub(super) fn install(apt: &mut Apt, log: &mut Log) -> Result<(), Failure> {
    let interpreters: Vec<&str> = INTERPRETERS
        .iter()
        .filter(|(program, _)| on_path(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !interpreters.is_empty() {
        apt.install(log, &interpreters)?;
    }
    let packages: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(place, _)| !places::is_there(place))
        .map(|(_, package)| *package)
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    let archives = places::home().join("programs");
    fs::create_dir_all(archives.join("partial"))
        .map_err(|e| Failure::new(format!("{}: {e}", archives.display())))?;
    let remedy = format!("install {}", packages.join(", "));
    apt.run(log, &remedy, || download(&archives, &packages))?;
    let entries = fs::read_dir(&archives)
        .map_err(|e| Failure::new(format!("{}: {e}", archives.display())))?;
    for entry in entries.flatten() {
        let file = entry.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            apt::unpack(&file, log)?;
        }
    }
    Ok(())
}

/// Fetches packages and what they need that is not installed, and installs nothing.
fn download(archives: &Path, packages: &[&str]) -> Command {
    let mut command = apt::get("install");
    command
        .args(["--download-only", "--yes", "--no-install-recommends"])
        // The lock is for those who install.
        .args(["--option", "Debug::NoLocking=true", "--option"])
        .arg(format!("Dir::Cache::archives={}", archives.display()))
        .args(packages);
    command
}

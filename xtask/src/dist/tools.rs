//! The packagers, from crates.io, kept below `target/gate`.

use std::{env, path::PathBuf, process::Command};

use crate::{command, failure::Failure, workspace};

/// A program of cargo's and the version of it that is used.
pub(super) type Tool = (&'static str, &'static str);

/// Makes `.deb`.
pub(super) const DEB: Tool = ("cargo-deb", "3.8.0");
/// Makes `.rpm`.
pub(super) const RPM: Tool = ("cargo-generate-rpm", "0.21.1");
/// Makes the list of parts.
pub(super) const SBOM: Tool = ("cargo-cyclonedx", "0.5.9");

fn home() -> PathBuf {
    workspace::root().join("target/gate/cargo")
}

/// Brings what is missing. Built without optimisation: they run for a second.
pub(super) fn install(tools: &[Tool]) -> Result<(), Failure> {
    for (name, version) in tools {
        if home().join("bin").join(name).is_file() {
            continue;
        }
        println!("dist: installing {name} {version}");
        let mut install = Command::new(env!("CARGO"));
        install
            .args(["install", "--quiet", "--locked", "--root"])
            .arg(home())
            .arg(format!("{name}@{version}"))
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env_remove("CARGO_TARGET_DIR")
            // The settings of this workspace are not for them.
            .current_dir(env::temp_dir());
        command::run(&mut install)?;
    }
    Ok(())
}

/// `cargo NAME` with the installed program.
pub(super) fn cargo(name: &str) -> Command {
    let program = home().join("bin").join(format!("cargo-{name}"));
    let mut command = Command::new(program);
    command.arg(name).current_dir(workspace::root());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_has_a_version() {
        for (name, version) in [DEB, RPM, SBOM] {
            let parts = version.split('.');
            let numbers = parts.filter(|part| part.parse::<u32>().is_ok());
            assert_eq!(numbers.count(), 3, "{name} {version}");
        }
    }
}

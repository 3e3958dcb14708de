//! Every crate as it would be published: packed, unpacked, and compiled from nothing else.

use std::{fs, path::Path, process::Command};

use super::{command::cargo_command, log::Log, outcome::Outcome, places};
use crate::{
    failure::Failure,
    metadata::{self, Member},
    workspace,
};

/// Packs all crates of the product and compiles what is in the archives, as one workspace and with
/// the dependencies that are locked here, so that nothing of these is compiled once more.
///
/// # Errors
/// A crate that cannot be packed, or lacks a file.
pub(super) fn check() -> Result<Outcome, Failure> {
    let mut log = Log::create("crates")?;
    let directory = places::home().join("packed");
    let members: Vec<Member> = metadata::members()?
        .into_iter()
        .filter(Member::is_product)
        .collect();
    let target = metadata::target_directory()?;
    compile(&members, &directory, &target, &mut log).inspect_err(|_| log.print())?;
    Ok(Outcome::Passed)
}

fn compile(
    members: &[Member],
    directory: &Path,
    target: &Path,
    log: &mut Log,
) -> Result<(), Failure> {
    let mut package = cargo_command(&["package", "--locked", "--allow-dirty", "--no-verify"]);
    for member in members {
        package.args(["--package", &member.name]);
    }
    log.run(package.current_dir(workspace::root()))?;

    let unusable = |e| Failure::new(format!("{}: {e}", directory.display()));
    // It may not be there yet.
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).map_err(unusable)?;
    let mut manifest = String::from("[workspace]\nresolver = \"3\"\nmembers = [\"*-*\"]\n\n");
    manifest.push_str("[patch.crates-io]\n");
    for member in members {
        let unpacked = format!("{}-{}", member.name, member.version);
        let archive = target.join(format!("package/{unpacked}.crate"));
        let mut tar = Command::new("tar");
        tar.args(["--extract", "--gzip", "--file"]).arg(&archive);
        log.run(tar.arg("--directory").arg(directory))?;
        manifest.push_str(&format!("{} = {{ path = \"{unpacked}\" }}\n", member.name));
    }
    fs::write(directory.join("Cargo.toml"), manifest).map_err(unusable)?;
    fs::copy(
        workspace::root().join("Cargo.lock"),
        directory.join("Cargo.lock"),
    )
    .map_err(unusable)?;
    let mut check = cargo_command(&["check", "--offline", "--workspace", "--all-features"]);
    check.arg("--target-dir").arg(target);
    log.run(check.current_dir(directory))
}

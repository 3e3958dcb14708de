//! Whether the code also compiles elsewhere: for other targets, and with the oldest compiler that is
//! promised.
//!
//! What is not installed here is said, and is no failure: nobody installs toolchains by the way.

use std::{path::PathBuf, process::Command};

use super::{
    command::{cargo_command, pass},
    outcome::Outcome,
};
use crate::{failure::Failure, metadata};

/// The targets of the releases beside the usual one.
const TARGETS: [&str; 3] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
];

/// Checks the product for what is here.
///
/// # Errors
/// What does not compile.
pub(super) fn check() -> Result<Outcome, Failure> {
    let mut left_out = Vec::new();
    let libraries = sysroot()?.join("lib/rustlib");
    for target in TARGETS {
        if libraries.join(target).is_dir() {
            pass(
                &format!("targets-{target}"),
                cargo_command(&["check", "--locked"]).args(["--target", target]),
            )?;
        } else {
            left_out.push(format!(
                "the target {target}; `rustup target add {target}` brings it"
            ));
        }
    }
    let oldest = oldest_compiler()?;
    if has_toolchain(&oldest) {
        let mut command = Command::new("rustup");
        command
            .args(["run", &oldest, "cargo", "check", "--locked"])
            .args(["--target-dir", "target/oldest"])
            // Set by the cargo that runs this program, for itself.
            .env_remove("RUSTUP_TOOLCHAIN");
        pass("targets-oldest", &mut command)?;
    } else {
        left_out.push(format!(
            "the compiler {oldest}; `rustup toolchain install {oldest}` brings it"
        ));
    }
    Ok(match left_out.len() {
        0 => Outcome::Passed,
        _ => Outcome::Without(left_out),
    })
}

fn sysroot() -> Result<PathBuf, Failure> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output();
    let output = output.map_err(|e| Failure::new(format!("cannot start rustc: {e}")))?;
    let sysroot = String::from_utf8_lossy(&output.stdout);
    Ok(PathBuf::from(sysroot.trim()))
}

/// The `rust-version` of the product.
fn oldest_compiler() -> Result<String, Failure> {
    let members = metadata::members()?;
    let mut versions = members.into_iter().filter_map(|member| member.rust_version);
    versions
        .next()
        .ok_or_else(|| Failure::new("no member states its rust-version"))
}

fn has_toolchain(version: &str) -> bool {
    let listed = Command::new("rustup").args(["toolchain", "list"]).output();
    listed.is_ok_and(|output| {
        let list = String::from_utf8_lossy(&output.stdout);
        list.lines().any(|name| {
            let rest = name.strip_prefix(version);
            rest.is_some_and(|rest| rest.starts_with(['-', '.']))
        })
    })
}

//! Whether the code also compiles elsewhere: for other targets, and with the oldest compiler that is
//! promised.
//!
//! What is not installed here is said, and is no failure: nobody installs toolchains by the way.

use std::{path::PathBuf, process::Command};

use super::{
    command::{cargo_command, pass},
    outcome::Outcome,
};
use crate::{
    command::on_path,
    failure::Failure,
    linux_targets::{AARCH64_GNU, AARCH64_MUSL, LinuxTarget, X86_64_MUSL},
    metadata, workspace,
};

const LINUX: [LinuxTarget; 3] = [X86_64_MUSL, AARCH64_GNU, AARCH64_MUSL];

/// Other systems, for which what needs no kernel is compiled.
const ELSEWHERE: [&str; 2] = ["x86_64-pc-windows-gnu", "x86_64-apple-darwin"];

/// A machine of 32 bits without a kernel, whose programs Node.js runs.
const WASI: &str = "wasm32-wasip1";

/// The libraries that do without a kernel, and whether their tests do.
const PURE: [(&str, Tests); 7] = [
    ("herakles-stat", Tests::AnySystem),
    ("herakles-smaps", Tests::AnySystem),
    ("herakles-cpu", Tests::AnySystem),
    ("herakles-plan", Tests::AnySystem),
    ("herakles-classify", Tests::AnySystem),
    ("herakles-metrics", Tests::Linux),
    ("herakles-dashboard", Tests::Linux),
];

#[derive(PartialEq, Eq)]
enum Tests {
    AnySystem,
    Linux,
}

/// Checks for what is here, and with the oldest compiler.
///
/// # Errors
/// What does not compile, and what tests fail elsewhere.
pub(super) fn check() -> Result<Outcome, Failure> {
    let libraries = sysroot()?.join("lib/rustlib");
    let mut left_out = Vec::new();
    let triples = LINUX.iter().map(|target| target.triple);
    for triple in triples.chain(ELSEWHERE).chain([WASI]) {
        if !libraries.join(triple).is_dir() {
            left_out.push(format!(
                "the target {triple}; `rustup target add {triple}` brings it"
            ));
        }
    }
    let is_here = |triple: &str| libraries.join(triple).is_dir();
    for target in LINUX.iter().filter(|target| is_here(target.triple)) {
        left_out.extend(check_product(target)?);
    }
    for triple in ELSEWHERE.into_iter().filter(|triple| is_here(triple)) {
        let mut command = cargo_command(&["check", "--locked", "--target", triple]);
        for (package, _) in &PURE {
            command.args(["--package", package]);
        }
        pass(&format!("targets-{triple}"), &mut command)?;
    }
    if is_here(WASI) {
        left_out.extend(test_on_wasi()?);
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

/// Checks the product for a target of Linux, or says what is missing.
fn check_product(target: &LinuxTarget) -> Result<Option<String>, Failure> {
    if let Some(lack) = target.lack() {
        return Ok(Some(lack));
    }
    let mut command = cargo_command(&["check", "--locked", "--target", target.triple]);
    target.set_compiler(&mut command);
    pass(&format!("targets-{}", target.triple), &mut command)?;
    Ok(None)
}

/// Runs the tests of what needs no kernel where there is none, or says what is missing. Few random
/// cases will do: the many are for the other steps.
fn test_on_wasi() -> Result<Option<String>, Failure> {
    if on_path("node").is_none() {
        return Ok(Some(format!("the tests on {WASI}, as there is no node")));
    }
    let mut command = cargo_command(&["test", "--locked", "--target", WASI, "--lib", "--tests"]);
    for (package, _) in PURE.iter().filter(|(_, tests)| *tests == Tests::AnySystem) {
        command.args(["--package", package]);
    }
    let root = workspace::root().display();
    command.env("PROPTEST_CASES", "16").env(
        "CARGO_TARGET_WASM32_WASIP1_RUNNER",
        format!("node --no-warnings {root}/xtask/src/ci/wasi.mjs {root}"),
    );
    pass(&format!("targets-{WASI}"), &mut command)?;
    Ok(None)
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

//! Tells the program what built it: `BUILT_REVISION` and `BUILT_RUSTC`, or `unknown`. (`cargo run`
//! hands these to the program, so they have no name of a setting.)

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=HERAKLES_REVISION");
    let revision = std::env::var("HERAKLES_REVISION")
        .ok()
        .filter(|text| !text.is_empty())
        .or_else(head);
    for (name, value) in [("REVISION", revision), ("RUSTC", compiler())] {
        let value = value.as_deref().unwrap_or("unknown");
        println!("cargo::rustc-env=BUILT_{name}={value}");
    }
}

/// The commit that is checked out, where this is a checkout.
fn head() -> Option<String> {
    let git = Path::new("../../.git");
    // A path that is not there would count as changed at every build.
    for path in ["HEAD", "logs/HEAD"].map(|name| git.join(name)) {
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    let arguments = ["rev-parse", "--short=12", "HEAD"];
    let output = Command::new("git").args(arguments).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}

/// The second word of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn compiler() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.split_whitespace().nth(1).map(str::to_owned)
}

//! Tells the program what built it: `HERAKLES_REVISION` and `HERAKLES_RUSTC`, or `unknown`.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=HERAKLES_REVISION");
    let revision = std::env::var("HERAKLES_REVISION")
        .ok()
        .filter(|text| !text.is_empty());
    for (name, value) in [("REVISION", revision), ("RUSTC", compiler())] {
        let value = value.as_deref().unwrap_or("unknown");
        println!("cargo::rustc-env=HERAKLES_{name}={value}");
    }
}

/// The second word of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn compiler() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.split_whitespace().nth(1).map(str::to_owned)
}

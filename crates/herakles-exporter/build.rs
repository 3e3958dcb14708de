//! Tells the program which compiler built it.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=HERAKLES_REVISION");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    // "rustc 1.95.0 (59807616e 2026-04-14)": the second word; without it the program says unknown.
    if let Ok(output) = version
        && let Some(number) = String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .nth(1)
    {
        println!("cargo::rustc-env=HERAKLES_RUSTC={number}");
    }
}

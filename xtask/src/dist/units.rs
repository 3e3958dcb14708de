//! The systemd units: without a word from `systemd-analyze verify`, and little exposed.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use crate::{command, failure::Failure, workspace};

/// Tenths of the exposure that `systemd-analyze security` may find: 2.0 of 10.
const MOST_EXPOSED: u32 = 20;
const UNITS: [&str; 2] = ["herakles-exporter.service", "herakles-exporter.socket"];
/// What the units start.
const PROGRAMS: [&str; 2] = ["usr/bin/herakles-exporter", "bin/kill"];

/// Checks them below `root`, which is made for it.
///
/// # Errors
/// What systemd says of them.
pub(super) fn check(root: &Path) -> Result<(), Failure> {
    lay_out(root).map_err(|e| Failure::new(format!("cannot lay out the units: {e}")))?;
    let mut verify = Command::new("systemd-analyze");
    verify
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(format!("--root={}", root.display()))
        .args(UNITS)
        .env("SYSTEMD_LOG_LEVEL", "notice");
    // A misspelt key is only a warning, and the exit code of a warning is 0.
    let output = verify
        .output()
        .map_err(|e| Failure::new(format!("cannot run systemd-analyze: {e}")))?;
    if !output.status.success() || !output.stderr.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("the units are not clean: {said}")));
    }
    let unit = workspace::root().join("packaging/systemd").join(UNITS[0]);
    let report = command::output(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true"])
            .arg(format!("--threshold={MOST_EXPOSED}"))
            .arg(unit),
    )?;
    let report = String::from_utf8_lossy(&report);
    let line = report
        .lines()
        .rev()
        .find(|line| line.contains("exposure level"));
    println!("units: {}", line.unwrap_or_default().trim());
    Ok(())
}

fn lay_out(root: &Path) -> io::Result<()> {
    let directory = root.join("usr/lib/systemd/system");
    fs::create_dir_all(&directory)?;
    for unit in UNITS {
        let source = workspace::root().join("packaging/systemd").join(unit);
        fs::copy(source, directory.join(unit))?;
    }
    for program in PROGRAMS {
        let path = root.join(program);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(&path, "")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

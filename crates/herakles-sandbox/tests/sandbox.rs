//! A program enters the sandbox, for good: one test, as it holds for the whole process.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use herakles_sandbox::{CapabilitySet, Sandbox};

#[test]
fn what_is_given_up_is_refused_and_told() {
    let sandbox = Sandbox::keeping(CapabilitySet::empty()).reading([PathBuf::from("/")]);
    let protections = sandbox.enter(|| 0).to_string();
    assert!(
        protections.starts_with("capabilities: none; no_new_privs: in force; seccomp: in force; "),
        "{protections}"
    );
    // Landlock goes together with a capability that is not kept.
    assert!(
        protections.contains("landlock: not in force, "),
        "{protections}"
    );
    let program = Command::new("/bin/true").spawn().map(drop);
    assert_eq!(
        program.map_err(|error| error.kind()),
        Err(ErrorKind::PermissionDenied)
    );
    assert!(std::fs::read("/proc/self/stat").is_ok());
}

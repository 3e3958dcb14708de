//! What the host spent and who was credited with it: the line in `/health` and the recording rule.

use std::{path::Path, process::Command};

use crate::harness::{exporter::Options, tools};

/// The two numbers of the line: unattributed and spent, in seconds.
fn unattributed(health: &str) -> Option<(f64, f64)> {
    let line = health
        .lines()
        .find_map(|line| line.strip_prefix("unattributed CPU: "))?;
    let mut numbers = line.split(' ').filter_map(|word| word.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

#[test]
fn health_tells_what_no_subgroup_was_credited_with() {
    let exporter = Options::live().args(["--scan.cache-ttl=1s"]).start();
    exporter.wait_for_refreshes(2.0);
    let health = exporter.get("/health").text();
    let (unattributed, spent) = unattributed(&health).expect("the line is there");
    assert!(spent >= 0.0, "{health}");
    assert!(unattributed <= spent, "{health}");
}

#[test]
fn without_the_host_health_does_not_guess() {
    let exporter = Options::live()
        .args(["--scan.cache-ttl=1s", "--no-export.host"])
        .start();
    exporter.wait_for_refreshes(2.0);
    assert_eq!(unattributed(&exporter.get("/health").text()), None);
}

#[test]
fn promtool_accepts_the_recording_rules_and_their_tests() {
    let Some(promtool) = tools::promtool() else {
        return;
    };
    let monitoring = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../monitoring");
    for arguments in [
        ["check", "rules", "rules.yml"],
        ["test", "rules", "rules_test.yml"],
    ] {
        tools::succeed(
            Command::new(&promtool)
                .args(arguments)
                .current_dir(&monitoring),
        );
    }
}

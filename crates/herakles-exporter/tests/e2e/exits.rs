//! Processes that live and die between two scans, told of by taskstats.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use herakles_taskstats::ExitRecords;
use procfs::process::Process;

use crate::harness::alone::apart;
use crate::harness::exporter::{Exporter, Options};
use crate::harness::tools::not_here;

/// A shell that keeps a processor busy for a while.
const BURN: &str = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";

/// The exporter listening to exits, with a subgroup of its own for the program `name` in
/// `directory`, if this test has the right.
fn listening(directory: &Path, name: &str) -> Option<(Exporter, File)> {
    if let Err(error) = ExitRecords::open() {
        not_here(&error.to_string());
        return None;
    }
    // What children use is counted for all tests of this process together.
    let host = apart();
    let rules = directory.join("rules.toml");
    let rule = format!(
        "[[subgroups]]\ngroup = 'exits'\nsubgroup = '{name}'\nmatches = ['{name}']\nalways = true\n"
    );
    fs::write(&rules, rule).expect("written");
    symlink("/bin/sh", directory.join(name)).expect("linked");
    let rules = format!("--classification.rules={}", rules.display());
    let exporter = Options::live()
        .args(["--scan.cache-ttl=1s", "--scan.exits=taskstats", &rules])
        .start();
    exporter.wait_for_refreshes(2.0);
    Some((exporter, host))
}

/// What the subgroup has been credited with, once all is settled.
fn credited(exporter: &Exporter, name: &str) -> f64 {
    for _ in 0..3 {
        exporter.wait_for_next_refresh();
    }
    let metrics = exporter.metrics();
    let of = |mode| {
        let labels = [("subgroup", name), ("mode", mode)];
        metrics.value("herakles_subgroup_cpu_seconds_total", &labels)
    };
    of("user").expect("always there") + of("system").expect("always there")
}

/// What the children of this process have used, in seconds.
fn used_by_children() -> f64 {
    let stat = Process::myself().and_then(|it| it.stat()).expect("our own");
    (stat.cutime + stat.cstime) as f64 / procfs::ticks_per_second() as f64
}

fn command(program: &Path, script: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("-c").arg(script).stdin(Stdio::null());
    command
}

/// A name that no process of this host has but those of this test.
fn unique(kind: &str) -> String {
    format!("{kind}{}", std::process::id())
}

#[test]
fn a_child_between_two_scans_is_credited_to_its_own_subgroup_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let name = unique("waited");
    let Some((exporter, _host)) = listening(directory.path(), &name) else {
        return;
    };
    let before = used_by_children();
    for _ in 0..3 {
        let status = command(&directory.path().join(&name), BURN).status();
        assert!(status.expect("a shell").success());
    }
    let used = used_by_children() - before;
    let credited = credited(&exporter, &name);
    // Its end, when its memory is taken apart, is its parent's; each figure is cut to ticks.
    assert!(
        credited > 0.8 * used - 0.03 && credited < used + 0.03,
        "{credited} s credited of {used} s"
    );
}

#[test]
fn a_child_that_nobody_waits_for_is_not_lost() {
    let directory = tempfile::tempdir().expect("a directory");
    let name = unique("left");
    let Some((exporter, _host)) = listening(directory.path(), &name) else {
        return;
    };
    // The same work, once waited for and once not.
    let burner = directory.path().join(&name);
    let before = used_by_children();
    assert!(command(&burner, BURN).status().expect("a shell").success());
    let used = used_by_children() - before;
    let script = format!("{} -c '{BURN}' & wait; sleep 1; :", burner.display());
    let ignoring = Command::new("env")
        .args(["--ignore-signal=CHLD", "sh", "-c", &script])
        .status()
        .expect("coreutils");
    assert!(ignoring.success(), "{ignoring}");
    let credited = credited(&exporter, &name);
    assert!(
        credited > 1.4 * used - 0.03,
        "{credited} s credited, {used} s used by one of two"
    );
}

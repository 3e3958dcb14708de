//! What the host spent and who was credited with it: the line in `/health` and the recording rule.

use std::{fs, path::Path, process::Command};

use procfs::process::Process;

use crate::harness::{
    alone::runs_alone,
    exporter::{Exporter, NO_RULE_FILES, Options},
    target::Target,
    tools,
};

/// Shell that waits for many children, each gone long before anybody looks.
const SHORT_LIVES: &str = "n=0; while [ $n -lt 100 ]; do \
    (i=0; while [ $i -lt 8000 ]; do i=$((i+1)); done); n=$((n+1)); done";

/// What a process that waits now, and the children it has waited for, have used, in seconds.
fn used_with_children(pid: u32) -> f64 {
    let pid = i32::try_from(pid).expect("a pid fits");
    let stat = Process::new(pid)
        .and_then(|process| process.stat())
        .expect("it lives");
    let own = (stat.utime + stat.stime) as f64;
    (own + (stat.cutime + stat.cstime) as f64) / procfs::ticks_per_second() as f64
}

/// What the subgroup of the test has been credited with, two refreshes from now: what is held
/// back in one is credited in the next.
fn credited(exporter: &Exporter) -> f64 {
    exporter.wait_for_next_refresh();
    exporter.wait_for_next_refresh();
    let class = [("group", "test"), ("subgroup", "parent")];
    exporter
        .metrics()
        .all("herakles_subgroup_cpu_seconds_total", &class)
        .map(|sample| sample.value)
        .sum()
}

#[test]
fn children_that_nobody_saw_are_credited_to_who_waited_for_them() {
    if runs_alone() {
        return;
    }
    let rules = tempfile::NamedTempFile::new().expect("a temporary file");
    let rule = "[[subgroups]]\ngroup = \"test\"\nsubgroup = \"parent\"\n\
        matches = [\"hk-parent\"]\ninherit = true\n";
    fs::write(rules.path(), rule).expect("the rule can be written");
    let config = NO_RULE_FILES.replace("[]", &format!("[{:?}]", rules.path()));
    let exporter = Options::with_config(&config)
        .args(["--scan.cache-ttl=1s"])
        .start();
    let mut parent = Target::start(b"hk-parent", ":");
    let before = credited(&exporter) - used_with_children(parent.pid());
    let refreshes = exporter.refreshes();
    parent.go_on(SHORT_LIVES);
    let used = used_with_children(parent.pid());
    assert!(used > 0.1, "the children burnt nothing: {used}");
    let lost = used - (credited(&exporter) - before);
    // A tick for each that was seen on its way: one at a time, the more the longer it all takes.
    let seen = exporter.refreshes() - refreshes;
    assert!(
        lost.abs() < 0.02 + 0.01 * seen,
        "{lost} s of {used} s, {seen} refreshes"
    );
}

/// What storage did for a process by its own file, as `(read, write)`.
fn storage(pid: u32) -> (u64, u64) {
    let pid = i32::try_from(pid).expect("a pid fits");
    let io = Process::new(pid)
        .and_then(|process| process.io())
        .expect("root may read it");
    (io.read_bytes, io.write_bytes)
}

#[test]
fn storage_and_descriptors_are_those_that_the_files_of_the_process_tell() {
    if runs_alone() || !rustix::process::geteuid().is_root() {
        return;
    }
    let rules = tempfile::NamedTempFile::new().expect("a temporary file");
    let rule =
        "[[subgroups]]\ngroup = \"test\"\nsubgroup = \"writer\"\nmatches = [\"hk-writer\"]\n";
    fs::write(rules.path(), rule).expect("the rule can be written");
    let config = NO_RULE_FILES.replace("[]", &format!("[{:?}]", rules.path()));
    let exporter = Options::with_config(&config)
        .args(["--scan.cache-ttl=1s", "--scan.io"])
        .start();
    let class = [("group", "test"), ("subgroup", "writer")];
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("written").display().to_string();
    // By the process itself, and by a child that is gone before anybody looks.
    let by_itself = format!(
        "exec 7</dev/null 8</dev/null; \
         n=0; while [ $n -lt 300 ]; do echo $n; n=$((n+1)); done > {path}; sync {path}"
    );
    let by_a_child = format!("dd if=/dev/zero of={path} bs=1k count=600 conv=fsync 2>/dev/null");
    let mut writer = Target::start(b"hk-writer", &by_itself);
    for more in [None, Some(&by_a_child)] {
        if let Some(work) = more {
            writer.go_on(work);
        }
        exporter.wait_for_next_refresh();
        exporter.wait_for_next_refresh();
        let metrics = exporter.metrics();
        let bytes = |direction| {
            let labels = [class[0], class[1], ("direction", direction)];
            metrics.value("herakles_subgroup_io_bytes_total", &labels)
        };
        let (read, write) = storage(writer.pid());
        assert_eq!(bytes("read"), Some(read as f64));
        assert_eq!(bytes("write"), Some(write as f64), "after {more:?}");

        let listed = fs::read_dir(format!("/proc/{}/fd", writer.pid()));
        let listed = listed.expect("root may list it").count() as f64;
        let fds = metrics.value("herakles_subgroup_open_fds", &class);
        // Before Linux 6.2 the kernel counts none.
        assert!(fds.is_none_or(|fds| fds == listed), "{fds:?} of {listed}");
    }
}

/// What `/health` says of the time that nobody was credited with.
fn unattributed(exporter: &Exporter) -> Option<String> {
    let health = exporter.get("/health").text();
    let mut lines = health.lines();
    let line = lines.find_map(|line| line.strip_prefix("unattributed CPU: "));
    line.map(str::to_owned)
}

#[test]
fn health_tells_what_no_subgroup_was_credited_with() {
    if runs_alone() {
        return;
    }
    let exporter = Options::live().args(["--scan.cache-ttl=1s"]).start();
    exporter.wait_for_refreshes(2.0);
    let line = unattributed(&exporter).expect("the line is there");
    assert!(line.contains("between the last two refreshes"), "{line}");
}

#[test]
fn without_the_host_health_does_not_guess() {
    if runs_alone() {
        return;
    }
    let exporter = Options::live()
        .args(["--scan.cache-ttl=1s", "--no-export.host"])
        .start();
    exporter.wait_for_refreshes(2.0);
    assert_eq!(unattributed(&exporter), None);
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

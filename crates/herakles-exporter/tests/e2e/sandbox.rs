//! What the service gives up at its start, in every thread, and that it says so.

use std::fs;

use crate::harness::{
    alone::runs_alone,
    exporter::{Exporter, Options, run},
    target::{self, Target},
    tools,
};

/// `CAP_SYS_PTRACE` and `CAP_PERFMON`, capability(7).
const SYS_PTRACE: u64 = 1 << 19;
const PERFMON: u64 = 1 << 38;

/// One line of `status` for each thread.
fn of_threads(exporter: &Exporter, field: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", exporter.pid())).expect("it runs");
    tasks
        .map(|task| {
            let status = task.expect("its threads are listed").path().join("status");
            let status = fs::read_to_string(status).expect("its threads stay");
            let mut lines = status.lines().filter_map(|line| line.strip_prefix(field));
            let value = lines.next().expect("the kernel knows the field");
            value.trim_start_matches(':').trim().to_owned()
        })
        .collect()
}

fn all_are(exporter: &Exporter, field: &str, expected: &str) {
    for value in of_threads(exporter, field) {
        assert_eq!(value, expected, "{field}");
    }
}

fn mask(bits: u64) -> String {
    format!("{bits:016x}")
}

#[test]
fn root_keeps_the_one_capability_it_uses() {
    let exporter = Options::live().args(["--scan.taskstats=off"]).start();
    exporter.wait_for_refreshes(2.0);
    for field in ["CapEff", "CapPrm", "CapBnd"] {
        all_are(&exporter, field, &mask(SYS_PTRACE));
    }
    for field in ["CapInh", "CapAmb"] {
        all_are(&exporter, field, &mask(0));
    }
    all_are(&exporter, "NoNewPrivs", "1");
    // SECCOMP_MODE_FILTER.
    all_are(&exporter, "Seccomp", "2");
    exporter.log_with("capabilities: CAP_SYS_PTRACE;");
    exporter.log_with("seccomp: in force");
}

#[test]
fn the_sandbox_can_be_switched_off_but_rights_go_all_the_same() {
    let exporter = Options::live()
        .args(["--scan.taskstats=off", "--no-security.sandbox"])
        .start();
    exporter.wait_for_refreshes(2.0);
    all_are(&exporter, "Seccomp", "0");
    all_are(&exporter, "NoNewPrivs", "1");
    all_are(&exporter, "CapEff", &mask(SYS_PTRACE));
    exporter.log_with("security.sandbox is false");
}

#[test]
fn landlock_costs_no_memory_sample() {
    if runs_alone() {
        return;
    }
    let Some(setpriv) = tools::setpriv() else {
        return;
    };
    let foreign = Target::start(b"hk-landlock", &target::hold_megabytes(3));
    let foreign = foreign.pid().to_string();
    let as_nobody = |capabilities: &'static str| {
        [
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            "--inh-caps",
            capabilities,
            "--ambient-caps",
            capabilities,
        ]
    };
    let exporter = Options::live()
        .wrapped_by(&setpriv, &as_nobody("+perfmon"))
        .start();
    exporter.wait_for_refreshes(2.0);
    all_are(&exporter, "CapEff", &mask(PERFMON));
    // Whether or not this kernel lets both hold: what could be read can still be read.
    let sampled = |exporter: &Exporter| {
        let metrics = exporter.metrics();
        metrics.value("herakles_process_memory_pss_bytes", &[("pid", &foreign)])
    };
    let open = Options::live()
        .args(["--no-security.sandbox"])
        .wrapped_by(&setpriv, &as_nobody("+perfmon"))
        .start();
    open.wait_for_refreshes(2.0);
    assert_eq!(sampled(&exporter).is_some(), sampled(&open).is_some());

    let exporter = Options::live()
        .wrapped_by(&setpriv, &as_nobody("+sys_ptrace"))
        .start();
    exporter.wait_for_refreshes(2.0);
    let log = exporter.log_with("landlock: not in force");
    assert!(sampled(&exporter).is_some(), "{log}");
}

#[test]
fn check_says_what_is_in_force() {
    let output = run(&[
        "check",
        "--allow-partial",
        "--web.listen-address=127.0.0.1:0",
    ]);
    let text = String::from_utf8(output.stdout).expect("sentences are UTF-8");
    let line = text.lines().last().expect("check says something");
    for part in [
        "capabilities: ",
        "no_new_privs: ",
        "seccomp: ",
        "landlock: ",
    ] {
        assert!(line.contains(part), "{line}");
    }
}

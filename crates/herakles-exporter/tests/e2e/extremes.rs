//! Processes that are extreme in one way: they are measured right, and so is the rest.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use procfs::process::Process;

use crate::harness::{
    actor::{Actor, compiled},
    alone::runs_alone,
    exporter::{Exporter, Options},
    exposition::Exposition,
    target::{Target, hold_megabytes},
};

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// The program that is each of them, by a name of its own.
fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    let program = folder.join(name);
    fs::rename(compiled("extremes/actor.c", folder)?, &program).expect("it can be renamed");
    Some(program)
}

/// An exporter that has a subgroup for that name.
fn exporter_that_knows(name: &str, folder: &Path) -> Exporter {
    let rules = folder.join("rules.toml");
    let rule =
        format!("[[subgroups]]\ngroup = 'extreme'\nsubgroup = 'extreme'\nmatches = ['{name}']\n");
    fs::write(&rules, rule).expect("it can be written");
    Options::live()
        .args([format!("--classification.rules={}", rules.display())])
        .start()
}

fn of_pid(metrics: &Exposition, family: &str, pid: u32) -> Option<f64> {
    metrics.value(family, &[("pid", &pid.to_string())])
}

/// Another process, of 20 MB, is reported as ever.
fn assert_other_is_right(exporter: &Exporter, other: &Target) {
    let uss = of_pid(
        &exporter.metrics(),
        "herakles_process_memory_uss_bytes",
        other.pid(),
    );
    let uss = uss.expect("it is reported");
    assert!((20e6..40e6).contains(&uss), "{uss} bytes");
}

/// Nearly as many as the kernel allows.
#[test]
fn a_process_of_65000_mappings_is_measured_and_holds_up_nothing() {
    if runs_alone() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(program) = program(folder.path(), "extreme-mappings") else {
        return;
    };
    let mut actor = Actor::start(Command::new(program).args(["mappings", "65000"]));
    let held = actor.is_ready();
    let other = Target::start(b"other", &hold_megabytes(20));
    for memory in ["adaptive", "exact"] {
        let exporter = Options::live()
            .args([&format!("--scan.memory={memory}")])
            .start();
        exporter.wait_for_refreshes(3.0);
        let metrics = exporter.metrics();
        for family in ["rss", "pss", "uss"] {
            let family = format!("herakles_process_memory_{family}_bytes");
            let bytes = of_pid(&metrics, &family, actor.pid()).expect("it is reported");
            // What it holds besides: the C library, and a list of its mappings.
            let besides = bytes - held;
            assert!(
                (0.0..8.0 * MEBIBYTE).contains(&besides),
                "{family}: {bytes}"
            );
        }
        assert_other_is_right(&exporter, &other);
    }
}

#[test]
fn a_process_of_5000_threads_has_all_its_threads_and_their_cpu() {
    if runs_alone() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(program) = program(folder.path(), "extreme-threads") else {
        return;
    };
    let mut actor = Actor::start(Command::new(program).args(["threads", "5000"]));
    let cpu_seconds = actor.is_ready() / 1e6;
    let other = Target::start(b"other", &hold_megabytes(20));
    let exporter = exporter_that_knows("extreme-threads", folder.path());
    exporter.wait_for_refreshes(2.0);
    exporter.wait_for_next_refresh();
    let metrics = exporter.metrics();
    let cpu = of_pid(&metrics, "herakles_process_cpu_seconds_total", actor.pid());
    let cpu = cpu.expect("it is reported");
    // User and system are cut to hundredths each; then the last threads go to sleep.
    assert!(
        (cpu_seconds - 0.03..cpu_seconds + 0.5).contains(&cpu),
        "{cpu} s of {cpu_seconds} s"
    );
    let threads = metrics.value("herakles_subgroup_threads", &[("subgroup", "extreme")]);
    assert_eq!(threads, Some(5000.0));
    assert_other_is_right(&exporter, &other);
}

/// The first words decide; of the two megabytes behind them, no more than the start is looked at.
#[test]
fn a_command_line_of_two_megabytes_classifies_its_process() {
    if runs_alone() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(program) = program(folder.path(), "extreme-arguments") else {
        return;
    };
    let rules = folder.path().join("rules.toml");
    let rule = "[[subgroups]]\ngroup = \"far\"\nsubgroup = \"far\"\ncmdline_matches = ['last-word']\n\
                [[subgroups]]\ngroup = \"near\"\nsubgroup = \"{script}\"\n\
                cmdline_matches = ['/srv/near\\.py']\n";
    fs::write(&rules, rule).expect("it can be written");
    // Named as an interpreter is.
    let python = folder.path().join("python3");
    fs::copy(&program, &python).expect("it can be copied");
    let mut actor = Actor::start(
        Command::new(program)
            .args(["arguments", "2100000"])
            .arg(&python)
            .arg("/srv/near.py"),
    );
    assert_eq!(
        actor.is_ready(),
        2.0 + 21.0 + 1.0,
        "all arguments are there"
    );
    let other = Target::start(b"other", &hold_megabytes(20));
    let exporter = Options::live()
        .args([format!("--classification.rules={}", rules.display())])
        .start();
    exporter.wait_for_refreshes(2.0);
    let metrics = exporter.metrics();
    let pid = actor.pid().to_string();
    let found = metrics
        .all("herakles_process_memory_rss_bytes", &[("pid", &pid)])
        .next()
        .expect("it is reported");
    assert_eq!(found.label("name"), "python3");
    assert_eq!(
        (found.label("group"), found.label("subgroup")),
        ("near", "near.py")
    );
    for page in [
        "/metrics",
        "/",
        "/api/v1/snapshot",
        &format!("/process/{pid}"),
    ] {
        let answer = exporter.get(page);
        assert_eq!(answer.status, 200, "{page}");
        assert!(!answer.text().contains("xxxxxxxx"), "{page}");
        assert!(!answer.text().contains("last-word"), "{page}");
    }
    assert_other_is_right(&exporter, &other);
}

/// Most of them are gone before anything of them is read.
#[test]
fn a_storm_of_children_is_credited_and_fills_no_log() {
    if runs_alone() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(program) = program(folder.path(), "extreme-storm") else {
        return;
    };
    let other = Target::start(b"other", &hold_megabytes(20));
    let exporter = exporter_that_knows("extreme-storm", folder.path());
    exporter.wait_for_refreshes(2.0);
    let mut actor = Actor::start(Command::new(program).arg("storm"));
    actor.is_ready();
    for _ in 0..4 {
        exporter.wait_for_next_refresh();
        assert_eq!(exporter.get("/health").status, 200);
        assert_other_is_right(&exporter, &other);
    }
    actor.go_on();
    let words = actor.says();
    let number = |word: usize| words[word].parse::<f64>().expect("a number");
    let (children, used) = (number(0), number(1) / 1e6);
    exporter.wait_for_next_refresh();
    let metrics = exporter.metrics();
    let credited: f64 = metrics
        .all(
            "herakles_subgroup_cpu_seconds_total",
            &[("subgroup", "extreme")],
        )
        .map(|sample| sample.value)
        .sum();
    let pid = i32::try_from(actor.pid()).expect("a pid");
    let stat = Process::new(pid)
        .and_then(|it| it.stat())
        .expect("it lives");
    let own = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
    // Each burnt a thousandth of a second. A tick may be lost with each that a scan met.
    assert!(
        credited >= 0.95 * children / 1e3 - 0.2,
        "{credited} s of {children}"
    );
    assert!(
        (0.95 * (used + own) - 0.2..1.05 * (used + own) + 0.2).contains(&credited),
        "{credited} s of {used} s and {own} s"
    );
    let failed = metrics
        .all("herakles_exporter_scan_errors_total", &[])
        .filter(|sample| {
            !["vanished", "denied"].contains(&sample.label("kind")) && sample.value > 0.0
        });
    assert_eq!(failed.collect::<Vec<_>>(), Vec::<&_>::new());
    let log = exporter.log();
    assert!(log.lines().count() < 30, "{log}");
    assert!(!log.contains("level=error"), "{log}");
}

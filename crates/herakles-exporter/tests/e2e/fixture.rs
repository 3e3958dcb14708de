//! The recorded `/proc` against golden text.

use std::{env, fmt::Write, fs, path::Path};

use crate::harness::exporter::{Exporter, OPENMETRICS, Options, TEXT};

/// Every per-process series and every hidden corner of the tree shows in these texts, so a changed
/// name, label, number or order shows in review.
fn check(golden: &str, accept: &str) {
    let exporter = recorded();
    let actual = stable_part(&exporter.body(accept));
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(golden);
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &actual).expect("the golden text can be written");
        return;
    }
    let expected = fs::read_to_string(&path).expect("the golden text can be read");
    assert!(
        expected == actual,
        "{golden} differs; UPDATE_EXPECT=1 rewrites it\n{}",
        difference(&expected, &actual)
    );
}

/// After the second refresh, so that CPU usage is there.
fn recorded() -> Exporter {
    let exporter = Options::recorded().start();
    exporter.wait_for_refreshes(2.0);
    exporter
}

/// The text without what the clock or the machine puts into it: the exporter's own families,
/// the age of a sample, and when the subgroup counters began.
fn stable_part(body: &str) -> String {
    let mut stable = String::new();
    for line in body.lines() {
        let words = line
            .trim_start_matches("# HELP ")
            .trim_start_matches("# TYPE ");
        let words = words.trim_start_matches("# UNIT ");
        if words.starts_with("herakles_exporter_") || words.starts_with("process_") {
            continue;
        }
        let moves = line.starts_with("herakles_subgroup_")
            && (line.contains("_created{")
                || line.starts_with("herakles_subgroup_memory_sample_age"));
        match line.rsplit_once(' ') {
            Some((series, _)) if moves => writeln!(stable, "{series} (moves)"),
            _ => writeln!(stable, "{line}"),
        }
        .expect("a string takes everything");
    }
    stable
}

fn difference(expected: &str, actual: &str) -> String {
    let only_in = |this: &str, other: &str, sign: char| {
        let other: std::collections::HashSet<_> = other.lines().collect();
        this.lines()
            .filter(|line| !other.contains(line))
            .map(|line| format!("{sign} {line}\n"))
            .collect::<String>()
    };
    only_in(expected, actual, '-') + &only_in(actual, expected, '+')
}

#[test]
fn openmetrics_is_the_golden_text() {
    check("recorded.openmetrics.txt", OPENMETRICS);
}

#[test]
fn text_is_the_golden_text() {
    check("recorded.text.txt", TEXT);
}

#[test]
fn every_process_of_the_tree_is_accounted_for_once() {
    let metrics = recorded().metrics();
    let state = |state| metrics.value("herakles_exporter_processes", &[("state", state)]);
    assert_eq!(state("kernel_thread"), Some(2.0));
    assert_eq!(state("zombie"), Some(1.0));
    // The memory of 1201 cannot be read, that of 1202 is cut short; both keep their RSS and CPU.
    // The third has a `stat` that says nothing.
    assert_eq!(state("unreadable"), Some(3.0));
    assert_eq!(state("over_limit"), Some(0.0));
    assert_eq!(state("filtered"), Some(0.0));
    assert_eq!(state("exported"), Some(18.0));
    for pid in ["1201", "1202"] {
        let of = |family| metrics.value(family, &[("pid", pid)]);
        assert_eq!(of("herakles_process_memory_rss_bytes"), Some(8_192_000.0));
        assert_eq!(of("herakles_process_memory_pss_bytes"), None);
        assert_eq!(of("herakles_process_memory_uss_bytes"), None);
        assert!(of("herakles_process_cpu_seconds_total").is_some());
    }
}

#[test]
fn a_leader_that_has_exited_keeps_the_memory_of_its_process() {
    let metrics = recorded().metrics();
    let of = |family| metrics.value(family, &[("pid", "1050")]);
    assert_eq!(
        of("herakles_process_memory_rss_bytes"),
        Some(24_000.0 * 1024.0)
    );
    assert_eq!(
        of("herakles_process_memory_pss_bytes"),
        Some(21_400.0 * 1024.0)
    );
    assert_eq!(
        of("herakles_process_memory_uss_bytes"),
        Some(20_000.0 * 1024.0)
    );
}

#[test]
fn host_memory_adds_up_to_the_total() {
    let metrics = recorded().metrics();
    let sum: f64 = metrics
        .all("herakles_host_memory_bytes", &[])
        .map(|sample| sample.value)
        .sum();
    assert_eq!(
        Some(sum),
        metrics.value("herakles_host_memory_total_bytes", &[])
    );
    assert_eq!(sum, 8_000_000.0 * 1024.0);
}

#[test]
fn a_tree_that_is_not_procfs_is_said_once() {
    let exporter = recorded();
    let said = "not the kernel's procfs";
    let log = exporter.log_with(said);
    let lines: Vec<_> = log.lines().filter(|line| line.contains(said)).collect();
    assert_eq!(lines.len(), 1, "{log}");
}

//! What `monitoring/` holds works: rules by promtool, relabelling by a real Prometheus.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{
    alone::runs_alone,
    eventually,
    exporter::Options,
    prometheus::{Job, Prometheus},
    tools,
};

/// A file below the root of the workspace.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(file(path)).expect("the file is there")
}

/// The jobs of a scrape snippet, which people paste.
pub(crate) fn relabelling(path: &str) -> String {
    let text = read(path);
    let (_, rules) = text
        .split_once("    metric_relabel_configs:\n")
        .expect("a snippet relabels");
    rules.to_owned()
}

#[test]
fn each_alert_fires_and_keeps_quiet_as_its_cases_say() {
    let Some(promtool) = tools::promtool() else {
        return;
    };
    for arguments in [
        ["check", "rules", "rules.yml"],
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "rules_test.yml"],
        ["test", "rules", "alerts_test.yml"],
    ] {
        let output = Command::new(&promtool)
            .args(arguments)
            .current_dir(file("monitoring"))
            .output()
            .expect("promtool starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }
    let tests = read("monitoring/alerts_test.yml");
    let alerts = read("monitoring/alerts.yml");
    for alert in alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        assert!(
            tests.contains(&format!("alertname: {alert}\n")),
            "{alert} has no case"
        );
    }
}

#[test]
fn the_names_of_the_herakles_original_can_be_had() {
    if runs_alone() {
        return;
    }
    let Some(program) = tools::prometheus() else {
        return;
    };
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(3.0);
    let jobs = [Job {
        name: "herakles-proc-mem",
        relabelling: relabelling("monitoring/relabel/herakles-original.yml"),
        ..Job::default()
    }];
    let prometheus = Prometheus::start(&program, &exporter, &jobs);
    for name in [
        "herakles_proc_mem_rss_bytes",
        "herakles_proc_mem_pss_bytes",
        "herakles_proc_mem_uss_bytes",
        "herakles_proc_mem_cpu_time_seconds",
        "herakles_proc_mem_group_rss_bytes_sum",
        "herakles_proc_mem_group_pss_bytes_sum",
        "herakles_proc_mem_group_uss_bytes_sum",
        "herakles_proc_mem_top_rss_bytes",
        "herakles_proc_mem_top_pss_bytes",
        "herakles_proc_mem_top_uss_bytes",
        "herakles_proc_mem_top_cpu_time_seconds",
        "herakles_proc_mem_processes_total",
        "herakles_proc_mem_cache_update_duration_seconds",
        "herakles_proc_mem_cache_update_success",
        "herakles_proc_mem_cache_updating",
        "herakles_system_memory_total_bytes",
        "herakles_system_memory_available_bytes",
        "herakles_system_load1",
        "herakles_system_load5",
        "herakles_system_load15",
    ] {
        eventually(name, || prometheus.count(name).filter(|count| *count > 0.0));
    }
    assert_eq!(prometheus.log(), "", "Prometheus has nothing to warn about");
}

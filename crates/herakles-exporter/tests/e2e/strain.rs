//! Limits, storms and standstills: it goes on, and no counter runs backwards or wild.

use std::{collections::BTreeMap, fs, path::Path, process::Command, thread, time::Duration};

use rustix::process::Signal;

use crate::harness::{
    alone::runs_alone,
    eventually,
    exporter::{Exporter, Options},
    target::{BURN, Target},
    tools,
};

/// CPU seconds by subgroup.
fn cpu_of_subgroups(exporter: &Exporter) -> BTreeMap<String, f64> {
    let metrics = exporter.metrics();
    metrics
        .all("herakles_subgroup_cpu_seconds_total", &[])
        .map(|sample| {
            let class = format!("{}/{}", sample.label("group"), sample.label("subgroup"));
            (class, sample.value)
        })
        .collect()
}

fn assert_forward(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>, most: f64) {
    for (class, seconds) in before {
        let now = after.get(class).copied().unwrap_or(*seconds);
        assert!(now >= *seconds, "{class}: {seconds} became {now}");
    }
    let sum = |map: &BTreeMap<String, f64>| map.values().sum::<f64>();
    let spent = sum(after) - sum(before);
    assert!(spent <= most, "{spent} s within at most {most} s");
}

#[test]
fn few_descriptors_are_enough_for_scans_and_scrapes() {
    if runs_alone() {
        return;
    }
    let _others: Vec<Target> = (0..20).map(|_| Target::start(b"other", "")).collect();
    let exporter = Options::live()
        .wrapped_by(
            Path::new("/bin/sh"),
            &["-c", "ulimit -n 64; exec \"$0\" \"$@\""],
        )
        .start();
    exporter.wait_for_refreshes(3.0);
    let metrics = exporter.metrics();
    let others = metrics.all("herakles_process_memory_pss_bytes", &[("name", "other")]);
    assert_eq!(others.count(), 20);
}

#[test]
fn too_few_descriptors_are_told_and_end_nothing_else() {
    if runs_alone() {
        return;
    }
    let output = Command::new("/bin/sh")
        .args([
            "-c",
            "ulimit -n 8; exec \"$0\" --web.listen-address=127.0.0.1:0",
        ])
        .arg(env!("CARGO_BIN_EXE_herakles-exporter"))
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Too many open files"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_storm_of_reloads_leaves_the_last_configuration() {
    let exporter = Options::recorded().args(["--scan.cache-ttl=1s"]).start();
    exporter.wait_for_refreshes(1.0);
    for _ in 0..300 {
        exporter.signal(Signal::HUP);
    }
    fs::write(&exporter.config, "[export]\nenable_pss = false\n").expect("it can be written");
    exporter.signal(Signal::HUP);
    eventually("the last configuration to hold", || {
        let metrics = exporter.metrics();
        let mut left = metrics.all("herakles_process_memory_pss_bytes", &[]);
        left.next().is_none().then_some(())
    });
}

#[test]
fn a_standstill_of_the_exporter_is_no_leap_of_what_it_counts() {
    if runs_alone() {
        return;
    }
    let mut busy = Target::start(b"busy", "");
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(2.0);
    let before = cpu_of_subgroups(&exporter);
    exporter.signal(Signal::STOP);
    busy.go_on(BURN);
    thread::sleep(Duration::from_secs(2));
    exporter.signal(Signal::CONT);
    exporter.wait_for_next_refresh();
    exporter.wait_for_next_refresh();
    let metrics = exporter.metrics();
    for usage in metrics.all("herakles_process_cpu_usage_ratio", &[]) {
        let cores = thread::available_parallelism().expect("it is known").get();
        assert!((0.0..=cores as f64).contains(&usage.value), "{usage:?}");
    }
    let burnt = metrics.value("herakles_process_cpu_seconds_total", &[("name", "busy")]);
    assert!(burnt > Some(0.0), "what was done meanwhile is counted");
    assert_forward(&before, &cpu_of_subgroups(&exporter), 3600.0);
}

/// Pids come again within one or two scans.
#[test]
fn pids_that_come_again_mix_no_processes() {
    if tools::unshare().is_none() || runs_alone() {
        return;
    }
    if fs::write("/proc/sys/kernel/pid_max", "400").is_err() {
        tools::not_here("pid_max is not that of the namespace");
        return;
    }
    let limit = fs::read_to_string("/proc/sys/kernel/pid_max").expect("it is there");
    assert_eq!(limit.trim(), "400");
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(2.0);
    let before = cpu_of_subgroups(&exporter);
    for _ in 0..6 {
        // More than the pids there are.
        let storm = "i=0; while [ $i -lt 300 ]; do (:); /bin/true; i=$((i+1)); done";
        drop(Target::start(b"storm", storm));
        exporter.wait_for_next_refresh();
        let metrics = exporter.metrics();
        let ok = metrics.value("herakles_exporter_cache_update_success", &[]);
        assert_eq!(ok, Some(1.0));
    }
    // 3,600 processes of a few milliseconds each.
    assert_forward(&before, &cpu_of_subgroups(&exporter), 300.0);
    let exits = exporter.get("/health").text();
    assert!(!exits.contains("-0."), "{exits}");
}

//! The live `/proc`, against readers that are not ours.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::{Command, Stdio},
    time::Instant,
};

use procfs::process::{Process, all_processes};

use crate::harness::{
    PATIENCE,
    alone::runs_alone,
    eventually,
    exporter::{NO_RULE_FILES, Options},
    exposition::Exposition,
    target::{self, Target},
    tools,
};

/// RSS, PSS and USS in bytes.
type Memory = (u64, u64, u64);

/// What the procfs crate reads from `smaps_rollup`, if it may.
fn independent_memory(pid: i32) -> Option<Memory> {
    let rollup = Process::new(pid).ok()?.smaps_rollup().ok()?;
    let values = &rollup.memory_map_rollup.0.first()?.extension.map;
    let value = |key: &str| values.get(key).copied();
    Some((
        value("Rss")?,
        value("Pss")?,
        value("Private_Clean")? + value("Private_Dirty")?,
    ))
}

fn all_independent_memory() -> BTreeMap<i32, Memory> {
    let processes = all_processes().expect("/proc can be listed");
    processes
        .filter_map(|process| {
            let pid = process.ok()?.pid();
            Some((pid, independent_memory(pid)?))
        })
        .collect()
}

/// What the exporter says of one process.
fn exported_memory(metrics: &Exposition, pid: &str) -> Option<Memory> {
    let of = |quantity: &str| {
        let family = format!("herakles_process_memory_{quantity}_bytes");
        metrics
            .value(&family, &[("pid", pid)])
            .map(|bytes| bytes as u64)
    };
    Some((of("rss")?, of("pss")?, of("uss")?))
}

/// Reads everything before and after a refresh and compares what did not move. PSS moves whenever
/// a sharer of a page comes or goes, even for a moment between our two readings, so a difference
/// counts only if there is one every time.
#[test]
fn memory_equals_an_independent_reading() {
    if runs_alone() {
        return;
    }
    // Quiet processes of our own make sure that there is something to compare on any machine.
    let _targets: Vec<_> = (0..50)
        .map(|n| Target::start(b"hk-quiet", &target::hold_megabytes(n % 7)))
        .collect();
    let exporter = Options::live().args(["--scan.memory=exact"]).start();
    let mut right = BTreeSet::new();
    let mut wrong = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        wrong.clear();
        let before = all_independent_memory();
        exporter.wait_for_next_refresh();
        let metrics = exporter.metrics();
        let after = all_independent_memory();
        for (pid, memory) in before {
            if after.get(&pid) != Some(&memory) {
                continue;
            }
            let exported = exported_memory(&metrics, &pid.to_string());
            if exported == Some(memory) {
                right.insert(pid);
            } else {
                wrong.insert(pid, (exported, memory));
            }
        }
        wrong.retain(|pid, _| !right.contains(pid));
        if wrong.is_empty() && right.len() >= 50 {
            break;
        }
    }
    assert_eq!(
        wrong,
        BTreeMap::new(),
        "(exported, read independently) by pid"
    );
    assert!(
        right.len() >= 50,
        "only {} processes held still",
        right.len()
    );
}

/// CPU seconds of a living process that waits, by the procfs crate.
fn independent_cpu(pid: u32) -> f64 {
    let pid = i32::try_from(pid).expect("a pid fits");
    let stat = Process::new(pid)
        .and_then(|process| process.stat())
        .expect("it lives");
    (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64
}

fn independent_start(pid: u32) -> f64 {
    let pid = i32::try_from(pid).expect("a pid fits");
    let stat = Process::new(pid)
        .and_then(|process| process.stat())
        .expect("it lives");
    let boot = procfs::boot_time_secs().expect("/proc/stat has a boot time");
    boot as f64 + stat.starttime as f64 / procfs::ticks_per_second() as f64
}

/// Both modes together.
fn subgroup_cpu(metrics: &Exposition, class: &[(&str, &str)]) -> f64 {
    metrics
        .all("herakles_subgroup_cpu_seconds_total", class)
        .map(|sample| sample.value)
        .sum()
}

#[test]
fn a_new_process_appears_with_its_class_memory_and_cpu() {
    if runs_alone() {
        return;
    }
    let rules = tempfile::NamedTempFile::new().expect("a temporary file");
    let rule = "[[subgroups]]\ngroup = \"test\"\nsubgroup = \"child\"\nmatches = [\"hk-new-*\"]\n";
    fs::write(rules.path(), rule).expect("the rule can be written");
    let config = NO_RULE_FILES.replace("[]", &format!("[{:?}]", rules.path()));
    let exporter = Options::with_config(&config)
        .args([
            "--scan.cache-ttl=1s",
            "--filter.min-age=0s",
            "--scan.memory=exact",
        ])
        .start();
    exporter.wait_for_refreshes(1.0);
    let mut child = Target::start(b"hk-new-child", &target::hold_megabytes(30));
    exporter.wait_for_next_refresh();

    let pid = child.pid().to_string();
    let class = [("group", "test"), ("subgroup", "child")];
    let labels = [
        class[0],
        class[1],
        ("name", "hk-new-child"),
        ("pid", pid.as_str()),
    ];
    let metrics = exporter.metrics();
    let uss = metrics.value("herakles_process_memory_uss_bytes", &labels);
    assert!(
        uss.is_some_and(|uss| (30e6..80e6).contains(&uss)),
        "{uss:?}"
    );
    assert_eq!(
        metrics.value("herakles_subgroup_memory_uss_bytes", &class),
        uss
    );
    assert_eq!(
        metrics.value("herakles_top_process_memory_uss_bytes", &labels),
        uss
    );
    assert_eq!(
        metrics.value("herakles_subgroup_processes", &class),
        Some(1.0)
    );
    let start = metrics.value("herakles_process_start_time_seconds", &labels);
    let started = independent_start(child.pid());
    // That one goes by btime, which is in whole seconds.
    assert!(
        start.is_some_and(|start| (start - started).abs() < 1.02),
        "{start:?}, {started}"
    );

    // Between two moments at which the child waits, its class grows by what the child used.
    let (used_before, counted_before) =
        (independent_cpu(child.pid()), subgroup_cpu(&metrics, &class));
    child.go_on(target::BURN);
    exporter.wait_for_next_refresh();
    let metrics = exporter.metrics();
    let used = independent_cpu(child.pid());
    assert_eq!(
        metrics.value("herakles_process_cpu_seconds_total", &labels),
        Some(used)
    );
    let growth = subgroup_cpu(&metrics, &class) - counted_before;
    assert!(used - used_before > 0.05, "the child burnt nothing");
    assert!(
        (growth - (used - used_before)).abs() < 1e-6,
        "{growth}, {used}, {used_before}"
    );

    drop(child);
    exporter.wait_for_next_refresh();
    let after = exporter.metrics();
    assert_eq!(
        after.value("herakles_process_cpu_seconds_total", &labels),
        None
    );
    assert_eq!(
        after.value("herakles_subgroup_processes", &class),
        Some(0.0)
    );
    assert!(
        subgroup_cpu(&after, &class) >= subgroup_cpu(&metrics, &class),
        "a counter fell"
    );
}

#[test]
fn hostile_names_appear_once_each_with_their_numbers() {
    if runs_alone() {
        return;
    }
    let names: [(&[u8], &str); 8] = [
        (b"a b) (c", "a b) (c"),
        (b"x\"y\\z", "x\"y\\z"),
        (b"new\nline", "new\u{fffd}line"),
        (b"\xff", "\u{fffd}"),
        (b"fifteen-bytes-x", "fifteen-bytes-x"),
        (b"", "unknown"),
        (b"\x1b[31mred", "\u{fffd}[31mred"),
        (b") R 1 1 1 1", ") R 1 1 1 1"),
    ];
    let work = format!("{}; {}", target::hold_megabytes(5), target::BURN);
    let targets = names.map(|(bytes, label)| (Target::start(bytes, &work), label));
    let exporter = Options::live().args(["--scan.memory=exact"]).start();
    exporter.wait_for_next_refresh();
    let metrics = exporter.metrics();
    for (target, label) in &targets {
        let pid = target.pid().to_string();
        let found: Vec<_> = metrics
            .all("herakles_process_memory_rss_bytes", &[("pid", &pid)])
            .collect();
        assert_eq!(found.len(), 1, "{label:?}: {found:?}");
        assert_eq!(found[0].label("name"), *label);
        let (rss, _, uss) = exported_memory(&metrics, &pid).expect("its memory is known");
        let pid_number = i32::try_from(target.pid()).expect("a pid fits");
        let truth = independent_memory(pid_number).expect("it lives");
        // What it shares moves with its sharers; what it holds does not.
        assert_eq!(rss, truth.0, "{label:?}");
        assert!(
            uss.abs_diff(truth.2) < 1 << 20 && uss > 5_000_000,
            "{label:?}: {uss}, {truth:?}"
        );
        let used = independent_cpu(target.pid());
        let seconds = metrics.value("herakles_process_cpu_seconds_total", &[("pid", &pid)]);
        assert_eq!(seconds, Some(used), "{label:?}");
        assert!(used > 0.0, "{label:?} used nothing");
    }
}

#[test]
fn threads_and_kernel_threads_are_where_they_belong() {
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(1.0);
    let metrics = exporter.metrics();
    let kernel = [("group", "system"), ("subgroup", "kernel")];
    let kernel_threads =
        metrics.value("herakles_exporter_processes", &[("state", "kernel_thread")]);
    assert_eq!(
        metrics.value("herakles_subgroup_processes", &kernel),
        kernel_threads.filter(|&count| count > 0.0),
    );
    assert_eq!(
        metrics
            .all("herakles_process_memory_rss_bytes", &kernel)
            .count(),
        0,
        "a kernel thread has no memory of its own"
    );
    // The exporter itself has threads, and sees them.
    let pid = exporter.pid().to_string();
    let own = metrics
        .all("herakles_process_memory_rss_bytes", &[("pid", &pid)])
        .next();
    let own = own.expect("the exporter sees itself");
    let class = [
        ("group", own.label("group")),
        ("subgroup", own.label("subgroup")),
    ];
    let threads = metrics.value("herakles_subgroup_threads", &class);
    assert!(
        threads > metrics.value("herakles_subgroup_processes", &class),
        "{threads:?}"
    );
}

/// Such a process looks like a zombie, and the files of its leader hold nothing.
#[test]
fn a_process_whose_leader_has_exited_keeps_its_numbers() {
    if runs_alone() {
        return;
    }
    let Some(python) = tools::python() else {
        return;
    };
    let script = "import ctypes, sys, threading\n\
        held = b'x' * 20_000_000\n\
        threading.Thread(target=sys.stdin.read).start()\n\
        libc = ctypes.CDLL(None)\n\
        libc.pthread_exit(None)\n";
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let pid = i32::try_from(child.id()).expect("a pid fits");
    eventually("the leader to exit", || {
        let stat = Process::new(pid).and_then(|process| process.stat()).ok()?;
        (stat.state == 'Z' && stat.num_threads > 1).then_some(())
    });
    for mode in ["--scan.memory=exact", "--scan.memory=adaptive"] {
        let exporter = Options::live().args([mode]).start();
        exporter.wait_for_refreshes(2.0);
        let memory = exported_memory(&exporter.metrics(), &pid.to_string());
        let uss = memory.map(|(_, _, uss)| uss);
        assert!(
            uss.is_some_and(|uss| (20_000_000..80_000_000).contains(&uss)),
            "{mode}: {uss:?}"
        );
    }
    drop(child.stdin.take());
    child.wait().expect("python ends");
}

#[test]
fn adaptive_memory_follows_what_moves_and_reuses_what_does_not() {
    if runs_alone() {
        return;
    }
    let mut child = Target::start(b"hk-growing", &target::hold_megabytes(2));
    let exporter = Options::live().start();
    exporter.wait_for_next_refresh();
    child.go_on(&target::hold_megabytes(25));
    let pid = child.pid().to_string();
    let pid_number = i32::try_from(child.pid()).expect("a pid fits");
    // The planner may leave a process alone for a while after a slow read.
    eventually("the memory of the child to be right again", || {
        let (rss, _, uss) = exported_memory(&exporter.metrics(), &pid)?;
        let truth = independent_memory(pid_number)?;
        // Sharers that come and go move a little of what is its own.
        let is_right = rss == truth.0 && uss.abs_diff(truth.2) < 1 << 20 && uss > 25_000_000;
        is_right.then_some(())
    });
    let metrics = exporter.metrics();
    let reads = |result| {
        metrics.value(
            "herakles_exporter_memory_reads_total",
            &[("result", result)],
        )
    };
    assert!(reads("fresh") > Some(0.0));
    // The child sleeps, as do most processes of any host.
    assert!(reads("reused") > Some(0.0));
}

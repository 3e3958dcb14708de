//! What goes wrong while it runs.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{
    alone::runs_alone,
    eventually,
    exporter::Options,
    exposition::Exposition,
    recorded_proc,
    target::{self, Target},
    tools,
};

/// A copy of the recorded tree that a test may spoil.
fn copy_of_recorded_proc() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("the directory can be made");
        for entry in fs::read_dir(from).expect("the tree can be listed") {
            let entry = entry.expect("the tree can be listed");
            let target = to.join(entry.file_name());
            if entry.file_type().expect("an entry has a type").is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).expect("the file can be copied");
            }
        }
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    copy(&recorded_proc(), directory.path());
    directory
}

/// Opening a FIFO that nobody writes to blocks, as does reading the memory of a stuck process.
#[test]
fn a_read_that_hangs_costs_its_own_process_only() {
    let tree = copy_of_recorded_proc();
    let stuck = tree.path().join("810/smaps_rollup");
    fs::remove_file(&stuck).expect("the file is there");
    mknodat(CWD, &stuck, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a FIFO can be made");
    let exporter = Options::recorded().procfs(tree.path()).start();

    // Nothing is known yet, and that is said instead of an empty page.
    assert_eq!(exporter.get("/-/healthy").status, 200);
    if exporter.get("/-/ready").status == 503 {
        let metrics = exporter.get("/metrics");
        assert!(metrics.status == 200 || (metrics.status == 503 && !metrics.body.is_empty()));
    }

    exporter.wait_for_refreshes(1.0);
    assert_eq!(exporter.get("/-/ready").status, 200);
    let metrics = exporter.metrics();
    let pss = |pid| metrics.value("herakles_process_memory_pss_bytes", &[("pid", pid)]);
    assert_eq!(pss("810"), None);
    assert_eq!(
        pss("815"),
        Some(188_000.0 * 1024.0),
        "the others are reported"
    );
    let rss = metrics.value("herakles_process_memory_rss_bytes", &[("pid", "810")]);
    assert_eq!(rss, Some(31_000.0 * 1024.0), "what does not hang is known");
    let timeouts = metrics.value(
        "herakles_exporter_scan_errors_total",
        &[("kind", "timeout"), ("file", "smaps_rollup")],
    );
    assert_eq!(timeouts, Some(1.0));
}

#[test]
fn a_proc_that_goes_away_leaves_the_last_good_snapshot() {
    let tree = copy_of_recorded_proc();
    let root = tree.path().join("proc");
    fs::create_dir(&root).expect("the directory can be made");
    for entry in fs::read_dir(recorded_proc()).expect("the tree can be listed") {
        let name = entry.expect("the tree can be listed").file_name();
        fs::rename(tree.path().join(&name), root.join(&name)).expect("it can be moved");
    }
    let exporter = Options::recorded()
        .args(["--scan.cache-ttl=1s"])
        .procfs(&root)
        .start();
    exporter.wait_for_refreshes(2.0);
    fs::remove_dir_all(&root).expect("the tree can be removed");
    eventually("a refresh to fail", || {
        let failed = exporter
            .metrics()
            .value("herakles_exporter_cache_update_success", &[]);
        (failed == Some(0.0)).then_some(())
    });
    let metrics = exporter.metrics();
    let java = metrics.value("herakles_process_memory_rss_bytes", &[("pid", "930")]);
    assert_eq!(
        java,
        Some(2_310_000.0 * 1024.0),
        "the last good snapshot is gone"
    );
    let failures = metrics.value(
        "herakles_exporter_cache_updates_total",
        &[("result", "error")],
    );
    assert!(failures > Some(0.0));
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    if runs_alone() {
        return;
    }
    let exporter = Options::live()
        .wrapped_by(
            Path::new("/bin/sh"),
            &["-c", "exec \"$0\" \"$@\" 2> /dev/full"],
        )
        .start();
    exporter.wait_for_refreshes(3.0);
}

#[test]
fn damaged_files_are_counted_by_kind_and_file() {
    let exporter = Options::recorded().start();
    exporter.wait_for_refreshes(1.0);
    let metrics = exporter.metrics();
    let errors = |kind, file| {
        let labels = [("kind", kind), ("file", file)];
        metrics
            .value("herakles_exporter_scan_errors_total", &labels)
            .unwrap_or(0.0)
    };
    assert!(errors("malformed", "smaps_rollup") >= 1.0);
    assert!(errors("malformed", "stat") >= 1.0);
    assert!(errors("vanished", "stat") >= 1.0);
    assert!(errors("io", "smaps_rollup") >= 1.0);
}

/// What is held open stays what it was: nobody else's numbers, and none missing.
#[test]
fn a_proc_that_is_covered_or_detached_is_read_on() {
    if runs_alone() {
        return;
    }
    let (Some(unshare), Some(nsenter)) = (
        tools::unshare(),
        tools::tool("HERAKLES_E2E_NSENTER", "nsenter"),
    ) else {
        return;
    };
    for command in ["mount -n -t tmpfs none /proc", "umount -n -l /proc"] {
        let wrapper = ["-m", "sh", "-c", "exec \"$@\"", "sh"];
        let exporter = Options::live().wrapped_by(&unshare, &wrapper).start();
        exporter.wait_for_refreshes(1.0);
        let families = names(&exporter.metrics());
        let target = format!("--target={}", exporter.pid());
        let status = Command::new(&nsenter)
            .args([&target, "--mount", "sh", "-c", command])
            .status();
        assert!(status.is_ok_and(|it| it.success()), "{command}");
        let late = Target::start(b"hk-late", &target::hold_megabytes(3));
        let pid = late.pid().to_string();
        let metrics = eventually("who has come since", || {
            let metrics = exporter.metrics();
            let seen = metrics.value("herakles_process_memory_uss_bytes", &[("pid", &pid)]);
            seen.map(|_| metrics)
        });
        assert_eq!(
            metrics.value("herakles_exporter_cache_update_success", &[]),
            Some(1.0)
        );
        assert_eq!(exporter.get("/health").status, 200, "{command}");
        let missing: Vec<_> = families.difference(&names(&metrics)).cloned().collect();
        assert_eq!(
            missing,
            Vec::<String>::new(),
            "{command}\n{}",
            exporter.log()
        );
        assert_eq!(exporter.get(&format!("/process/{pid}")).status, 200);
    }
}

fn names(metrics: &Exposition) -> BTreeSet<String> {
    let samples = metrics.samples.iter();
    samples.map(|sample| sample.name.clone()).collect()
}

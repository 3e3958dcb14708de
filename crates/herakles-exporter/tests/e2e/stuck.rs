//! Processes that hold the lock of their own address space, which all reads of their memory and of
//! their command line wait for.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

use crate::harness::{
    actor::{Actor, compiled},
    alone::{apart, runs_alone},
    eventually,
    exporter::{Exporter, Options, run},
    exposition::Exposition,
    target::{Target, hold_megabytes},
    tools,
};

const RSS: &str = "herakles_process_memory_rss_bytes";
const PSS: &str = "herakles_process_memory_pss_bytes";

/// A process that is to be stuck, with what keeps it so, and another of 20 MB.
struct Scene {
    keeper: Actor,
    stuck: String,
    other: Target,
    _folder: tempfile::TempDir,
    _host: File,
}

impl Scene {
    /// Starts them, or says why it cannot.
    fn start() -> Option<Self> {
        if !rustix::process::geteuid().is_root() || !Path::new("/dev/fuse").exists() {
            tools::not_here("a file system of its own needs root and /dev/fuse");
            return None;
        }
        // Whoever looks at it from outside of the namespace waits as well.
        let host = apart();
        let folder = tempfile::tempdir().expect("a temporary directory");
        let program = compiled("extremes/stuck.c", folder.path())?;
        let file = folder.path().join("file");
        fs::write(&file, "").expect("it can be written");
        let mut keeper = Actor::start(Command::new(program).arg(file));
        let stuck = keeper.is_ready().to_string();
        let other = Target::start(b"other", &hold_megabytes(20));
        Some(Self {
            keeper,
            stuck,
            other,
            _folder: folder,
            _host: host,
        })
    }

    /// Makes it take its lock and wait, or lets it go on.
    fn turn(&mut self, told: &str) {
        self.keeper.go_on();
        assert_eq!(self.keeper.says(), [told]);
    }

    fn of_stuck(&self, metrics: &Exposition, family: &str) -> Option<f64> {
        metrics.value(family, &[("pid", &self.stuck)])
    }

    fn assert_other_is_right(&self, metrics: &Exposition) {
        let pss = metrics.value(PSS, &[("pid", &self.other.pid().to_string())]);
        assert!(pss.is_some_and(|it| (20e6..40e6).contains(&it)), "{pss:?}");
    }
}

fn timeouts(metrics: &Exposition) -> f64 {
    let all = metrics.all(
        "herakles_exporter_scan_errors_total",
        &[("kind", "timeout")],
    );
    all.map(|sample| sample.value).sum()
}

fn wait_for_timeout(exporter: &Exporter) {
    eventually("a read to be given up", || {
        let answer = exporter.get("/metrics");
        let has = |text: &str| timeouts(&Exposition::parse(text)) > 0.0;
        (answer.status == 200 && has(&answer.text())).then_some(())
    });
}

#[test]
fn a_process_that_gets_stuck_lacks_its_memory_until_it_goes_on() {
    if runs_alone() {
        return;
    }
    let Some(mut scene) = Scene::start() else {
        return;
    };
    let exporter = Options::live().args(["--scan.memory=exact"]).start();
    exporter.wait_for_refreshes(2.0);
    assert!(scene.of_stuck(&exporter.metrics(), PSS) > Some(0.0));

    scene.turn("stuck");
    wait_for_timeout(&exporter);
    exporter.wait_for_next_refresh();
    let metrics = exporter.metrics();
    assert_eq!(scene.of_stuck(&metrics, PSS), None);
    assert!(scene.of_stuck(&metrics, RSS) > Some(0.0));
    scene.assert_other_is_right(&metrics);
    assert_eq!(timeouts(&metrics), 1.0, "it is not read again");

    scene.turn("done");
    eventually("its memory to be read again", || {
        scene.of_stuck(&exporter.metrics(), PSS)
    });
}

#[test]
fn a_process_that_is_stuck_at_the_start_keeps_nothing_else_from_being_seen() {
    if runs_alone() {
        return;
    }
    let Some(mut scene) = Scene::start() else {
        return;
    };
    scene.turn("stuck");
    let exporter = Options::live().start();
    wait_for_timeout(&exporter);
    exporter.wait_for_next_refresh();
    let metrics = exporter.metrics();
    scene.assert_other_is_right(&metrics);
    assert!(scene.of_stuck(&metrics, RSS) > Some(0.0));
    assert_eq!(exporter.get("/").status, 200);
    // What its page shows beside the snapshot is given up too.
    assert_eq!(
        exporter.get(&format!("/process/{}", scene.stuck)).status,
        200
    );

    let check = run(&["check"]);
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(said.contains("smaps_rollup"), "{said}");
    let once = run(&["once", "--format", "json"]);
    assert!(once.status.success(), "{once:?}");
    let json: serde_json::Value = serde_json::from_slice(&once.stdout).expect("JSON");
    let all = json["processes"].as_array().expect("a list");
    let unknown = all
        .iter()
        .filter(|it| it["ppid"].is_null() && it["pid"] != 1);
    let unknown: Vec<String> = unknown.map(|it| it["pid"].to_string()).collect();
    assert_eq!(unknown, [scene.stuck.as_str()], "all others are known");
    scene.turn("done");
}

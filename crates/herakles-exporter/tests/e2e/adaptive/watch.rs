//! What an exporter shows of a process, beside what the kernel says.

use std::fs;

use serde_json::Value;

use crate::harness::{
    eventually,
    exporter::{Exporter, Options},
};

/// RSS, PSS and USS in bytes.
pub(super) type Memory = [u64; 3];

/// What the kernel says now.
pub(super) fn truth(pid: i32) -> Memory {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("it lives");
    let bytes = |key: &str| {
        let value = rollup.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes = value.and_then(|value| value.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("no {key} in {rollup}"));
        kilobytes * 1024
    };
    let uss = bytes("Private_Clean:") + bytes("Private_Dirty:");
    [bytes("Rss:"), bytes("Pss:"), uss]
}

/// Whether RSS is right but for 64 kB and a hundredth, PSS and USS but for what a process may share
/// without being read again when others let go of it: the interpreter's libraries, which whoever
/// else runs Python at that moment takes and leaves.
fn is_near(exported: Memory, truth: Memory) -> bool {
    const UNNOTICED: u64 = 8 << 20;
    let allowed = truth.map(|bytes| (64 << 10) + bytes / 100);
    let off = |n: usize| exported[n].abs_diff(truth[n]);
    off(0) <= allowed[0] && [1, 2].iter().all(|&n| off(n) <= allowed[n] + UNNOTICED)
}

/// An exporter that reads nothing again only because time has passed, nor puts off a read because
/// the machine is busy: what is read again has been noticed. With taskstats, and by the
/// fingerprint alone.
pub(super) fn exporters() -> [Exporter; 2] {
    ["auto", "off"].map(|taskstats| exporter(taskstats, "1h"))
}

/// An exporter that puts off no read because the machine is busy.
pub(super) fn exporter(taskstats: &str, max_age: &str) -> Exporter {
    Options::live()
        .args([
            "--scan.memory=adaptive",
            "--scan.hold-ratio=1",
            "--scan.cpu-budget=256",
        ])
        .args([
            format!("--scan.taskstats={taskstats}"),
            format!("--scan.memory-max-age={max_age}"),
        ])
        .start()
}

/// The memory that is exported of a process, and the age of its sample in seconds.
pub(super) fn exported(exporter: &Exporter, pid: i32) -> Option<(Memory, f64)> {
    let response = exporter.get("/api/v1/snapshot");
    let snapshot: Value = serde_json::from_slice(&response.body).expect("it is JSON");
    let process = snapshot["processes"]
        .as_array()?
        .iter()
        .find(|process| process["pid"] == pid)?;
    let [rss, pss, uss] =
        ["rss_bytes", "pss_bytes", "uss_bytes"].map(|field| process[field].as_u64());
    let age = process["memory_sample_age_seconds"].as_f64()?;
    Some(([rss?, pss?, uss?], age))
}

/// Waits until the exported memory is what the kernel says and `expected` holds of it.
pub(super) fn follows(
    exporter: &Exporter,
    pid: i32,
    what: &str,
    expected: impl Fn(Memory) -> bool,
) {
    let mut last = None;
    eventually(&format!("the exporter to see that {what}"), || {
        let (memory, _) = exported(exporter, pid)?;
        let truth = truth(pid);
        let is_right = is_near(memory, truth) && expected(memory) && expected(truth);
        if !is_right && last != Some((memory, truth)) {
            eprintln!("{pid}: exported {memory:?}, in truth {truth:?}");
            last = Some((memory, truth));
        }
        is_right.then_some(())
    });
}

/// Waits until a process is known and has been left alone for two refreshes: its sample is older
/// than they are apart.
pub(super) fn settles(exporter: &Exporter, pid: i32, expected: impl Fn(Memory) -> bool) {
    follows(exporter, pid, "it is there", expected);
    eventually("its sample to be used again", || {
        let (_, age) = exported(exporter, pid)?;
        (age > 2.0).then_some(())
    });
}

/// Two refreshes later the exported memory is still what the kernel says.
pub(super) fn stays(exporter: &Exporter, pid: i32) {
    for _ in 0..2 {
        exporter.wait_for_next_refresh();
        let memory = exported(exporter, pid).map(|(memory, _)| memory);
        let truth = truth(pid);
        assert!(
            memory.is_some_and(|memory| is_near(memory, truth)),
            "{pid}: exported {memory:?}, in truth {truth:?}"
        );
    }
}

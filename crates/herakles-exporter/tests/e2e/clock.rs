//! Other clocks than those of the host: a time namespace has boot times of its own.

use std::{
    fs,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::harness::{exporter::Options, target::Target, tools};

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.as_ref().map_or(0.0, Duration::as_secs_f64)
}

/// One that counts more seconds since boot than the host, and one that counts fewer than some processes
/// have lived.
#[test]
fn in_a_time_namespace_start_times_are_real_or_its_boot() {
    let Some(unshare) = tools::unshare() else {
        return;
    };
    let mut probe = Command::new(&unshare);
    if !probe
        .args(["-T", "true"])
        .output()
        .is_ok_and(|it| it.status.success())
    {
        tools::not_here("this kernel has no time namespaces");
        return;
    }
    let uptime = fs::read_to_string("/proc/uptime").expect("there is a /proc");
    let uptime: f64 = uptime
        .split(' ')
        .next()
        .and_then(|it| it.parse().ok())
        .expect("a number");
    for (ahead, earliest) in [
        (1_000_000.0, now() - uptime),
        ((-uptime / 2.0).round(), now() - uptime / 2.0),
    ] {
        let begun = now();
        let target = Target::start(b"begun", "");
        let offsets = [
            format!("--boottime={ahead}"),
            format!("--monotonic={ahead}"),
        ];
        let exporter = Options::live()
            .wrapped_by(&unshare, &["-T", &offsets[0], &offsets[1]])
            .start();
        exporter.wait_for_refreshes(2.0);
        let metrics = exporter.metrics();
        let family = "herakles_process_start_time_seconds";
        let start = metrics.value(family, &[("pid", &target.pid().to_string())]);
        let start = start.expect("it is reported");
        assert!(
            (begun - 2.0..now() + 2.0).contains(&start),
            "{ahead}: {start}, not {begun}"
        );
        for sample in metrics.all(family, &[]) {
            let is_real = (earliest - 2.0..now() + 2.0).contains(&sample.value);
            assert!(is_real, "{ahead}: {sample:?}");
        }
    }
}

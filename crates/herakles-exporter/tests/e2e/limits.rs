//! Limits of the system on memory and threads: it serves within them, or ends and says why.

use std::{fs, path::PathBuf, process::Command};

use rustix::process::Signal;

use crate::harness::{
    eventually,
    exporter::{Exporter, OPENMETRICS, Options, TEXT},
    http, tools,
};

/// Refreshes each second, and starts fast.
fn quick() -> Options {
    let options = Options::with_config("[classification]\nrules = []\nbuiltin = false\n");
    options.args(["--scan.cache-ttl=1s", "--scan.parallelism=2"])
}

/// How a start went.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Served,
    Ended,
}

/// Starts it, waits until it has served metrics or ended, and checks what it said.
fn attempt(limited: &Options) -> Outcome {
    let ended = match limited.start_or_end() {
        Err(ended) => ended,
        Ok(mut exporter) => {
            let ended = eventually("metrics or an end", || {
                if let Some(status) = exporter.ended() {
                    return Some(Some((status, exporter.log())));
                }
                let answer = http::request(exporter.address, "GET", "/metrics", &[]);
                answer.is_ok_and(|it| it.status == 200).then_some(None)
            });
            let Some(ended) = ended else {
                exporter.signal(Signal::TERM);
                assert_eq!(exporter.wait().code(), Some(0), "{}", exporter.log());
                return Outcome::Served;
            };
            ended
        }
    };
    let (status, log) = ended;
    assert!(!status.success(), "{log}");
    assert!(!log.contains("panicked"), "{status}: {log}");
    // Where memory ends, the allocator has the last word.
    let is_said = ["cannot start", "memory allocation"]
        .iter()
        .any(|words| log.contains(words));
    assert!(is_said, "{status}: {log}");
    Outcome::Ended
}

/// From what hardly holds the program itself to plenty.
#[test]
fn little_address_space_is_enough_or_told() {
    let Some(prlimit) = tools::prlimit() else {
        return;
    };
    let limit = |mebibytes: u32| format!("--as={}", mebibytes << 20);
    let holds_the_program = |mebibytes: &u32| {
        let mut version = Command::new(&prlimit);
        version.arg(limit(*mebibytes));
        version.args([env!("CARGO_BIN_EXE_herakles-exporter"), "--version"]);
        version.output().is_ok_and(|it| it.status.success())
    };
    let least = (4..=256).step_by(4).find(holds_the_program);
    let least = least.expect("256 MiB hold the program");
    let attempt = |mebibytes| attempt(&quick().wrapped_by(&prlimit, &[&limit(mebibytes)]));
    for more in (0..40).step_by(4) {
        attempt(least + more);
    }
    assert_eq!(attempt(least + 256), Outcome::Served);
}

/// What makes of the next program one of a user who has no other, in this test.
fn own_user(test: u32) -> Option<(PathBuf, Vec<String>)> {
    let user = (1_000_000 * test + std::process::id()).to_string();
    let args = ["--reuid", &user, "--regid", &user, "--clear-groups", "--"];
    Some((tools::setpriv()?, args.map(str::to_owned).to_vec()))
}

/// As a user of its own, who may have so many threads.
fn with_threads(most: u32, test: u32) -> Option<Options> {
    let ((setpriv, mut args), prlimit) = (own_user(test)?, tools::prlimit()?);
    args.push(prlimit.display().to_string());
    args.push(format!("--nproc={most}"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Some(quick().wrapped_by(&setpriv, &args))
}

/// Where it is just enough either may happen: threads that end still count for a moment.
#[test]
fn few_threads_are_enough_or_told() {
    let attempt = |threads| Some(attempt(&with_threads(threads, 1)?));
    for threads in 2..=12 {
        attempt(threads);
    }
    assert!(matches!(attempt(1), None | Some(Outcome::Ended)));
    assert!(matches!(attempt(64), None | Some(Outcome::Served)));
}

fn has_all_threads(exporter: &Exporter) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", exporter.pid())).expect("it lives");
    tasks.filter_map(Result::ok).any(|task| {
        fs::read_to_string(task.path().join("comm"))
            .is_ok_and(|it| it.starts_with("herakles-refres"))
    })
}

/// As when others of its cgroup or user have used up what there was.
#[test]
fn when_no_thread_can_be_started_any_more_everything_is_served() {
    let (Some(limited), Some((setpriv, args)), Some(prlimit)) =
        (with_threads(100, 2), own_user(2), tools::prlimit())
    else {
        return;
    };
    let exporter = limited.start();
    // The last that is started.
    eventually("the thread that refreshes", || {
        has_all_threads(&exporter).then_some(())
    });
    let pid = format!("--pid={}", exporter.pid());
    let mut set = Command::new(setpriv);
    tools::succeed(set.args(args).arg(prlimit).args([&pid, "--nproc=1:1"]));
    exporter.wait_for_refreshes(1.0);
    for format in [OPENMETRICS, TEXT] {
        exporter.body(format);
    }
    for page in [
        "/",
        "/health",
        "/process/1",
        "/subgroups",
        "/api/v1/snapshot",
        "/config",
    ] {
        assert_eq!(exporter.get(page).status, 200, "{page}");
    }
    fs::write(&exporter.config, "[export]\nenable_rss = false\n").expect("it can be written");
    exporter.signal(Signal::HUP);
    eventually("the last configuration to hold", || {
        let metrics = exporter.metrics();
        let mut left = metrics.all("herakles_process_memory_rss_bytes", &[]);
        left.next().is_none().then_some(())
    });
    exporter.wait_for_next_refresh();
    let log = exporter.log();
    assert!(!log.contains("level=error"), "{log}");
}

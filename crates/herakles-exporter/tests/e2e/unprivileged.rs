//! Another user without rights, and with the one capability.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use procfs::process::{Process, all_processes};

use crate::harness::{
    alone::runs_alone,
    exporter::{Exporter, Options},
    exposition::Exposition,
    target::{self, Target},
    tools,
};

/// The uid and gid of nobody, wherever that is called so.
const NOBODY: &str = "65534";

/// Living processes that have memory of their own.
fn user_processes() -> Vec<i32> {
    let all = all_processes().expect("/proc can be listed");
    all.filter_map(|process| process.ok()?.stat().ok())
        .filter(|stat| stat.flags & 0x0020_0000 == 0 && stat.state != 'Z')
        .map(|stat| stat.pid)
        .collect()
}

/// Those of `pids` without a series of the family that still live.
fn without(metrics: &Exposition, family: &str, pids: &[i32]) -> Vec<i32> {
    let living = user_processes();
    let is_absent = |pid: &&i32| {
        metrics
            .all(family, &[("pid", &pid.to_string())])
            .next()
            .is_none()
            && living.contains(pid)
    };
    pids.iter().filter(is_absent).copied().collect()
}

fn start(wrapped: Options) -> Exporter {
    let exporter = wrapped.start();
    // Enough for a line per refresh to show.
    exporter.wait_for_refreshes(4.0);
    exporter
}

#[test]
fn without_rights_rss_and_cpu_of_all_and_memory_of_its_own() {
    if runs_alone() {
        return;
    }
    let Some(setpriv) = tools::setpriv() else {
        return;
    };
    let foreign = Target::start(b"hk-foreign", &target::hold_megabytes(3));
    let pids = user_processes();
    // The first setpriv keeps its capabilities for its own exec; the second one has none left.
    let become_nobody = [
        "--reuid",
        NOBODY,
        "--regid",
        NOBODY,
        "--clear-groups",
        "--inh-caps=-all",
        "--bounding-set=-all",
        "setpriv",
        "--no-new-privs",
    ];
    let exporter = start(Options::live().wrapped_by(&setpriv, &become_nobody));
    let metrics = exporter.metrics();

    for family in [
        "herakles_process_memory_rss_bytes",
        "herakles_process_cpu_seconds_total",
    ] {
        assert_eq!(
            without(&metrics, family, &pids),
            Vec::<i32>::new(),
            "processes without {family}"
        );
    }
    let foreign = foreign.pid().to_string();
    let own = exporter.pid().to_string();
    for family in [
        "herakles_process_memory_pss_bytes",
        "herakles_process_memory_uss_bytes",
    ] {
        assert_eq!(metrics.value(family, &[("pid", &foreign)]), None);
        assert!(metrics.value(family, &[("pid", &own)]) > Some(0.0));
    }
    let state = |state| metrics.value("herakles_exporter_processes", &[("state", state)]);
    assert!(state("unreadable") > Some(0.0));
    let denied = metrics.all("herakles_exporter_scan_errors_total", &[("kind", "denied")]);
    assert!(denied.map(|sample| sample.value).sum::<f64>() > 0.0);

    let log = exporter.log_with("CAP_SYS_PTRACE");
    let remedies: Vec<_> = log
        .lines()
        .filter(|line| line.contains("CAP_SYS_PTRACE"))
        .collect();
    assert_eq!(remedies.len(), 1, "{log}");
}

#[test]
fn with_one_capability_everything() {
    if runs_alone() {
        return;
    }
    let Some(setpriv) = tools::setpriv() else {
        return;
    };
    let foreign = Target::start(b"hk-foreign", &target::hold_megabytes(3));
    // Even root is refused some processes on some machines; nobody can ask for more than that.
    let readable: Vec<_> = user_processes()
        .into_iter()
        .filter(|&pid| {
            Process::new(pid)
                .and_then(|process| process.smaps_rollup())
                .is_ok()
        })
        .collect();
    let become_nobody_with_ptrace = [
        "--reuid",
        NOBODY,
        "--regid",
        NOBODY,
        "--clear-groups",
        "--inh-caps=-all,+sys_ptrace",
        "--ambient-caps=-all,+sys_ptrace",
        "--bounding-set=-all,+sys_ptrace",
        "--no-new-privs",
    ];
    let exporter = start(Options::live().wrapped_by(&setpriv, &become_nobody_with_ptrace));
    let metrics = exporter.metrics();
    assert!(readable.contains(&i32::try_from(foreign.pid()).expect("a pid fits")));
    for family in [
        "herakles_process_memory_pss_bytes",
        "herakles_process_memory_uss_bytes",
    ] {
        assert_eq!(
            without(&metrics, family, &readable),
            Vec::<i32>::new(),
            "processes without {family}"
        );
    }
}

#[test]
fn check_names_those_whose_memory_is_refused() {
    if runs_alone() {
        return;
    }
    let Some(setpriv) = tools::setpriv() else {
        return;
    };
    let foreign = Target::start(b"hk-refused", &target::hold_megabytes(3));
    let (code, told) = check_as_nobody(&setpriv, &[]);
    let line = told
        .lines()
        .find(|line| line.starts_with("warn  without PSS and USS: "));
    let named = format!("hk-refused ({})", foreign.pid());
    assert!(line.is_some_and(|line| line.contains(&named)), "{told}");
    assert_eq!(code, Some(1), "{told}");
}

/// Runs `check` without any right: the exit code and what it says.
fn check_as_nobody(setpriv: &Path, flags: &[&str]) -> (Option<i32>, String) {
    // The directory of the build may be closed to that user.
    let open = tempfile::tempdir().expect("a directory");
    fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let copy = open.path().join("herakles-exporter");
    fs::copy(env!("CARGO_BIN_EXE_herakles-exporter"), &copy).expect("it can be copied");
    let output = Command::new(setpriv)
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .args(["--inh-caps=-all", "--bounding-set=-all"])
        .arg(&copy)
        .args(["check", "--web.listen-address=127.0.0.1:0"])
        .args(flags)
        .output()
        .expect("it starts");
    let told = String::from_utf8(output.stdout).expect("sentences are UTF-8");
    (output.status.code(), told)
}

#[test]
fn check_fails_for_want_of_a_right_and_says_how_to_give_it() {
    let Some(setpriv) = tools::setpriv() else {
        return;
    };
    let capabilities = |flags: &[&str]| {
        let (code, told) = check_as_nobody(&setpriv, flags);
        let lines = told.lines().filter(|line| line.contains("capabilities: "));
        let line = lines.take(1).collect::<String>();
        assert!(!line.is_empty(), "{told}");
        (code, line)
    };
    let (code, line) = capabilities(&[]);
    assert_eq!(code, Some(1), "{line}");
    assert!(line.starts_with("FAIL  capabilities: none; "), "{line}");
    for part in [
        "CAP_SYS_PTRACE gives PSS, USS and swap",
        "AmbientCapabilities=CAP_SYS_PTRACE in",
        "setcap cap_sys_ptrace=ep /",
    ] {
        assert!(line.contains(part), "{line}");
    }
    // What is accepted is still said.
    let (code, line) = capabilities(&["--allow-partial"]);
    assert_eq!(code, Some(0), "{line}");
    assert!(line.starts_with("warn  capabilities: none; "), "{line}");
    // What is not asked for is not missing.
    let (code, line) = capabilities(&["--scan.memory=rss"]);
    assert_eq!((code, line.as_str()), (Some(0), "ok    capabilities: none"));
    let more = ["--scan.memory=rss", "--scan.io", "--scan.exits=taskstats"];
    let (code, line) = capabilities(&more);
    assert_eq!(code, Some(1), "{line}");
    let rights = "=CAP_SYS_PTRACE CAP_NET_ADMIN CAP_DAC_READ_SEARCH in";
    assert!(line.contains(rights), "{line}");
}

/// Nothing is refused there: the processes are simply not listed.
#[test]
fn that_processes_are_hidden_is_said_once_and_by_check() {
    let (Some(setpriv), Some(unshare)) = (tools::setpriv(), tools::unshare()) else {
        return;
    };
    let hidden = tempfile::tempdir().expect("a directory");
    fs::set_permissions(hidden.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let root = hidden.path().to_str().expect("it is text");
    let mounted = format!(
        "mount -t proc -o hidepid=2 proc {root} && exec {} --reuid {NOBODY} --regid {NOBODY} \
         --clear-groups --inh-caps=-all --bounding-set=-all \"$@\"",
        setpriv.display()
    );
    let wrapper = ["-m", "sh", "-c", &mounted, "sh"];
    let options = Options::live().procfs(hidden.path());
    let exporter = start(options.wrapped_by(&unshare, &wrapper));
    let log = exporter.log_with("hidepid=invisible");
    let said = log
        .lines()
        .filter(|line| line.contains("hidepid=invisible"));
    assert_eq!(said.count(), 1, "{log}");

    let mut check = Command::new(&unshare);
    let check = check
        .args(wrapper)
        .arg(env!("CARGO_BIN_EXE_herakles-exporter"));
    let output = check
        .args(["check", "--path.procfs", root])
        .output()
        .expect("it starts");
    let told = String::from_utf8_lossy(&output.stdout);
    // Of those that it sees it may read all.
    assert!(told.contains("ok    memory: readable for"), "{told}");
    assert!(told.contains("FAIL  capabilities: none"), "{told}");
    let lines = told
        .lines()
        .filter(|line| line.contains("hidepid=invisible"));
    assert_eq!(lines.count(), 1, "{told}");
}

//! Reload and shutdown.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    ops::Range,
    process::{Command, Stdio},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{
    PATIENCE,
    alone::runs_alone,
    eventually,
    exporter::{Exporter, NO_RULE_FILES, Options, free_address, run},
    target::{self, Target},
};

fn with_pss(enabled: bool) -> String {
    format!("{NO_RULE_FILES}\n[export]\nenable_pss = {enabled}\n")
}

fn rule(subgroup: &str, pattern: &str) -> String {
    format!("[[subgroups]]\ngroup = 'own'\nsubgroup = '{subgroup}'\nmatches = ['{pattern}']\n")
}

fn reload_state(exporter: &Exporter) -> Option<f64> {
    reload_state_of(exporter, "config")
}

fn reload_state_of(exporter: &Exporter, file: &str) -> Option<f64> {
    let name = "herakles_exporter_config_last_reload_successful";
    exporter.metrics().value(name, &[("file", file)])
}

fn exports_pss(exporter: &Exporter) -> bool {
    exporter
        .metrics()
        .all("herakles_process_memory_pss_bytes", &[])
        .next()
        .is_some()
}

#[test]
fn a_broken_reload_keeps_what_was_good() {
    if runs_alone() {
        return;
    }
    let exporter = Options::with_config(&with_pss(true))
        .args(["--scan.cache-ttl=1s", "--filter.min-age=0s"])
        .start();
    exporter.wait_for_refreshes(2.0);
    assert_eq!(reload_state(&exporter), Some(1.0));
    assert!(exports_pss(&exporter));
    let total = "herakles_host_cpu_seconds_total";
    let user_before = exporter.metrics().value(total, &[("mode", "user")]);

    let reload = |config: &str| {
        fs::write(&exporter.config, config).expect("the configuration can be written");
        exporter.signal(Signal::HUP);
    };
    reload("[export]\nenable_pss = \"no\"\n");
    eventually("the reload to fail", || {
        (reload_state(&exporter) == Some(0.0)).then_some(())
    });
    exporter.wait_for_next_refresh();
    assert!(exports_pss(&exporter), "a broken file changed the output");
    exporter.log_with("exporter.toml:2:");

    let refreshes = exporter.refreshes();
    reload(&with_pss(false));
    eventually("the reload to succeed", || {
        (reload_state(&exporter) == Some(1.0)).then_some(())
    });
    eventually("the new configuration", || {
        (!exports_pss(&exporter)).then_some(())
    });
    let log = exporter.log_with("changed=export.enable_pss");
    assert!(log.contains("msg=\"starting\" version="), "{log}");
    assert!(
        exporter.refreshes() >= refreshes,
        "a reload reset a counter"
    );
    assert!(exporter.metrics().value(total, &[("mode", "user")]) >= user_before);
}

#[test]
fn broken_rules_keep_those_in_force_and_are_named_with_their_line() {
    if runs_alone() {
        return;
    }
    let rules = tempfile::NamedTempFile::with_suffix(".toml").expect("a temporary file");
    let write = |text: &str| fs::write(rules.path(), text).expect("the rules can be written");
    write(&rule("first", "hk-ruled"));
    let target = Target::start(b"hk-ruled", &target::hold_megabytes(1));
    let pid = target.pid().to_string();
    let flag = format!("--classification.rules={}", rules.path().display());
    let exporter = Options::live().args([flag]).start();
    let subgroup = || {
        let metrics = exporter.metrics();
        let labels = [("pid", pid.as_str())];
        let mut series = metrics.all("herakles_process_memory_rss_bytes", &labels);
        series.next().map(|it| it.label("subgroup").to_owned())
    };
    exporter.wait_for_refreshes(1.0);
    assert_eq!(subgroup().as_deref(), Some("first"));

    write(&(rule("second", "hk-ruled") + &rule("third", "[")));
    exporter.signal(Signal::HUP);
    eventually("the reload to fail", || {
        (reload_state_of(&exporter, "rules") == Some(0.0)).then_some(())
    });
    assert_eq!(reload_state(&exporter), Some(1.0), "that file is good");
    let health = exporter.get("/health").text();
    assert!(health.contains("last reload: failed, "), "{health}");
    exporter.wait_for_next_refresh();
    assert_eq!(subgroup().as_deref(), Some("first"));
    let place = format!("{}:8:12", rules.path().display());
    exporter.log_with(&place);

    write(&rule("second", "hk-ruled"));
    exporter.signal(Signal::HUP);
    eventually("the new rules", || {
        (subgroup().as_deref() == Some("second")).then_some(())
    });
    assert_eq!(reload_state_of(&exporter, "rules"), Some(1.0));
    let health = exporter.get("/health").text();
    assert!(!health.contains("last reload"), "{health}");
    exporter.log_with("changed=\"rules (");
}

#[test]
fn a_reload_over_http_is_off_unless_asked_for() {
    if runs_alone() {
        return;
    }
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(1.0);
    assert_eq!(exporter.request("POST", "/-/reload", &[]).status, 403);

    let exporter = Options::live().args(["--web.enable-reload"]).start();
    exporter.wait_for_refreshes(1.0);
    assert_eq!(exporter.request("POST", "/-/reload", &[]).status, 200);
    fs::write(&exporter.config, "[scan]\ncache_tll = \"1s\"\n").expect("it can be written");
    let refused = exporter.request("POST", "/-/reload", &[]);
    assert_eq!(refused.status, 500);
    assert!(refused.text().contains("cache_ttl"), "{}", refused.text());
    assert_eq!(reload_state(&exporter), Some(0.0));
}

#[test]
fn a_reload_that_needs_a_restart_says_so() {
    if runs_alone() {
        return;
    }
    let config = |parallelism, level, ttl| {
        format!(
            "[classification]\nrules = []\n[scan]\nparallelism = {parallelism}\n\
             cache_ttl = \"{ttl}s\"\n[log]\nlevel = \"{level}\"\n"
        )
    };
    let exporter = Options::with_config(&config(1, "info", 1)).start();
    exporter.wait_for_refreshes(1.0);
    let health = || exporter.get("/health").text();
    assert!(!health().contains("restart"), "{}", health());

    let reload = |config: &str, says: &str| {
        fs::write(&exporter.config, config).expect("it can be written");
        exporter.signal(Signal::HUP);
        exporter.log_with(says);
    };
    // One of them holds at once, the others wait.
    reload(&config(2, "warn", 2), "changed=scan.cache_ttl");
    let names = "\"scan.parallelism, log.level\"";
    let log = exporter.log_with(names);
    let said = log.lines().find(|line| line.contains("restart"));
    assert!(said.is_some_and(|line| line.contains(names)), "{log}");
    let waiting = "waiting for a restart: scan.parallelism, log.level\n";
    assert!(health().contains(waiting), "{}", health());

    // Changed back, nothing is left to restart for.
    reload(&config(1, "info", 2), "changed=nothing");
    assert!(!health().contains("restart"), "{}", health());
}

#[test]
fn check_names_what_only_a_restart_takes_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("exporter.toml");
    let text = "[scan]\ncache_ttl = \"2s\"\nparallelism = 2\n[log]\nlevel = \"warn\"\n";
    fs::write(&file, text).expect("it can be written");
    let output = run(&[
        "check".as_ref(),
        "--allow-partial".as_ref(),
        "--web.listen-address=127.0.0.1:0".as_ref(),
        "--config.file".as_ref(),
        file.as_os_str(),
    ]);
    let told = String::from_utf8_lossy(&output.stdout);
    let line = told.lines().find(|line| line.contains("restart"));
    let names = "a change of scan.parallelism, log.level takes a restart";
    assert!(line.is_some_and(|line| line.contains(names)), "{told}");
}

#[test]
fn sigterm_ends_it_well_even_with_idle_connections() {
    if runs_alone() {
        return;
    }
    let mut exporter = Options::live().start();
    exporter.wait_for_refreshes(1.0);
    let mut idle = TcpStream::connect(exporter.address).expect("it listens");
    idle.set_read_timeout(Some(PATIENCE))
        .expect("a timeout can be set");
    idle.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("it reads");
    let mut start = [0; 12];
    idle.read_exact(&mut start).expect("it answers");
    assert_eq!(&start, b"HTTP/1.1 200");
    exporter.signal(Signal::TERM);
    assert_eq!(exporter.wait().code(), Some(0), "{}", exporter.log());
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest)
        .expect("the connection ends, it is not cut");
    assert!(TcpStream::connect(exporter.address).is_err());
}

#[test]
fn sigint_ends_it_well_too() {
    if runs_alone() {
        return;
    }
    let mut exporter = Options::live().start();
    exporter.wait_for_refreshes(1.0);
    exporter.signal(Signal::INT);
    assert_eq!(exporter.wait().code(), Some(0), "{}", exporter.log());
}

#[test]
fn signals_that_come_before_the_service_is_up_wait_for_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("exporter.toml");
    mknodat(CWD, &config, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a named pipe");
    // Holds the exporter in the middle of its start, until it is closed.
    let mut pipe = fs::File::options()
        .read(true)
        .write(true)
        .open(&config)
        .expect("the pipe");
    let mut exporter = Command::new(env!("CARGO_BIN_EXE_herakles-exporter"))
        .arg("--config.file")
        .arg(&config)
        .arg(format!("--web.listen-address={}", free_address()))
        .stderr(Stdio::null())
        .spawn()
        .expect("the exporter starts");
    let descriptors = format!("/proc/{}/fd", exporter.id());
    eventually("the exporter to read its configuration", || {
        let mut open = fs::read_dir(&descriptors).ok()?;
        open.any(|entry| {
            entry.is_ok_and(|it| fs::read_link(it.path()).is_ok_and(|to| to == config))
        })
        .then_some(())
    });

    let pid = Pid::from_child(&exporter);
    kill_process(pid, Signal::HUP).expect("SIGHUP is sent");
    kill_process(pid, Signal::TERM).expect("SIGTERM is sent");
    pipe.write_all(NO_RULE_FILES.as_bytes())
        .expect("the configuration is written");
    drop(pipe);
    let status = exporter.wait().expect("the exporter ends");
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn reloads_do_not_make_it_grow() {
    let rules = tempfile::NamedTempFile::new().expect("a temporary file");
    let flag = format!("--classification.rules={}", rules.path().display());
    let exporter = Options::recorded()
        .args([flag.as_str(), "--web.enable-reload"])
        .start();
    exporter.wait_for_refreshes(2.0);
    // Rules that are others each time are all made anew, the built-in ones too.
    let resident_after = |reloads: Range<u32>| {
        for reload in reloads {
            fs::write(rules.path(), rule(&format!("r{reload}"), "hk-ruled")).expect("written");
            assert_eq!(exporter.request("POST", "/-/reload", &[]).status, 200);
        }
        let resident = exporter
            .metrics()
            .value("process_resident_memory_bytes", &[]);
        resident.expect("its own memory is readable")
    };
    let before = resident_after(0..5);
    let grown = resident_after(5..20) - before;
    assert!(
        grown < f64::from(4 << 20),
        "{grown} bytes more after 15 reloads"
    );
}

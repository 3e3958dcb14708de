//! Refreshes that fail, panic and come late, seen through the answers to requests.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread;

use herakles_collect::{BootClock, HostFacts};
use herakles_metrics::exporter::SelfUsage;
use herakles_scan::KernelUnits;
use herakles_scan::testing::{Gate, MemProc, Mishap};
use herakles_stat::{PageSize, TicksPerSecond};
use herakles_web::Form;
use herakles_web::hyper::Request;
use tempfile::TempDir;

use super::*;
use crate::config::{ConfigSources, RunningConfig};
use crate::http;

const EACCES: i32 = 13;
const EMFILE: i32 = 24;

/// Rules that ask for a name.
const RULES: &str = r#"
[[subgroups]]
group = "app"
subgroup = "named"
matches = ["named-*"]
"#;

/// Bounds that nothing in memory reaches, so that every read depends on the test alone.
const UNBOUNDED: [&str; 4] = [
    "--scan.memory-max-age=24h",
    "--scan.hold-ratio=1",
    "--scan.cpu-budget=256",
    "--scan.max-hold=0s",
];

fn rules() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.toml"), RULES).unwrap();
    folder
}

/// The configuration of these flags, with the rules in this folder.
fn sources(rules: &Path, flags: &[&str]) -> ConfigSources {
    let rules = format!(
        "--classification.rules={}",
        rules.join("rules.toml").display()
    );
    let fixed = [
        "herakles-exporter",
        &rules,
        "--no-classification.builtin",
        "--no-export.host",
    ];
    let arguments = fixed.iter().chain(&UNBOUNDED).chain(flags);
    let invocation = crate::cli::parse(arguments.map(Into::into)).unwrap();
    ConfigSources::new(invocation.flags, herakles_settings::Environment::default())
}

fn host_facts() -> HostFacts {
    let units = KernelUnits {
        ticks_per_second: TicksPerSecond::new(100).unwrap(),
        page_size: PageSize::new(4096).unwrap(),
    };
    HostFacts::new(units, BootClock::fixed(Some(1_000.0)))
}

/// An exporter without sockets and without a refresh thread.
struct Exporter {
    proc: MemProc,
    app: Arc<App>,
    refresher: Refresher<MemProc>,
    wake: Sender<()>,
    _rules: TempDir,
}

fn exporter(flags: &[&str]) -> Exporter {
    let proc = MemProc::new();
    for pid in [1, 2] {
        drop(proc.process(pid).name("named-x"));
    }
    let rules = rules();
    let sources = sources(rules.path(), flags);
    let running_config = RunningConfig::load(&sources).unwrap();
    let (reloads, _) = sync_channel(1);
    let app = Arc::new(App::new(sources, running_config, None, reloads));
    let mut options = app.running_config.load().options.clone();
    options.threads = NonZeroUsize::new(1);
    let collector = Collector::with_source(proc.clone(), host_facts(), options).unwrap();
    let (wake, woken) = channel();
    Exporter {
        proc,
        refresher: Refresher::new(Arc::clone(&app), collector, woken),
        app,
        wake,
        _rules: rules,
    }
}

/// Code and body of the answer to a GET.
fn get(app: &Arc<App>, path: &str) -> (u16, String) {
    let (code, body) = get_with(app, path, &[]);
    (code, String::from_utf8(body).unwrap())
}

fn get_with(app: &Arc<App>, path: &str, headers: &[(&str, &str)]) -> (u16, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = http::answer(Arc::clone(app), request.body(()).unwrap());
    let response = runtime.block_on(answer);
    let code = response.status().as_u16();
    (code, response.into_body().to_bytes().to_vec())
}

/// The value of one series in /metrics.
#[track_caller]
fn value(app: &Arc<App>, series: &str) -> f64 {
    let (code, body) = get(app, "/metrics");
    assert_eq!(code, 200, "{body}");
    let mut lines = body.lines();
    let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value
        .unwrap_or_else(|| panic!("no {series} in {body}"))
        .parse()
        .unwrap()
}

#[track_caller]
fn assert_says(text: &str, part: &str) {
    assert!(text.contains(part), "{part} is not in: {text}");
}

const RSS_OF_1: &str = "herakles_process_memory_rss_bytes\
    {group=\"app\",subgroup=\"named\",name=\"named-x\",pid=\"1\"}";

#[test]
fn before_the_first_good_refresh_there_are_sentences_and_no_metrics() {
    let mut it = exporter(&[]);
    it.proc.fail_listing(Some(Mishap::Errno(EACCES)));
    for _ in 0..2 {
        for path in ["/metrics", "/-/ready", "/health", "/api/v1/snapshot"] {
            let (code, body) = get(&it.app, path);
            assert_eq!(code, 503, "{path}");
            assert!(!body.is_empty(), "{path}");
        }
        assert_eq!(get(&it.app, "/-/healthy").0, 200);
        it.refresher.refresh();
    }
    let (_, health) = get(&it.app, "/health");
    assert_says(&health, "last error: cannot list the processes: ");
    assert_says(&health, "refreshes: 0 good, 2 failed, 0 skipped");

    it.proc.fail_listing(None);
    it.refresher.refresh();
    for path in ["/metrics", "/-/ready", "/health", "/api/v1/snapshot"] {
        assert_eq!(get(&it.app, path).0, 200, "{path}");
    }
    let errors = "herakles_exporter_scan_errors_total{kind=\"denied\",file=\"proc\"}";
    assert_eq!(value(&it.app, errors), 2.0);
}

#[test]
fn after_a_failure_the_last_good_snapshot_is_served_and_health_says_why() {
    let mut it = exporter(&[]);
    it.refresher.refresh();
    let good = it.app.cache.load().unwrap();
    assert_eq!(value(&it.app, RSS_OF_1), 4096.0 * 1024.0);

    it.proc.fail_listing(Some(Mishap::Errno(EMFILE)));
    drop(it.proc.process(1).memory_kib(8192, 4096, 2048));
    it.refresher.refresh();
    let served = it.app.cache.load().unwrap();
    assert!(Arc::ptr_eq(&good, &served));
    assert_eq!(value(&it.app, RSS_OF_1), 4096.0 * 1024.0);
    assert_eq!(
        value(&it.app, "herakles_exporter_cache_update_success"),
        0.0
    );
    let (code, health) = get(&it.app, "/health");
    assert_eq!(code, 200, "the snapshot is young: {health}");
    assert_says(
        &health,
        "last error: cannot list the processes: Too many open files",
    );

    for pid in [1, 2] {
        drop(it.proc.process(pid).fail_opening(Mishap::Errno(EACCES)));
    }
    it.proc.fail_listing(None);
    it.refresher.refresh();
    let (_, health) = get(&it.app, "/health");
    assert_says(&health, "last error: none of 2 processes could be read");
    assert_says(&health, "refreshes: 1 good, 2 failed, 0 skipped");

    for pid in [1, 2] {
        drop(it.proc.process(pid).healthy());
    }
    it.refresher.refresh();
    assert_eq!(value(&it.app, RSS_OF_1), 8192.0 * 1024.0);
    assert_eq!(
        value(&it.app, "herakles_exporter_cache_update_success"),
        1.0
    );
    assert_says(&get(&it.app, "/health").1, "last error: none\n");
    let updates = |result| format!("herakles_exporter_cache_updates_total{{result=\"{result}\"}}");
    assert_eq!(value(&it.app, &updates("success")), 2.0);
    assert_eq!(value(&it.app, &updates("error")), 2.0);
}

#[test]
fn a_refresh_that_panics_is_survived() {
    let mut it = exporter(&[]);
    it.refresher.refresh();
    it.proc.fail_listing(Some(Mishap::Panic));
    it.refresher.refresh();
    assert_eq!(value(&it.app, RSS_OF_1), 4096.0 * 1024.0);
    assert_eq!(value(&it.app, "herakles_exporter_cache_updating"), 0.0);
    assert_says(
        &get(&it.app, "/health").1,
        "last error: a bug: the refresh panicked",
    );

    it.proc.fail_listing(None);
    drop(it.proc.process(3));
    it.refresher.refresh();
    assert_eq!(it.app.cache.load().unwrap().snapshot.processes().len(), 3);
    assert_says(&get(&it.app, "/health").1, "last error: none\n");
}

/// The forms that are there, as /metrics tells them.
fn forms(app: &Arc<App>) -> Vec<String> {
    let (_, body) = get(app, "/metrics");
    let forms = body.lines().filter_map(|line| {
        let size = line.strip_prefix("herakles_exporter_exposition_bytes{format=\"")?;
        Some(size.split_once('"')?.0.to_owned())
    });
    forms.collect()
}

#[test]
fn only_the_forms_that_are_asked_for_are_made_and_then_at_each_refresh() {
    let mut it = exporter(&[]);
    it.refresher.refresh();
    let made = |app: &Arc<App>| {
        let cached = app.cache.load().unwrap();
        Form::ALL.map(|form| cached.forms.get(form).is_some())
    };
    assert_eq!(made(&it.app), [false; 4], "nobody has asked");
    assert_eq!(forms(&it.app), ["text"]);

    let compressed = [
        ("accept", "application/openmetrics-text"),
        ("accept-encoding", "gzip"),
    ];
    let (code, body) = get_with(&it.app, "/metrics", &compressed);
    assert_eq!((code, body.first()), (200, Some(&0x1f)));
    assert_eq!(forms(&it.app), ["openmetrics_gzip", "text"]);

    it.refresher.refresh();
    assert_eq!(
        made(&it.app),
        [false, true, true, false],
        "they were wanted of late"
    );
}

#[test]
fn scrapes_that_want_a_missing_form_at_once_share_one() {
    let mut it = exporter(&[]);
    it.refresher.refresh();
    let [form, ..] = Form::ALL;
    let cached = it.app.cache.load().unwrap();
    let made: Vec<usize> = thread::scope(|scope| {
        let scrape = || {
            cached
                .forms
                .make(form, &cached.snapshot, &mut FormMaker::default());
            cached
                .forms
                .get(form)
                .map_or(0, |it| std::ptr::from_ref(it).addr())
        };
        let scrapes: Vec<_> = (0..8).map(|_| scope.spawn(scrape)).collect();
        scrapes.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(made.iter().all(|it| *it == made[0] && *it != 0), "{made:?}");
}

#[test]
fn while_a_scan_hangs_everything_is_served_and_live() {
    let it = exporter(&[]);
    let gate = Gate::new();
    let (proc, app) = (it.proc, it.app);
    let mut refresher = it.refresher;
    refresher.refresh();
    proc.fail_listing(Some(Mishap::Hang(gate.clone())));
    let hanging = thread::spawn(move || refresher.refresh());
    gate.wait_until_held(1);
    assert_eq!(value(&app, "herakles_exporter_cache_updating"), 1.0);
    assert_eq!(value(&app, RSS_OF_1), 4096.0 * 1024.0);
    let (code, health) = get(&app, "/health");
    assert_eq!(code, 200, "{health}");
    assert_says(&health, "0 skipped, one is running");
    assert_eq!(get(&app, "/-/ready").0, 200);
    gate.release();
    hanging.join().unwrap();
    assert_eq!(value(&app, "herakles_exporter_cache_updating"), 0.0);
}

#[test]
fn refreshes_that_came_due_during_another_are_skipped_and_counted() {
    let it = exporter(&["--scan.cache-ttl=1s"]);
    // 3 s ago one was due, and then 3 more; the next is to come.
    let ttl = Duration::from_secs(1);
    let now = Instant::now();
    let due = now.checked_sub(3 * ttl).unwrap();
    let next = it.refresher.next_after(due);
    assert!(next > now);
    let skipped = u32::try_from(
        it.app
            .status
            .read(SelfUsage::default(), None)
            .cache_updates
            .skipped,
    )
    .unwrap();
    assert!(skipped >= 3, "{skipped}");
    assert_eq!(next, due + (skipped + 1) * ttl);

    let in_time = Instant::now() + 60 * ttl;
    assert_eq!(it.refresher.next_after(in_time), in_time + ttl);
    let after = it
        .app
        .status
        .read(SelfUsage::default(), None)
        .cache_updates
        .skipped;
    assert_eq!(after, u64::from(skipped));
}

#[test]
fn another_configuration_is_shown_at_once() {
    let it = exporter(&["--scan.cache-ttl=1h"]);
    let rules = rules();
    let flags = ["--scan.cache-ttl=1h", "--export.processes=none"];
    let other = RunningConfig::load(&sources(rules.path(), &flags)).unwrap();
    it.app.running_config.store(Arc::new(other));
    it.wake.send(()).unwrap();
    drop(it.wake);
    // The first refresh, one for the new configuration, and the end.
    it.refresher.run();
    assert_eq!(
        it.app
            .status
            .read(SelfUsage::default(), None)
            .cache_updates
            .success,
        2
    );
    let (_, body) = get(&it.app, "/metrics");
    assert!(!body.contains("herakles_process_memory_rss_bytes{"));
    assert_says(&body, "herakles_subgroup_memory_rss_bytes{");
}

//! `cargo lab soak`: whether the exporter grows, leaks or fails when it runs for long.
//!
//! The program scans each second, while processes come and go, scrapers ask, clients hang up in the
//! middle, the rules change or break, and the program itself is stopped for a while. Prints
//! Markdown, for `docs/reliability.md`.

mod trend;

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use clap::{ArgMatches, Command};
use rustix::process::{Pid, Signal, kill_process};

use self::trend::{Footprint, Trend};
use crate::{
    arguments::{number, value},
    failure::Failure,
    programs,
    scrape::Scrape,
    service::{Program, Service},
    storm::{Raging, Storm},
};

const SCRAPERS: usize = 4;

/// From one scrape of each scraper to the next.
const SCRAPES: Duration = Duration::from_secs(1);

/// From one look at the program to the next.
const LOOKS: Duration = Duration::from_secs(10);

/// From one change of the rules to the next.
const RELOADS: Duration = Duration::from_secs(30);

/// From one stop of the program to the next, and how long it lasts: refreshes are missed.
const STOPS: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(3);

/// From one client that hangs up to the next.
const HANG_UPS: Duration = Duration::from_millis(200);

/// The rules take turns; the last of them is broken, and must change nothing.
const RULES: [&str; 3] = [
    "[[subgroups]]\ngroup = \"soak\"\nsubgroup = \"storm\"\nmatches = [\"storm\"]\ninherit = true\n",
    "[[subgroups]]\ngroup = \"soak\"\nsubgroup = \"{comm}\"\nmatches = [\"s*\"]\n",
    "[[subgroups]]\ngroup = ",
];

/// The command line.
pub(crate) fn command() -> Command {
    Command::new("soak")
        .about("Run the exporter for long, among processes that come and go")
        .arg(number("minutes", "30").help("How long"))
}

/// Soaks it and prints what became of it.
///
/// # Errors
/// When something does not start, or the program grew, leaked or failed.
pub(crate) fn run(args: &ArgMatches) -> Result<(), Failure> {
    let length = Duration::from_secs(60 * value(args, "minutes"));
    let program = Program::exporter()?;
    let storm = programs::compile("storm")?;
    let rules = programs::written("soak.toml", RULES[0])?;
    let flags = [
        "--scan.cache-ttl=1s".to_owned(),
        format!("--classification.rules={}", rules.display()),
    ];
    let service = Service::start(&program, &flags)?;
    let mut raging = Raging::start(&storm, Storm::Shells, 2 * length)?;
    let scraping = Scraping::default();
    let trend = thread::scope(|scope| {
        for _ in 0..SCRAPERS {
            scope.spawn(|| scraping.scrape(&service));
        }
        scope.spawn(|| scraping.hang_up(&service));
        let watched = watch(&service, length, &mut raging);
        scraping.over.store(true, Relaxed);
        watched
    })?;
    report(&service, &trend, &scraping)
}

/// Looks at the program until the time is over, and changes its rules meanwhile.
fn watch(service: &Service, length: Duration, raging: &mut Raging) -> Result<Trend, Failure> {
    let begin = Instant::now();
    let mut trend = Trend::default();
    let (mut look, mut reload, mut turn, mut stop) = (LOOKS, RELOADS, 0, STOPS);
    while begin.elapsed() < length {
        // It rages for longer than this takes, so its end is a failure.
        raging.wait(Duration::from_secs(1))?;
        let elapsed = begin.elapsed();
        if elapsed >= look {
            look += LOOKS;
            let footprint = Footprint::of(service, elapsed)
                .ok_or_else(|| Failure::new("the exporter has ended"))?;
            eprintln!(
                "{} of {} s: {footprint}",
                elapsed.as_secs(),
                length.as_secs()
            );
            trend.push(footprint);
        }
        if elapsed >= reload {
            reload += RELOADS;
            turn += 1;
            programs::written("soak.toml", RULES[turn % RULES.len()])?;
            signal(service, Signal::HUP);
        }
        if elapsed >= stop {
            stop += STOPS;
            signal(service, Signal::STOP);
            thread::sleep(STOP);
            signal(service, Signal::CONT);
        }
    }
    Ok(trend)
}

fn signal(service: &Service, signal: Signal) {
    let pid = i32::try_from(service.pid()).ok().and_then(Pid::from_raw);
    // That it has ended shows at the next look.
    let _ = pid.map(|pid| kill_process(pid, signal));
}

/// What scrapers share.
#[derive(Default)]
struct Scraping {
    over: AtomicBool,
    good: AtomicU64,
    failed: AtomicU64,
    hung_up: AtomicU64,
}

impl Scraping {
    fn scrape(&self, service: &Service) {
        while !self.over.load(Relaxed) {
            let count = match service.scrape() {
                Ok(1..) => &self.good,
                Ok(0) | Err(_) => &self.failed,
            };
            count.fetch_add(1, Relaxed);
            thread::sleep(SCRAPES);
        }
    }

    /// Asks, or half asks, and is gone before the answer.
    fn hang_up(&self, service: &Service) {
        let whole = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let beginnings = [whole, &whole[..whole.len() / 2], ""];
        for beginning in beginnings.iter().cycle() {
            if self.over.load(Relaxed) {
                return;
            }
            if service.abandon(beginning).is_ok() {
                self.hung_up.fetch_add(1, Relaxed);
            }
            thread::sleep(HANG_UPS);
        }
    }
}

fn report(service: &Service, trend: &Trend, scraping: &Scraping) -> Result<(), Failure> {
    let last = Scrape::parse(&service.text("/metrics")?);
    let updates = |result| {
        let family = "herakles_exporter_cache_updates_total";
        last.sum(family, &[("result", result)])
    };
    let errors = |kind| last.sum("herakles_exporter_scan_errors_total", &[("kind", kind)]);
    let failed_scrapes = scraping.failed.load(Relaxed);
    trend.print();
    println!(
        "| scrapes, good and failed | {} and {failed_scrapes} |",
        scraping.good.load(Relaxed)
    );
    println!(
        "| clients that hung up | {} |",
        scraping.hung_up.load(Relaxed)
    );
    for result in ["success", "error", "skipped"] {
        println!("| refreshes, {result} | {} |", updates(result));
    }
    for kind in ["vanished", "denied", "malformed", "io", "timeout", "panic"] {
        println!("| errors of scans, {kind} | {} |", errors(kind));
    }
    let mut complaints = trend.complaints();
    if failed_scrapes > 0 {
        complaints.push(format!("{failed_scrapes} scrapes failed"));
    }
    if updates("error") > 0.0 {
        complaints.push("refreshes failed".to_owned());
    }
    for kind in ["malformed", "io", "timeout", "panic"] {
        if errors(kind) > 0.0 {
            complaints.push(format!("scans met errors of the kind {kind}"));
        }
    }
    match complaints.len() {
        0 => Ok(()),
        _ => Err(Failure::new(complaints.join("\n"))),
    }
}

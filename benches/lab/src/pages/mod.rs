//! `cargo lab pages`: how big the pages are, how long they take, and what their history holds.
//!
//! Best in a pid namespace, where no process is but those it starts. Prints Markdown, for
//! `docs/performance.md`.

mod crew;

use std::{
    thread,
    time::{Duration, Instant},
};

use clap::{ArgMatches, Command, value_parser};

use self::crew::Crew;
use crate::{
    arguments::{count, number, value},
    clock,
    failure::Failure,
    progress::Progress,
    service::{Program, Service},
};

/// Times that each page is asked for in each form.
const TIMES: usize = 25;

/// A line has 120 points whatever its span, so at a refresh each second two minutes fill it.
const SPAN: Duration = Duration::from_secs(120);

/// Until ticks are forgotten as fast as they come.
const FULL: Duration = Duration::from_secs(135);

const MOST_MILLISECONDS: f64 = 100.0;
const MOST_BYTES: usize = 80_000;

/// The command line.
pub(crate) fn command() -> Command {
    Command::new("pages")
        .about("Measure the pages: bytes, time, and the memory of their history")
        .arg(
            number("processes", "1000")
                .value_parser(value_parser!(u64).range(10..=20_000))
                .help("Processes to show"),
        )
}

/// Asks for each page with and without gzip, and prints a line for each.
///
/// # Errors
/// When something does not start or answer, or a page misses its goal.
pub(crate) fn run(args: &ArgMatches) -> Result<(), Failure> {
    let program = Program::exporter()?;
    eprintln!("starting {} processes", value(args, "processes"));
    let _crew = Crew::start(count(args, "processes"))?;
    let full = Run::of(&program, SPAN)?;
    let bare = Run::of(&program, Duration::ZERO)?;
    println!("| page | bytes | by gzip | ms: median (longest) | by gzip |");
    println!("|---|---|---|---|---|");
    for answers in &full.answers {
        println!("{}", answers.row());
    }
    println!();
    println!("| `dashboard.history` | RSS, MiB: before the pages were asked for | after |");
    println!("|---|---|---|");
    println!("{}", full.row("full"));
    println!("{}", bare.row("0"));
    let missed = full.answers.iter().filter(|it| it.misses_its_goal());
    let missed: Vec<&str> = missed.map(|it| it.path.as_str()).collect();
    match missed.len() {
        0 => Ok(()),
        _ => Err(Failure::new(format!(
            "above {MOST_MILLISECONDS} ms or {MOST_BYTES} bytes: {}",
            missed.join(", ")
        ))),
    }
}

/// One run of the exporter.
struct Run {
    rss_before_kib: u64,
    rss_after_kib: u64,
    answers: Vec<Answers>,
}

impl Run {
    /// Lets it run until its history is full, and as long without one.
    fn of(program: &Program, history: Duration) -> Result<Self, Failure> {
        let flags = [
            "--scan.cache-ttl=1s".to_owned(),
            format!("--dashboard.history={}s", history.as_secs()),
        ];
        let service = Service::start(program, &flags)?;
        let begin = Instant::now();
        let mut progress = Progress::of("history");
        while begin.elapsed() < FULL {
            thread::sleep(Duration::from_secs(1));
            progress.tell(begin.elapsed(), FULL);
        }
        let rss = || {
            let kib = service.status_kib("VmRSS:");
            kib.ok_or_else(|| Failure::new("the exporter has ended"))
        };
        let rss_before_kib = rss()?;
        let paths = paths(&service)?;
        let answers = paths.into_iter().map(|path| Answers::at(&service, path));
        Ok(Self {
            rss_before_kib,
            answers: answers.collect::<Result<_, _>>()?,
            rss_after_kib: rss()?,
        })
    }

    fn row(&self, history: &str) -> String {
        let mib = |kib: u64| kib as f64 / 1024.0;
        format!(
            "| {history} | {:.1} | {:.1} |",
            mib(self.rss_before_kib),
            mib(self.rss_after_kib)
        )
    }
}

/// The pages for people; of subgroups and processes the first that `/` links.
fn paths(service: &Service) -> Result<Vec<String>, Failure> {
    let overview = service.text("/")?;
    let first = |prefix: &str| {
        let (_, rest) = overview.split_once(&format!("href=\"{prefix}"))?;
        Some(format!("{prefix}{}", rest.split('"').next()?))
    };
    let fixed = [
        "/",
        "/?processes=all",
        "/subgroup/other/other",
        "/subgroups",
    ];
    let found = ["/subgroup/", "/process/"]
        .iter()
        .filter_map(|it| first(it));
    let found = found.filter(|it| !fixed.contains(&it.as_str()));
    Ok(fixed.map(str::to_owned).into_iter().chain(found).collect())
}

/// What became of asking for a page again and again.
struct Answers {
    path: String,
    plain: Transfer,
    gzip: Transfer,
}

impl Answers {
    fn at(service: &Service, path: String) -> Result<Self, Failure> {
        Ok(Self {
            plain: Transfer::of(service, &path, "identity")?,
            gzip: Transfer::of(service, &path, "gzip")?,
            path,
        })
    }

    fn row(&self) -> String {
        format!(
            "| `{}` | {} | {} | {} | {} |",
            self.path, self.plain.bytes, self.gzip.bytes, self.plain, self.gzip
        )
    }

    fn misses_its_goal(&self) -> bool {
        self.gzip.bytes > MOST_BYTES || clock::median(self.gzip.waits()) > MOST_MILLISECONDS
    }
}

/// A page in one coding.
struct Transfer {
    /// The most that a body had, as sent.
    bytes: usize,
    waits: Vec<f64>,
}

impl Transfer {
    fn of(service: &Service, path: &str, coding: &str) -> Result<Self, Failure> {
        let mut transfer = Self {
            bytes: 0,
            waits: Vec::new(),
        };
        for _ in 0..TIMES {
            let begin = Instant::now();
            let bytes = service.page(path, coding)?;
            transfer.waits.push(begin.elapsed().as_secs_f64() * 1e3);
            transfer.bytes = transfer.bytes.max(bytes);
            // Snapshots come and go meanwhile.
            thread::sleep(Duration::from_millis(150));
        }
        Ok(transfer)
    }

    fn waits(&self) -> impl Iterator<Item = f64> {
        self.waits.iter().copied()
    }
}

impl std::fmt::Display for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (_, longest) = clock::extremes(self.waits());
        write!(f, "{:.1} ({longest:.1})", clock::median(self.waits()))
    }
}

//! `cargo lab door`: whether scrapes are answered while clients are slow, silent, greedy or many.
//!
//! Fifty scrapers ask each second, each in its own phase and on its own connection, as Prometheus
//! does. Beside them one crowd after the other behaves badly. Prints Markdown, for
//! `docs/reliability.md`.

mod crowd;
mod looks;
mod scrapers;
mod secured;

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

use clap::{ArgMatches, Command};
use rustix::process::{Resource, getrlimit, setrlimit};

use self::{crowd::Crowd, looks::Looks, scrapers::Scrapes, secured::Secured};
use crate::{
    arguments::{count, number},
    failure::Failure,
    fleet::Fleet,
    service::{Program, Service},
};

const SCRAPERS: u32 = 50;

/// Scrapers alone, before a crowd comes.
const WARM_UP: Duration = Duration::from_secs(6);

const MOST_P99: Duration = Duration::from_millis(250);
const MOST_RSS_KIB: u64 = 10 * 1024;

/// The exporter looks at its timers now and then, and so does this program.
const GRANTED: Duration = Duration::from_secs(2);

/// The command line.
pub(crate) fn command() -> Command {
    Command::new("door")
        .about("Scrape the exporter among clients that behave badly")
        .arg(number("processes", "1000").help("Processes beside those of the host"))
}

/// Lets in all crowds and prints what became of the scrapes and of them.
///
/// # Errors
/// When something does not start, a scrape failed or took too long, or a crowd kept its places.
pub(crate) fn run(args: &ArgMatches) -> Result<(), Failure> {
    allow_descriptors()?;
    let program = Program::exporter()?;
    let _fleet = Fleet::start(count(args, "processes"))?;
    println!(
        "| clients | scrapes, failed | p50 | p99 | slowest | RSS | connections | closed after |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut complaints = Vec::new();
    for crowd in crowd::all() {
        let (scrapes, looks) = let_in(&crowd, &program)?;
        println!("{}", row(&crowd, &scrapes, &looks));
        complaints.extend(complain(&crowd, &scrapes, &looks));
    }
    match complaints.len() {
        0 => Ok(()),
        _ => Err(Failure::new(complaints.join("\n"))),
    }
}

/// Each client costs this program and the exporter a descriptor.
fn allow_descriptors() -> Result<(), Failure> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)
        .map_err(|e| Failure::new(format!("cannot raise the limit of open files: {e}")))
}

fn let_in(crowd: &Crowd, program: &Program) -> Result<(Scrapes, Looks), Failure> {
    let secured = Secured::new()?;
    let service = Service::start(program, &[secured.flag()])?;
    let tls = crowd.is_secured().then(|| secured.switch_on());
    let tls = tls.transpose()?;
    let address = service.address();
    let (over, scrapes) = (AtomicBool::new(false), Scrapes::default());
    let looks = thread::scope(|scope| {
        for number in 0..SCRAPERS {
            let phase = Duration::from_secs(1) * number / SCRAPERS;
            let (tls, over, scrapes) = (tls.as_ref(), &over, &scrapes);
            scope.spawn(move || scrapes.collect(address, tls, phase, over));
        }
        thread::sleep(WARM_UP);
        scrapes.forget();
        let over = &over;
        let looks = Looks::during(&service, crowd, || {
            scope.spawn(move || crowd.act(address, over));
        });
        over.store(true, Relaxed);
        looks
    })?;
    Ok((scrapes, looks))
}

fn row(crowd: &Crowd, scrapes: &Scrapes, looks: &Looks) -> String {
    let ms = |share| format!("{:.1} ms", scrapes.quantile(share).as_secs_f64() * 1e3);
    let (good, failed) = scrapes.counts();
    format!(
        "| {} | {good}, {failed} | {} | {} | {} | {:.1} + {:.1} MiB | {} | {} |",
        crowd.name(),
        ms(0.5),
        ms(0.99),
        ms(1.0),
        looks.rss_before_kib as f64 / 1024.0,
        looks.rss_growth_kib() as f64 / 1024.0,
        looks.most_connections,
        match looks.closed_after {
            _ if !crowd.is_anybody() => "–".to_owned(),
            Some(after) => format!("{:.1} s", after.as_secs_f64()),
            None => "never".to_owned(),
        }
    )
}

/// What should not be, in sentences.
fn complain(crowd: &Crowd, scrapes: &Scrapes, looks: &Looks) -> Vec<String> {
    let name = crowd.name();
    let mut complaints = Vec::new();
    if let (_, failed @ 1..) = scrapes.counts() {
        complaints.push(format!("{name}: {failed} scrapes failed"));
    }
    if scrapes.quantile(0.99) > MOST_P99 {
        complaints.push(format!("{name}: the 99th percentile is above {MOST_P99:?}"));
    }
    if looks.rss_growth_kib() > MOST_RSS_KIB {
        complaints.push(format!("{name}: RSS grew by more than {MOST_RSS_KIB} KiB"));
    }
    let patience = crowd.patience() + GRANTED;
    if looks.closed_after.is_none_or(|after| after > patience) {
        complaints.push(format!("{name}: not all closed within {patience:?}"));
    }
    complaints
}

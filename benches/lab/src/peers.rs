//! `cargo lab peers`: what other exporters cost where this one does.
//!
//! Each runs alone at the same synthetic fleet and is scraped at one interval as Prometheus
//! scrapes. What it took is read from the scheduler's clock. Prints Markdown, for
//! `docs/performance.md`.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::{
    arguments::{count, number, value},
    clock,
    failure::Failure,
    fleet::Fleet,
    programs,
    scan_cost::modes::{self, MAX_AGE_REFRESHES},
    scrape::Scrape,
    service::{Program, Service},
};

/// Every process under its own name, the usual configuration of process-exporter.
const BY_NAME: &str = "process_names:\n  - name: '{{.Comm}}'\n    cmdline: ['.+']\n";

/// An exporter and how it is run here.
struct Peer {
    name: &'static str,
    program: Program,
    flags: Vec<String>,
}

/// The command line.
pub(crate) fn command() -> Command {
    Command::new("peers")
        .about("Compare what exporters cost at the same processes")
        .arg(
            number("processes", "1000")
                .value_parser(value_parser!(u64).range(50..=20_000))
                .help("Size of the fleet"),
        )
        .arg(number("interval", "5").help("Seconds from one scrape to the next"))
        .arg(number("scrapes", "24").help("Scrapes that count"))
        .arg(program("process-exporter"))
        .arg(program("node-exporter"))
}

fn program(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("PROGRAM")
        .value_parser(value_parser!(PathBuf))
        .help("The program [default: that of the PATH, if any]")
}

/// Runs one after the other and prints a line for each.
///
/// # Errors
/// The first thing that does not start or answer.
pub(crate) fn run(args: &ArgMatches) -> Result<(), Failure> {
    let interval = Duration::from_secs(value(args, "interval"));
    let peers = peers(args, interval)?;
    eprintln!("starting {} processes", value(args, "processes"));
    let fleet = Fleet::start(count(args, "processes"))?;
    println!(
        "| exporter | CPU per interval of {} s, ms | a scrape, ms: median (longest) | series \
         | answer by gzip, KiB | RSS, MiB |",
        interval.as_secs()
    );
    println!("|---|---|---|---|---|---|");
    for peer in &peers {
        eprintln!("{}", peer.name);
        line(peer, &fleet, interval, count(args, "scrapes"))?;
    }
    Ok(())
}

fn peers(args: &ArgMatches, interval: Duration) -> Result<Vec<Peer>, Failure> {
    let mut peers = Vec::new();
    for (name, taskstats) in [("Herakles", "off"), ("Herakles, taskstats", "auto")] {
        peers.push(Peer {
            name,
            program: Program::exporter()?,
            flags: modes::adaptive_flags(interval, taskstats),
        });
    }
    let names = programs::written("by-name.yml", BY_NAME)?;
    for (name, flags) in [
        (
            "process-exporter",
            vec![format!("--config.path={}", names.display())],
        ),
        (
            "node-exporter",
            vec![
                "--collector.disable-defaults".to_owned(),
                "--collector.processes".to_owned(),
            ],
        ),
    ] {
        if let Some(program) = Program::rival(name, args.get_one(name))? {
            peers.push(Peer {
                name,
                program,
                flags,
            });
        }
    }
    Ok(peers)
}

fn line(peer: &Peer, fleet: &Fleet, interval: Duration, scrapes: usize) -> Result<(), Failure> {
    let service = Service::start(&peer.program, &peer.flags)?;
    // Until samples are as old as they get, as they are on a host that has run for long.
    scrape_for(&service, interval, MAX_AGE_REFRESHES as usize + 2)?;
    let before = service.cpu()?;
    let (waits, bytes) = scrape_for(&service, interval, scrapes)?;
    let cpu = service.cpu()?.saturating_sub(before);
    fleet.seen()?;
    println!(
        "| {} | {:.1} | {:.1} ({:.1}) | {} | {:.0} | {:.1} |",
        peer.name,
        cpu.as_secs_f64() * 1e3 / scrapes as f64,
        clock::median(waits.iter().copied()),
        clock::extremes(waits.iter().copied()).1,
        Scrape::parse(&service.text("/metrics")?).len(),
        bytes as f64 / 1024.0,
        service.status_kib("VmRSS:").unwrap_or_default() as f64 / 1024.0
    );
    Ok(())
}

/// Scrapes so often. Gives how long each answer took, in milliseconds, and the size of the last.
fn scrape_for(
    service: &Service,
    interval: Duration,
    scrapes: usize,
) -> Result<(Vec<f64>, usize), Failure> {
    let mut waits = Vec::with_capacity(scrapes);
    let mut bytes = 0;
    for _ in 0..scrapes {
        let begin = Instant::now();
        bytes = service.scrape()?;
        waits.push(begin.elapsed().as_secs_f64() * 1e3);
        thread::sleep(interval.saturating_sub(begin.elapsed()));
    }
    Ok((waits, bytes))
}

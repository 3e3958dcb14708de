//! One storm, watched from before it begins until nothing of it is left to be credited.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use super::{
    counters::Counters,
    rivals::{self, Credited},
};
use crate::{
    failure::Failure,
    progress::Progress,
    scrape::Scrape,
    service::{Program, Service},
    storm::{Account, Raging, Storm},
};

/// Longest wait for the end of a storm whose time is over.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to go about it, and all that has to be built for it.
#[derive(Debug)]
pub(super) struct RoundOptions {
    pub(super) length: Duration,
    /// The exporter's `scan.exits`, if not its own default.
    pub(super) exits: Option<String>,
    pub(super) exporter: Program,
    pub(super) process_exporter: Option<Program>,
    /// What starts the short-lived processes.
    pub(super) storm: PathBuf,
}

/// What came of a storm.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) account: Account,
    /// From the first to the last refresh that count.
    pub(super) wall: Duration,
    /// User, nice and system time of the host meanwhile, in seconds.
    pub(super) host: f64,
    /// The same by the clock of the scheduler, where the kernel shows it.
    pub(super) host_by_scheduler: Option<f64>,
    pub(super) herakles: Attributed,
    pub(super) process_exporter: Option<Attributed>,
    /// Scrapes of both on which every counter was compared with the scrape before.
    pub(super) compared: u32,
    /// Counters of ours that fell, in words.
    pub(super) fallen: Vec<String>,
}

impl Outcome {
    /// What the exporter attributed, as a share of what the scheduler counted.
    pub(super) fn of_scheduler(&self) -> Option<f64> {
        Some(self.herakles.seconds / self.host_by_scheduler?)
    }
}

/// What an exporter attributed, as shares of the truth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributed {
    /// To anybody, in seconds.
    pub(super) seconds: f64,
    /// To anybody, of the host's user, nice and system time.
    pub(super) of_host: f64,
    /// To the storm, of the storm's own account.
    pub(super) of_storm: f64,
}

/// Lets one storm rage and compares the accounts.
///
/// # Errors
/// When a program does not start, answer or end.
pub(super) fn run(storm: Storm, options: &RoundOptions) -> Result<Outcome, Failure> {
    let mut ours = Watched::start(options)?;
    let rival = match &options.process_exporter {
        Some(program) => Some(rivals::start_process_exporter(program)?),
        None => None,
    };
    // Both have seen everybody at least once.
    thread::sleep(Duration::from_secs(3));
    let look = |rival: &Service| Ok::<_, Failure>(Scrape::parse(&rival.text("/metrics")?));
    let rival_before = rival.as_ref().map(look).transpose()?;
    let before = ours.next_refresh()?;
    let (began, scheduled_before) = (Instant::now(), scheduled_seconds());

    let mut raging = Raging::start(&options.storm, storm, options.length)?;
    let mut rival_looked = Instant::now();
    let mut progress = Progress::of(storm.name());
    let account = loop {
        if let Some(account) = raging.wait(Duration::from_secs(1))? {
            break account;
        }
        if began.elapsed() > options.length + PATIENCE {
            return Err(Failure::new(format!(
                "the storm {} has not ended a minute after its time",
                storm.name()
            )));
        }
        ours.scrape()?;
        progress.tell(began.elapsed(), options.length);
        if rival_looked.elapsed() >= Duration::from_secs(rivals::INTERVAL) {
            rival.as_ref().map(look).transpose()?;
            rival_looked = Instant::now();
        }
    };
    // What is held back for one refresh is credited by the next.
    let mut after = ours.next_refresh()?;
    for _ in 0..2 {
        after = ours.next_refresh()?;
    }
    let (wall, scheduled_after) = (began.elapsed(), scheduled_seconds());
    let rival_after = rival.as_ref().map(look).transpose()?;

    let host = host_seconds(&after) - host_seconds(&before);
    let of_storm = (account.waited + account.unwaited).as_secs_f64();
    let attributed = |before: Credited, after: Credited| Attributed {
        seconds: after.everybody - before.everybody,
        of_host: (after.everybody - before.everybody) / host,
        of_storm: (after.storm - before.storm) / of_storm,
    };
    Ok(Outcome {
        account,
        wall,
        host,
        host_by_scheduler: scheduled_before
            .zip(scheduled_after)
            .map(|(before, after)| after - before),
        herakles: attributed(
            Credited::by_herakles(&before),
            Credited::by_herakles(&after),
        ),
        process_exporter: rival_before.zip(rival_after).map(|(before, after)| {
            attributed(
                Credited::by_process_exporter(&before),
                Credited::by_process_exporter(&after),
            )
        }),
        compared: ours.counters.compared,
        fallen: ours.fallen,
    })
}

/// User, nice and system time of the host, as read in the same refresh as the processes.
fn host_seconds(scrape: &Scrape) -> f64 {
    ["user", "nice", "system"]
        .map(|mode| scrape.sum("herakles_host_cpu_seconds_total", &[("mode", mode)]))
        .iter()
        .sum()
}

/// What all tasks together have run, by the clock of the scheduler, in seconds. `/proc/stat` is
/// drawn at ticks instead, except on kernels that are built for exact accounts.
fn scheduled_seconds() -> Option<f64> {
    let nanoseconds: u64 = fs::read_to_string("/sys/fs/cgroup/cpuacct/cpuacct.usage")
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(nanoseconds as f64 / 1e9)
}

/// The exporter on trial, and whether its counters hold.
struct Watched {
    service: Service,
    counters: Counters,
    fallen: Vec<String>,
}

impl Watched {
    fn start(options: &RoundOptions) -> Result<Self, Failure> {
        Ok(Self {
            service: rivals::herakles(&options.exporter, options.exits.as_deref())?,
            counters: Counters::default(),
            fallen: Vec::new(),
        })
    }

    fn scrape(&mut self) -> Result<Scrape, Failure> {
        let scrape = Scrape::parse(&self.service.text("/metrics")?);
        self.fallen.extend(self.counters.compare(&scrape));
        Ok(scrape)
    }

    /// The first scrape of the next refresh.
    fn next_refresh(&mut self) -> Result<Scrape, Failure> {
        let refreshes = |scrape: &Scrape| {
            scrape.sum(
                "herakles_exporter_cache_updates_total",
                &[("result", "success")],
            )
        };
        let last = refreshes(&self.scrape()?);
        let begin = Instant::now();
        loop {
            thread::sleep(Duration::from_millis(50));
            let scrape = self.scrape()?;
            if refreshes(&scrape) > last {
                return Ok(scrape);
            }
            if begin.elapsed() > Duration::from_secs(12 * rivals::INTERVAL) {
                return Err(Failure::new("the exporter does not refresh any more"));
            }
        }
    }
}

//! Scans alone, without service and rendering, for the project's own measurements. Not API.

use std::time::{Duration, Instant};

use herakles_collect::Collector;
use herakles_metrics::{MemoryReads, Snapshot};
use herakles_scan::ProcFs;

use crate::cli;
use crate::config::RunningConfig;
use crate::config::{Environment, Sources};

/// Scans as the program with these flags would.
pub struct Scanner {
    collector: Collector<ProcFs>,
}

/// One scan and what it cost.
pub struct Measured {
    /// Processes in the snapshot, kernel threads included.
    pub processes: usize,
    /// CPU time of all threads that took part.
    pub cpu: Duration,
    /// Time from begin to end.
    pub wall: Duration,
    /// Where the memory samples came from.
    pub reads: MemoryReads,
    /// The result.
    pub snapshot: Snapshot,
}

impl Scanner {
    /// Takes the program's own flags, such as `--scan.memory=exact`.
    ///
    /// # Errors
    /// The sentence that the program would print.
    pub fn new(flags: &[&str]) -> Result<Self, String> {
        let arguments = ["herakles-exporter"].iter().chain(flags).map(Into::into);
        let invocation = cli::parse(arguments).map_err(|error| error.to_string())?;
        let sources = Sources::new(invocation.flags, Environment::default());
        let running_config = RunningConfig::load(&sources).map_err(|error| error.to_string())?;
        let root = running_config.config().path.procfs.clone();
        let collector = Collector::open(&root, running_config.options);
        let collector = collector.map_err(|error| error.to_string())?;
        Ok(Self { collector })
    }

    /// Scans once.
    ///
    /// # Errors
    /// The sentence that the program would log.
    pub fn scan(&mut self) -> Result<Measured, String> {
        let (begin, cpu) = (Instant::now(), self.collector.cpu_time());
        let scan = self.collector.scan().map_err(|error| error.to_string())?;
        Ok(Measured {
            processes: scan.snapshot.processes().len(),
            cpu: self.collector.cpu_time().saturating_sub(cpu),
            wall: begin.elapsed(),
            reads: scan.stats.reads,
            snapshot: scan.snapshot,
        })
    }
}

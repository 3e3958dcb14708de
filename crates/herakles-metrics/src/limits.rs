//! What a snapshot may export.

use std::time::Duration;

use crate::process::Process;

/// What a snapshot may export. The default is that of the configuration file.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesLimits {
    /// Which families name single processes.
    pub processes: ProcessSeries,
    /// How many processes of a subgroup the `herakles_top_*` families name; 0 = none.
    pub top_n_subgroup: usize,
    /// The same for `other`/`other`.
    pub top_n_others: usize,
    /// Series that all families together may have; `None` = no limit.
    pub max_series: Option<usize>,
    /// Series of the live part (see [`ExporterStatus::series`](crate::exporter::ExporterStatus::series)),
    /// which count against `max_series`.
    pub live_series: usize,
    /// Whether counters have `_created` samples in OpenMetrics, which tell when each began.
    pub created: bool,
    /// Quantities to export.
    pub quantities: Quantities,
    /// What a process needs to have series of its own.
    pub filter: Filter,
}

impl Default for SeriesLimits {
    fn default() -> Self {
        Self {
            processes: ProcessSeries::All,
            top_n_subgroup: 3,
            top_n_others: 10,
            max_series: Some(10_000),
            live_series: 0,
            created: true,
            quantities: Quantities::default(),
            filter: Filter::default(),
        }
    }
}

/// Which families name single processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessSeries {
    /// `herakles_process_*` of every process that passes the filter, and `herakles_top_*`.
    All,
    /// `herakles_top_*` only.
    Top,
    /// Neither.
    None,
}

/// The quantities to export; one that is off is absent at every level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantities {
    /// RSS.
    pub rss: bool,
    /// PSS, with its parts and `SwapPss`.
    pub pss: bool,
    /// USS.
    pub uss: bool,
    /// CPU seconds and usage.
    pub cpu: bool,
}

impl Default for Quantities {
    fn default() -> Self {
        Self {
            rss: true,
            pss: true,
            uss: true,
            cpu: true,
        }
    }
}

impl Quantities {
    /// Makes the quantities that are off absent.
    pub(crate) fn blank(self, process: &mut Process) {
        let Self { rss, pss, uss, cpu } = self;
        let memory = process.memory;
        process.memory.rss_bytes = memory.rss_bytes.filter(|_| rss);
        process.memory.pss_bytes = memory.pss_bytes.filter(|_| pss);
        process.memory.uss_bytes = memory.uss_bytes.filter(|_| uss);
        process.cpu_seconds = process.cpu_seconds.filter(|_| cpu);
        process.cpu_usage_ratio = process.cpu_usage_ratio.filter(|_| cpu);
    }
}

/// What a process needs to have series of its own. Totals and top series ignore it.
///
/// An absent value never satisfies a minimum above 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Least USS, in bytes.
    pub min_uss_bytes: u64,
    /// Least RSS, in bytes.
    pub min_rss_bytes: u64,
    /// Least CPU usage, in cores.
    pub min_cpu_ratio: f64,
    /// Least age of the process.
    pub min_age: Duration,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            min_uss_bytes: 0,
            min_rss_bytes: 0,
            min_cpu_ratio: 0.0,
            min_age: Duration::from_secs(30),
        }
    }
}

impl Filter {
    /// Whether a process with these values may have series of its own.
    pub(crate) fn passes(&self, process: &Process, now_seconds: f64) -> bool {
        // Where no start is known, as in some recorded trees, none is told to be too young.
        let is_old_enough = process
            .start_time_seconds
            .is_none_or(|start| (now_seconds - start).max(0.0) >= self.min_age.as_secs_f64());
        reaches(process.memory.uss_bytes, self.min_uss_bytes)
            && reaches(process.memory.rss_bytes, self.min_rss_bytes)
            && reaches(process.cpu_usage_ratio, self.min_cpu_ratio)
            && is_old_enough
    }
}

/// What is absent reaches nothing above 0.
fn reaches<T: PartialOrd + Default>(value: Option<T>, least: T) -> bool {
    value.unwrap_or_default() >= least
}

use std::time::Duration;

/// What a snapshot may export. The default is that of the configuration file.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Which families name single processes.
    pub processes: ProcessSeries,
    /// How many processes of a subgroup the `herakles_top_*` families name; 0 = none.
    pub top_n_subgroup: usize,
    /// The same for `other`/`other`.
    pub top_n_others: usize,
    /// Series that all families together may have; `None` = no limit.
    pub max_series: Option<usize>,
    /// Series of the live part (see [`ExporterStatus::series`](crate::ExporterStatus::series)),
    /// which count against `max_series`.
    pub live_series: usize,
    /// Quantities to export.
    pub quantities: Quantities,
    /// What a process needs to have series of its own.
    pub filter: Filter,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            processes: ProcessSeries::All,
            top_n_subgroup: 3,
            top_n_others: 10,
            max_series: Some(10_000),
            live_series: 0,
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

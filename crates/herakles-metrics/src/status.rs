//! The exporter itself as plain data: what is live at each scrape.

use std::collections::BTreeMap;

use crate::memory_reads::MemoryReads;
use crate::snapshot::ProcessStates;

/// The exporter itself: everything that is live at each scrape, as plain data.
///
/// The `BTreeMap`s keep label sets unique and in a stable order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExporterStatus {
    /// Start of the exporter, Unix time in seconds: where its counters started.
    pub started_seconds: f64,
    /// Whether its counters have `_created` samples in OpenMetrics.
    pub created: bool,
    /// What was built.
    pub build: BuildLabels,
    /// What it runs with.
    pub config: ConfigLabels,
    /// Whether the last refresh succeeded; `None` before the first one ended.
    pub cache_update_success: Option<bool>,
    /// Whether a refresh is running now.
    pub cache_updating: bool,
    /// Wall time of the last refresh, in seconds.
    pub cache_update_duration_seconds: Option<f64>,
    /// CPU time of all refreshes, in seconds.
    pub cache_update_cpu_seconds: f64,
    /// Refreshes by result.
    pub cache_updates: CacheUpdates,
    /// End of the last good refresh, Unix time in seconds.
    pub cache_last_success_seconds: Option<f64>,
    /// Every pid of the last good snapshot by state.
    pub processes: Option<ProcessStates>,
    /// Memory samples by where they came from.
    pub memory_reads: MemoryReads,
    /// Errors of scans by (kind, file).
    pub scan_errors: BTreeMap<(&'static str, &'static str), u64>,
    /// Series of the last good snapshot.
    pub series: Option<usize>,
    /// Series that its budget dropped.
    pub series_dropped: Option<usize>,
    /// Sizes of the rendered snapshot.
    pub exposition: Option<ExpositionBytes>,
    /// Requests answered, by (path, status code).
    pub http_requests: BTreeMap<(&'static str, u16), u64>,
    /// The last load of the configuration.
    pub config_reload: Option<Reload>,
    /// The last load of the rules that it names.
    pub rules_reload: Option<Reload>,
    /// The last load of the web configuration file, where one is used.
    pub web_reload: Option<Reload>,
    /// The exporter as a process.
    pub process: SelfUsage,
}

impl ExporterStatus {
    /// The reloads that happened, by `file`.
    pub(crate) fn reloads(&self) -> impl Iterator<Item = (&'static str, Reload)> {
        let reloads = [
            ("config", self.config_reload),
            ("rules", self.rules_reload),
            ("web", self.web_reload),
        ];
        reloads
            .into_iter()
            .filter_map(|(file, reload)| Some((file, reload?)))
    }
}

/// Labels of `herakles_exporter_build_info`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildLabels {
    /// Version of the exporter.
    pub version: String,
    /// Source revision it was built from.
    pub revision: String,
    /// Compiler version.
    pub rustc: String,
}

/// Labels of `herakles_exporter_config_info`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigLabels {
    /// Hash of the effective configuration.
    pub config_hash: String,
    /// Hash of the effective rules.
    pub rules_hash: String,
    /// `exact`, `adaptive` or `rss`.
    pub memory_mode: String,
    /// How idle processes are known: `taskstats` or `none`.
    pub gate: String,
}

/// Refreshes by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUpdates {
    /// Ended with a new snapshot.
    pub success: u64,
    /// Failed; the old snapshot stays.
    pub error: u64,
    /// Not started because the one before still ran.
    pub skipped: u64,
}

impl CacheUpdates {
    /// The counts by `result`.
    pub(crate) fn by_result(&self) -> [(&'static str, u64); 3] {
        [
            ("success", self.success),
            ("error", self.error),
            ("skipped", self.skipped),
        ]
    }
}

/// Sizes of the rendered snapshot part, in bytes; `None` for a form that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpositionBytes {
    /// OpenMetrics.
    pub openmetrics: Option<usize>,
    /// OpenMetrics, compressed.
    pub openmetrics_gzip: Option<usize>,
    /// Text 0.0.4.
    pub text: Option<usize>,
    /// Text 0.0.4, compressed.
    pub text_gzip: Option<usize>,
}

impl ExpositionBytes {
    /// The sizes by `format`.
    pub(crate) fn by_format(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let sizes = [
            ("openmetrics", self.openmetrics),
            ("openmetrics_gzip", self.openmetrics_gzip),
            ("text", self.text),
            ("text_gzip", self.text_gzip),
        ];
        let made = sizes.into_iter();
        made.filter_map(|(format, size)| Some((format, size? as u64)))
    }
}

/// The last load of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reload {
    /// Whether it succeeded.
    pub successful: bool,
    /// The last good load, Unix time in seconds.
    pub last_success_seconds: Option<f64>,
}

/// The exporter's own process, for the standard `process_*` families. What is `None` is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SelfUsage {
    /// User and system CPU time, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Resident memory, in bytes.
    pub resident_memory_bytes: Option<u64>,
    /// Virtual memory, in bytes.
    pub virtual_memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// Most file descriptors it may have open.
    pub max_fds: Option<u64>,
    /// Start, Unix time in seconds.
    pub start_time_seconds: Option<f64>,
}

//! The configuration: everything parsed, nothing optional.
//!
//! [`Sources`] holds where it comes from (flags, environment, file); [`Sources::load`] merges the
//! layers by [`settings::SETTINGS`] into a [`Loaded`], and does so again at a reload.

mod error;
mod file;
mod load;
mod nested;
mod render;
mod rule_files;
mod running_config;
pub(crate) mod settings;
mod text_file;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use herakles_classify::Glob;
use herakles_web::ListenAddress;
use serde::Deserialize;

pub(crate) use error::ConfigError;
pub(crate) use herakles_classify::SearchMode;
pub(crate) use herakles_metrics::ProcessSeries;
use herakles_plan::Ratio;
pub(crate) use load::{
    CONFIG_FILE_VARIABLE, DEFAULT_CONFIG_FILE, EffectiveSetting, Environment, FlagValues, Loaded,
    Origin, Reloaded, Sources,
};
pub(crate) use render::fnv_1a;
pub(crate) use running_config::{LoadError, RunningConfig};
pub(crate) use text_file::read_text;

/// The effective configuration. One field for each row of [`settings::SETTINGS`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) path: Paths,
    pub(crate) web: Web,
    pub(crate) scan: Scan,
    pub(crate) buffers: Buffers,
    pub(crate) filter: Filter,
    pub(crate) classification: Classification,
    pub(crate) export: Export,
    pub(crate) log: Log,
}

/// `--path.*`: what no file can set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paths {
    /// Root of the proc file system.
    pub(crate) procfs: PathBuf,
}

/// `[web]`: the HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Web {
    /// At least one.
    #[serde(deserialize_with = "nested::addresses")]
    pub(crate) listen_addresses: Vec<ListenAddress>,
    /// Starts with `/` and is no path that another page has.
    pub(crate) telemetry_path: String,
    pub(crate) max_connections: NonZeroUsize,
    /// Time for a complete request header, and the idle limit of a kept connection.
    #[serde(deserialize_with = "nested::duration")]
    pub(crate) header_timeout: Duration,
    #[serde(deserialize_with = "nested::duration")]
    pub(crate) write_timeout: Duration,
    /// `POST /-/reload` is answered.
    pub(crate) enable_reload: bool,
}

/// `[scan]`: what is read, and how often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    /// Time between refreshes.
    #[serde(deserialize_with = "nested::duration")]
    pub(crate) cache_ttl: Duration,
    /// `None`: as many threads as there are cores, at most 4.
    #[serde(deserialize_with = "nested::zero_is_none")]
    pub(crate) parallelism: Option<NonZeroUsize>,
    /// Beyond it the smallest by RSS are counted, not read in detail; `None` is no limit.
    #[serde(deserialize_with = "nested::zero_is_none")]
    pub(crate) max_processes: Option<NonZeroUsize>,
    /// As configured; [`Config::memory_mode`] is what holds.
    pub(crate) memory: MemoryMode,
    /// Adaptive: no sample gets older, unless one of the next three forbids the read.
    #[serde(deserialize_with = "nested::duration")]
    pub(crate) memory_max_age: Duration,
    /// Adaptive: the share of the time for which reads may hold up a process.
    #[serde(deserialize_with = "nested::ratio")]
    pub(crate) hold_ratio: Ratio,
    /// Adaptive: a process whose read would take longer is not read; zero is no limit.
    #[serde(deserialize_with = "nested::duration")]
    pub(crate) max_hold: Duration,
    /// Adaptive: the share of one core that memory reads may use.
    #[serde(deserialize_with = "nested::ratio")]
    pub(crate) cpu_budget: Ratio,
    /// Adaptive: whether taskstats is asked who has run.
    pub(crate) taskstats: Taskstats,
    /// Where the CPU time of exited processes comes from.
    pub(crate) exits: ExitSource,
}

/// Whether idle processes are known by taskstats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Taskstats {
    /// Where the rights allow.
    Auto,
    /// Never.
    Off,
}

/// Where the CPU time of exited processes comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExitSource {
    /// Whatever adds up best: from what their parents absorb.
    Auto,
    /// From what their parents absorb.
    Children,
    /// From taskstats, with a warning where it is not to be had.
    Taskstats,
}

/// How memory beyond RSS is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemoryMode {
    /// Where something changed.
    Adaptive,
    /// Every process, every time.
    Exact,
    /// Not at all: RSS only.
    Rss,
}

/// `[buffers]`: initial sizes of the read buffers of each worker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Buffers {
    #[serde(rename = "io_kb", deserialize_with = "nested::kib")]
    pub(crate) io_bytes: usize,
    #[serde(rename = "smaps_kb", deserialize_with = "nested::kib")]
    pub(crate) smaps_bytes: usize,
    #[serde(rename = "smaps_rollup_kb", deserialize_with = "nested::kib")]
    pub(crate) smaps_rollup_bytes: usize,
}

/// `[filter]`: which processes have series of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// An absent value never satisfies a minimum above 0.
    #[serde(rename = "min_uss_kb", deserialize_with = "nested::kib")]
    pub(crate) min_uss_bytes: u64,
    /// As `min_uss_bytes`.
    #[serde(rename = "min_rss_kb", deserialize_with = "nested::kib")]
    pub(crate) min_rss_bytes: u64,
    /// In cores.
    pub(crate) min_cpu_ratio: f64,
    #[serde(deserialize_with = "nested::duration")]
    pub(crate) min_age: Duration,
    /// Empty means all.
    #[serde(deserialize_with = "nested::globs")]
    pub(crate) include_names: Vec<Glob>,
    /// Wins over `include_names`.
    #[serde(deserialize_with = "nested::globs")]
    pub(crate) exclude_names: Vec<Glob>,
}

/// `[classification]`: which rules hold, and which subgroups are shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Classification {
    /// Paths and globs in order; [`Loaded::rule_files`] finds the files.
    pub(crate) rules: Vec<String>,
    /// The built-in rules follow the files'.
    pub(crate) builtin: bool,
    #[serde(with = "nested::SearchModeWord")]
    pub(crate) search_mode: SearchMode,
    pub(crate) search_groups: Vec<String>,
    /// `SUBGROUP` or `GROUP/SUBGROUP`.
    pub(crate) search_subgroups: Vec<String>,
    /// Hide `other/other` in every family.
    pub(crate) disable_others: bool,
}

/// `[export]`: which families and series there are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Export {
    #[serde(with = "nested::ProcessSeriesWord")]
    pub(crate) processes: ProcessSeries,
    /// 0 is no top series.
    pub(crate) top_n_subgroup: usize,
    /// The same for `other/other`.
    pub(crate) top_n_others: usize,
    /// `None` is no limit.
    #[serde(deserialize_with = "nested::zero_is_none")]
    pub(crate) max_series: Option<NonZeroUsize>,
    pub(crate) enable_rss: bool,
    pub(crate) enable_pss: bool,
    pub(crate) enable_uss: bool,
    pub(crate) enable_cpu: bool,
    /// The `herakles_host_*` families.
    pub(crate) host: bool,
}

/// `[log]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: LogLevel,
    pub(crate) format: LogFormat,
}

/// The least important messages that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Logfmt,
    Json,
}

impl Config {
    /// Settings that do not go together, as sentences: allowed, but hardly meant.
    fn contradictions(&self) -> Vec<String> {
        let Self {
            filter,
            classification,
            export,
            ..
        } = self;
        let searches =
            !classification.search_groups.is_empty() || !classification.search_subgroups.is_empty();
        let no_uss = self.memory_mode() == MemoryMode::Rss || !export.enable_uss;
        let checks = [
            (
                classification.search_mode == SearchMode::Include && !searches,
                "classification.search_mode is \"include\", but search_groups and \
                 search_subgroups are empty: no subgroup is shown",
            ),
            (
                classification.search_mode == SearchMode::All && searches,
                "classification.search_groups and search_subgroups have no effect while \
                 search_mode is \"all\"",
            ),
            (
                filter.min_uss_bytes > 0 && no_uss,
                "filter.min_uss_kb is set, but USS is not read: no process has series of its own",
            ),
            (
                !classification.builtin && classification.rules.is_empty(),
                "classification.builtin is false and classification.rules is empty: every process \
                 is in other/other",
            ),
        ];
        checks
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, text)| text.to_owned())
            .collect()
    }

    /// The memory mode that holds: where neither PSS nor USS is exported, nothing is read for them.
    pub(crate) fn memory_mode(&self) -> MemoryMode {
        if self.export.enable_pss || self.export.enable_uss {
            self.scan.memory
        } else {
            MemoryMode::Rss
        }
    }
}

#[cfg(test)]
mod tests;

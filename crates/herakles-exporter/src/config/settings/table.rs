//! Every setting: one row gives its name, type, range, default and help, and so its field, flag,
//! variable, key and documentation.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use herakles_classify::{Glob, SearchMode};
use herakles_collect::{ExitSource, IdleDetection};
use herakles_log::LineFormat;
use herakles_metrics::ProcessSeries;
use herakles_plan::Ratio;
use herakles_settings::{FromValue, Kind, Program, Value, settings, words};
use herakles_web::ListenAddress;
use tracing::Level;

use super::syntax::{ADDRESSES, GLOBS, NAMES, PATHS, ROUTE, name_glob};

const PROGRAM: Program<Config> = Program {
    name: "herakles-exporter",
    noun: "the exporter",
    prefix: "HERAKLES",
    default_file: "/etc/herakles/exporter.toml",
    elsewhere: &[(
        "subgroups",
        "rules cannot stand here: write [[subgroups]] into a file that classification.rules names",
    )],
    contradictions: Config::contradictions,
};

settings! {
    /// The effective configuration: everything parsed, nothing optional.
    pub(crate) Config of PROGRAM;

    /// `--path.*`: what no file can set.
    path: Paths, "Paths" {
        /// Root of the proc file system, or a recorded tree of its files
        procfs: PathBuf = Kind::Path, ["/proc"], restart(), not_in_file();
        /// Root of the file system whose etc/passwd names users; in a container, that of the host
        rootfs: PathBuf = Kind::Path, ["/"], restart(), not_in_file();
    }

    /// `[web]`: the HTTP server.
    web: Web, "Web" {
        /// Address to listen on: :PORT, IPv4:PORT, [IPv6]:PORT, NAME:PORT, or a socket unix:/PATH,
        /// unix:/PATH?mode=0660
        listen_addresses: Vec<ListenAddress> = Kind::Texts(&ADDRESSES), [":9215"], restart(), flag_name("web.listen-address");
        /// Take the sockets that a systemd .socket unit has opened, instead of listen_addresses
        systemd_socket: bool = Kind::Bool, ["false"], restart(), not_in_file();
        /// TLS, names and passwords, headers and a rate limit: a YAML file as exporter-toolkit
        /// has it, read again when it changes
        config_file: Option<PathBuf> = Kind::OptionalPath, [], restart(), flag_name("web.config.file"), not_in_file();
        /// Path of the metrics
        telemetry_path: String = Kind::Text(&ROUTE), ["/metrics"];
        /// Connections served at once
        max_connections: NonZeroUsize = Kind::integer(1, 65_536), ["256"];
        /// Time for a complete request header, and the idle limit of a kept connection
        header_timeout: Duration = Kind::milliseconds_to_seconds(100, 600), ["10s"];
        /// Time a client may take nothing of a response before it is closed
        write_timeout: Duration = Kind::milliseconds_to_seconds(100, 3600), ["30s"];
        /// Accept POST /-/reload
        enable_reload: bool = Kind::Bool, ["false"];
    }

    /// `[scan]`: what is read, and how often.
    scan: Scan, "Scan" {
        /// Time between refreshes
        cache_ttl: Duration = Kind::seconds(1, 3600), ["30s"];
        /// Threads that read /proc
        parallelism: Option<NonZeroUsize> = Kind::integer_or_zero(1, 256, "the cores, at most 4"), ["0"], restart();
        /// Processes read in detail; beyond it the smallest by RSS are only counted
        max_processes: Option<NonZeroUsize> = Kind::integer_or_zero(1, MOST_PIDS, "no limit"), ["0"];
        /// Read PSS and USS where something changed (adaptive), always (exact) or never (rss)
        memory: MemoryReading = Kind::choice::<Config, MemoryReading>(), ["adaptive"];
        /// adaptive: PSS and USS are read again at this age, unless one of the next three forbids
        /// it
        memory_max_age: Duration = Kind::seconds(1, 86_400), ["5m"];
        /// adaptive: share of the time for which reads may hold up the process that is read
        hold_ratio: Ratio = Kind::number(0.000_001, 1.0), ["0.001"];
        /// adaptive: a process whose read would take longer is not read; 0s is no limit
        max_hold: Duration = Kind::seconds(0, 3600), ["1s"];
        /// adaptive: share of one core that memory reads may use
        cpu_budget: Ratio = Kind::number(0.000_1, 256.0), ["0.02"];
        /// adaptive: know by taskstats who has not run, where CAP_NET_ADMIN allows
        taskstats: IdleDetection = Kind::choice::<Config, IdleDetection>(), ["auto"];
        /// CPU of exited processes: from their parents (children, and auto for now), or told by
        /// taskstats where CAP_NET_ADMIN allows
        exits: ExitSource = Kind::choice::<Config, ExitSource>(), ["auto"];
        /// Read what storage did for each process, too (CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH)
        io: bool = Kind::Bool, ["false"];
    }

    /// `[buffers]`: initial sizes of the read buffers of each worker.
    buffers: Buffers, "Buffers" {
        /// Initial read buffer of each worker for small files, KiB
        io_kb: usize = Kind::integer(1, 1024), ["4"];
        /// Initial read buffer of each worker for smaps, KiB
        smaps_kb: usize = Kind::integer(1, 16_384), ["64"];
        /// Initial read buffer of each worker for smaps_rollup, KiB
        smaps_rollup_kb: usize = Kind::integer(1, 1024), ["4"];
    }

    /// `[filter]`: which processes have series of their own.
    filter: Filter, "Filter" {
        /// Least USS of a process with series of its own, KiB
        min_uss_kb: u64 = Kind::integer(0, MOST_KIB), ["0"];
        /// Least RSS of a process with series of its own, KiB
        min_rss_kb: u64 = Kind::integer(0, MOST_KIB), ["0"];
        /// Least CPU usage of a process with series of its own, in cores
        min_cpu_ratio: f64 = Kind::number(0.0, 10_000.0), ["0"];
        /// Least age of a process with series of its own
        min_age: Duration = Kind::seconds(0, 30 * 86_400), ["30s"];
        /// Glob on the name of processes with series of their own; none given means all
        include_names: Vec<Glob> = Kind::Texts(&GLOBS), [];
        /// Glob on the name of processes without series of their own; wins over include
        exclude_names: Vec<Glob> = Kind::Texts(&GLOBS), [];
    }

    /// `[classification]`: which rules hold, and which subgroups are shown.
    classification: Classification, "Classification" {
        /// File of rules, tried in the order given; its name may be a glob, its path relative to
        /// the configuration file
        rules: Vec<String> = Kind::Texts(&PATHS), ["/etc/herakles/subgroups.toml", "/etc/herakles/subgroups.d/*.toml"];
        /// Use the built-in rules after your own
        builtin: bool = Kind::Bool, ["true"];
        /// Show all subgroups, only those searched for (include), or all but those (exclude)
        search_mode: SearchMode = Kind::choice::<Config, SearchMode>(), ["all"];
        /// Group to search for
        search_groups: Vec<String> = Kind::Texts(&NAMES), [];
        /// Subgroup to search for, as SUBGROUP or GROUP/SUBGROUP
        search_subgroups: Vec<String> = Kind::Texts(&NAMES), [];
        /// Hide other/other, the processes that no rule matches
        disable_others: bool = Kind::Bool, ["false"];
    }

    /// `[export]`: which families and series there are.
    export: Export, "Export" {
        /// Processes with series: all, only the biggest of each subgroup (top), or none
        processes: ProcessSeries = Kind::choice::<Config, ProcessSeries>(), ["all"];
        /// Biggest processes of each subgroup with top series
        top_n_subgroup: usize = Kind::integer_or_zero(1, 1000, "no top series"), ["3"];
        /// Biggest processes of other/other with top series
        top_n_others: usize = Kind::integer_or_zero(1, 1000, "no top series"), ["10"];
        /// Most series of a scrape; the smallest processes are dropped first, and counted
        max_series: Option<NonZeroUsize> = Kind::integer_or_zero(1000, 1_000_000, "no limit"), ["10000"];
        /// Export resident set sizes
        enable_rss: bool = Kind::Bool, ["true"];
        /// Export proportional set sizes
        enable_pss: bool = Kind::Bool, ["true"];
        /// Export unique set sizes
        enable_uss: bool = Kind::Bool, ["true"];
        /// Export CPU time and usage
        enable_cpu: bool = Kind::Bool, ["true"];
        /// Tell in OpenMetrics when each counter began (_created)
        created: bool = Kind::Bool, ["true"];
        /// Export the herakles_host families
        host: bool = Kind::Bool, ["true"];
        /// Count open file descriptors, where the kernel tells their number (Linux 6.2)
        fds: bool = Kind::Bool, ["true"];
    }

    /// `[dashboard]`: the pages for people.
    dashboard: Dashboard, "Dashboard" {
        /// How far back the lines on the pages reach; 0s is no lines
        history: Duration = Kind::seconds(0, 86_400), ["1h"];
    }

    /// `[security]`: what the service refuses itself.
    security: Security, "Security" {
        /// Refuse itself system calls and files that an exporter never needs
        sandbox: bool = Kind::Bool, ["true"], restart();
    }

    /// `[log]`: what is logged, and how.
    log: Log, "Log" {
        /// Least important messages that are logged
        level: Level = Kind::choice::<Config, Level>(), ["info"], restart();
        /// Form of the log lines
        format: LineFormat = Kind::choice::<Config, LineFormat>(), ["logfmt"], restart();
    }
}

/// How memory beyond RSS is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryReading {
    /// Where something changed.
    Adaptive,
    /// Every process, every time.
    Exact,
    /// Not at all: RSS only.
    Rss,
}

words! {
    for Config;
    MemoryReading {
        "adaptive" => Self::Adaptive,
        "exact" => Self::Exact,
        "rss" => Self::Rss,
    }
    IdleDetection { "auto" => Self::Auto, "off" => Self::Off }
    ExitSource {
        // Whatever adds up best.
        "auto" => Self::Children,
        "children" => Self::Children,
        "taskstats" => Self::Taskstats,
    }
    SearchMode {
        "all" => Self::All,
        "include" => Self::Include,
        "exclude" => Self::Exclude,
    }
    ProcessSeries { "all" => Self::All, "top" => Self::Top, "none" => Self::None }
    Level {
        "error" => Self::ERROR,
        "warn" => Self::WARN,
        "info" => Self::INFO,
        "debug" => Self::DEBUG,
        "trace" => Self::TRACE,
    }
    LineFormat { "logfmt" => Self::Logfmt, "json" => Self::Json }
}

impl FromValue<Config> for Ratio {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Ratio(value) => Self::new(*value),
            _ => None,
        }
    }
}

impl FromValue<Config> for Vec<ListenAddress> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Texts(items) => items.iter().map(|item| item.parse().ok()).collect(),
            _ => None,
        }
    }
}

impl FromValue<Config> for Vec<Glob> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Texts(items) => items.iter().map(|item| name_glob(item).ok()).collect(),
            _ => None,
        }
    }
}

/// 1 PiB in KiB: above any machine, and far from overflow when it becomes bytes.
const MOST_KIB: i64 = 1 << 40;
/// The kernel's `PID_MAX_LIMIT`.
const MOST_PIDS: i64 = 1 << 22;

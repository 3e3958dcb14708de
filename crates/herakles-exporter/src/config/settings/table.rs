//! Every setting in one table.

use std::time::Duration;

use super::{Kind, Setting, Table};

const fn seconds(min: u64, max: u64) -> Kind {
    Kind::Duration {
        min: Duration::from_secs(min),
        max: Duration::from_secs(max),
    }
}

const fn from_100_ms(max_seconds: u64) -> Kind {
    Kind::Duration {
        min: Duration::from_millis(100),
        max: Duration::from_secs(max_seconds),
    }
}

const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer {
        min,
        max,
        zero: None,
    }
}

const fn integer_or_zero(min: i64, max: i64, zero: &'static str) -> Kind {
    Kind::Integer {
        min,
        max,
        zero: Some(zero),
    }
}

/// 1 PiB in KiB: above any machine, and far from overflow when it becomes bytes.
const MOST_KIB: i64 = 1 << 40;
/// The kernel's `PID_MAX_LIMIT`.
const MOST_PIDS: i64 = 1 << 22;

/// The tables in the order of help and documentation.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "path",
        heading: "Paths",
    },
    Table {
        name: "web",
        heading: "Web",
    },
    Table {
        name: "scan",
        heading: "Scan",
    },
    Table {
        name: "buffers",
        heading: "Buffers",
    },
    Table {
        name: "filter",
        heading: "Filter",
    },
    Table {
        name: "classification",
        heading: "Classification",
    },
    Table {
        name: "export",
        heading: "Export",
    },
    Table {
        name: "log",
        heading: "Log",
    },
];

/// Every setting, grouped by table in the order of [`TABLES`].
#[rustfmt::skip] // one row, one setting
pub(crate) const SETTINGS: &[Setting] = &[
    Setting::new("path", "procfs", Kind::Path, &["/proc"],
        "Root of the proc file system, or a recorded tree of its files").restart().not_in_file(),

    Setting::new("web", "listen_addresses", Kind::Addresses, &[":9215"],
        "Address to listen on: :PORT, IPv4:PORT, [IPv6]:PORT or NAME:PORT")
        .restart().flag_name("web.listen-address"),
    Setting::new("web", "telemetry_path", Kind::Route, &["/metrics"],
        "Path of the metrics"),
    Setting::new("web", "max_connections", integer(1, 65_536), &["256"],
        "Connections served at once"),
    Setting::new("web", "header_timeout", from_100_ms(600), &["10s"],
        "Time for a complete request header, and the idle limit of a kept connection"),
    Setting::new("web", "write_timeout", from_100_ms(3600), &["30s"],
        "Time a client may take nothing of a response before it is closed"),
    Setting::new("web", "enable_reload", Kind::Bool, &["false"],
        "Accept POST /-/reload"),

    Setting::new("scan", "cache_ttl", seconds(1, 3600), &["30s"],
        "Time between refreshes"),
    Setting::new("scan", "parallelism", integer_or_zero(1, 256, "the cores, at most 4"), &["0"],
        "Threads that read /proc").restart(),
    Setting::new("scan", "max_processes", integer_or_zero(1, MOST_PIDS, "no limit"), &["0"],
        "Processes read in detail; beyond it the smallest by RSS are only counted"),
    Setting::new("scan", "memory", Kind::Choice(&["adaptive", "exact", "rss"]), &["adaptive"],
        "Read PSS and USS where something changed (adaptive), always (exact) or never (rss)"),
    Setting::new("scan", "memory_max_age", seconds(1, 86_400), &["5m"],
        "adaptive: PSS and USS are read again at this age, unless one of the next three forbids it"),
    Setting::new("scan", "hold_ratio", Kind::Ratio { min: 0.000_001, max: 1.0 }, &["0.001"],
        "adaptive: share of the time for which reads may hold up the process that is read"),
    Setting::new("scan", "max_hold", seconds(0, 3600), &["1s"],
        "adaptive: a process whose read would take longer is not read; 0s is no limit"),
    Setting::new("scan", "cpu_budget", Kind::Ratio { min: 0.000_1, max: 256.0 }, &["0.02"],
        "adaptive: share of one core that memory reads may use"),
    Setting::new("scan", "taskstats", Kind::Choice(&["auto", "off"]), &["auto"],
        "adaptive: know by taskstats who has not run, where CAP_NET_ADMIN allows"),
    Setting::new("scan", "exits", Kind::Choice(&["auto", "children", "taskstats"]), &["auto"],
        "CPU of exited processes: from their parents (children, and auto for now), or told by taskstats where CAP_NET_ADMIN allows"),

    Setting::new("buffers", "io_kb", integer(1, 1024), &["4"],
        "Initial read buffer of each worker for small files, KiB"),
    Setting::new("buffers", "smaps_kb", integer(1, 16_384), &["64"],
        "Initial read buffer of each worker for smaps, KiB"),
    Setting::new("buffers", "smaps_rollup_kb", integer(1, 1024), &["4"],
        "Initial read buffer of each worker for smaps_rollup, KiB"),

    Setting::new("filter", "min_uss_kb", integer(0, MOST_KIB), &["0"],
        "Least USS of a process with series of its own, KiB"),
    Setting::new("filter", "min_rss_kb", integer(0, MOST_KIB), &["0"],
        "Least RSS of a process with series of its own, KiB"),
    Setting::new("filter", "min_cpu_ratio", Kind::Ratio { min: 0.0, max: 10_000.0 }, &["0"],
        "Least CPU usage of a process with series of its own, in cores"),
    Setting::new("filter", "min_age", seconds(0, 30 * 86_400), &["30s"],
        "Least age of a process with series of its own"),
    Setting::new("filter", "include_names", Kind::Globs, &[],
        "Glob on the name of processes with series of their own; none given means all"),
    Setting::new("filter", "exclude_names", Kind::Globs, &[],
        "Glob on the name of processes without series of their own; wins over include"),

    Setting::new("classification", "rules", Kind::Paths,
        &["/etc/herakles/subgroups.toml", "/etc/herakles/subgroups.d/*.toml"],
        "File of rules, tried in the order given; its name may be a glob, its path relative to the configuration file"),
    Setting::new("classification", "builtin", Kind::Bool, &["true"],
        "Use the built-in rules after your own"),
    Setting::new("classification", "search_mode", Kind::Choice(&["all", "include", "exclude"]), &["all"],
        "Show all subgroups, only those searched for (include), or all but those (exclude)"),
    Setting::new("classification", "search_groups", Kind::Names, &[],
        "Group to search for"),
    Setting::new("classification", "search_subgroups", Kind::Names, &[],
        "Subgroup to search for, as SUBGROUP or GROUP/SUBGROUP"),
    Setting::new("classification", "disable_others", Kind::Bool, &["false"],
        "Hide other/other, the processes that no rule matches"),

    Setting::new("export", "processes", Kind::Choice(&["all", "top", "none"]), &["all"],
        "Processes with series: all, only the biggest of each subgroup (top), or none"),
    Setting::new("export", "top_n_subgroup", integer_or_zero(1, 1000, "no top series"), &["3"],
        "Biggest processes of each subgroup with top series"),
    Setting::new("export", "top_n_others", integer_or_zero(1, 1000, "no top series"), &["10"],
        "Biggest processes of other/other with top series"),
    Setting::new("export", "max_series", integer_or_zero(1000, 1_000_000, "no limit"), &["10000"],
        "Most series of a scrape; the smallest processes are dropped first, and counted"),
    Setting::new("export", "enable_rss", Kind::Bool, &["true"],
        "Export resident set sizes"),
    Setting::new("export", "enable_pss", Kind::Bool, &["true"],
        "Export proportional set sizes"),
    Setting::new("export", "enable_uss", Kind::Bool, &["true"],
        "Export unique set sizes"),
    Setting::new("export", "enable_cpu", Kind::Bool, &["true"],
        "Export CPU time and usage"),
    Setting::new("export", "host", Kind::Bool, &["true"],
        "Export the herakles_host families"),

    Setting::new("log", "level", Kind::Choice(&["error", "warn", "info", "debug", "trace"]), &["info"],
        "Least important messages that are logged").restart(),
    Setting::new("log", "format", Kind::Choice(&["logfmt", "json"]), &["logfmt"],
        "Form of the log lines").restart(),
];

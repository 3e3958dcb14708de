//! The families of the exporter itself.

use crate::families::{BUILD_INFO, Family, FamilyKind, Source, Unit};
use crate::sample::Sample;

/// The families of the exporter itself, in the order of the exposition, behind those of the
/// snapshot.
pub const FAMILIES: &[Family] = &[
    Family {
        name: BUILD_INFO,
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "What was built; always 1.",
        labels: &["version", "revision", "rustc"],
        absent: "",
        source: Source::Status(|status| {
            let build = &status.build;
            vec![Sample::labelled(
                [&build.version, &build.revision, &build.rustc].map(String::as_str),
                1_u64,
            )]
        }),
    },
    Family {
        name: "herakles_exporter_config_info",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "What it runs with; always 1.",
        labels: &["config_hash", "rules_hash", "memory_mode", "gate"],
        absent: "",
        source: Source::Status(|status| {
            let config = &status.config;
            let labels = [
                &config.config_hash,
                &config.rules_hash,
                &config.memory_mode,
                &config.gate,
            ];
            vec![Sample::labelled(labels.map(String::as_str), 1_u64)]
        }),
    },
    Family {
        name: "herakles_exporter_cache_update_success",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "1 if the last refresh succeeded.",
        labels: &[],
        absent: "before the first refresh ended",
        source: Source::Status(|status| Sample::optional(status.cache_update_success)),
    },
    Family {
        name: "herakles_exporter_cache_updating",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "1 while a refresh runs.",
        labels: &[],
        absent: "",
        source: Source::Status(|status| vec![Sample::plain(status.cache_updating)]),
    },
    Family {
        name: "herakles_exporter_cache_update_duration_seconds",
        kind: FamilyKind::Gauge,
        unit: Unit::Seconds,
        help: "Wall time of the last refresh.",
        labels: &[],
        absent: "before the first refresh ended",
        source: Source::Status(|status| Sample::optional(status.cache_update_duration_seconds)),
    },
    Family {
        name: "herakles_exporter_cache_update_cpu_seconds_total",
        kind: FamilyKind::Counter,
        unit: Unit::Seconds,
        help: "CPU time of all refreshes.",
        labels: &[],
        absent: "",
        source: Source::Status(|status| vec![Sample::plain(status.cache_update_cpu_seconds)]),
    },
    Family {
        name: "herakles_exporter_cache_updates_total",
        kind: FamilyKind::Counter,
        unit: Unit::None,
        help: "Refreshes by result.",
        labels: &["result"],
        absent: "",
        source: Source::Status(|status| Sample::each(status.cache_updates.by_result())),
    },
    Family {
        name: "herakles_exporter_cache_last_success_timestamp_seconds",
        kind: FamilyKind::Gauge,
        unit: Unit::Seconds,
        help: "End of the last good refresh, Unix time.",
        labels: &[],
        absent: "before the first good refresh",
        source: Source::Status(|status| Sample::optional(status.cache_last_success_seconds)),
    },
    Family {
        name: "herakles_exporter_processes",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Every pid of the last good scan, once, by state.",
        labels: &["state"],
        absent: "before the first good refresh",
        source: Source::Status(|status| {
            status
                .processes
                .as_ref()
                .map_or_else(Vec::new, |states| Sample::each(states.by_name()))
        }),
    },
    Family {
        name: "herakles_exporter_memory_reads_total",
        kind: FamilyKind::Counter,
        unit: Unit::None,
        help: "Memory samples by where they came from.",
        labels: &["result"],
        absent: "",
        source: Source::Status(|status| Sample::each(status.memory_reads.by_result())),
    },
    Family {
        name: "herakles_exporter_scan_errors_total",
        kind: FamilyKind::Counter,
        unit: Unit::None,
        help: "Errors of scans, by what went wrong and on which file.",
        labels: &["kind", "file"],
        absent: "no such error yet",
        source: Source::Status(|status| {
            status
                .scan_errors
                .iter()
                .map(|(&(kind, file), &count)| Sample::labelled([kind, file], count))
                .collect()
        }),
    },
    Family {
        name: "herakles_exporter_series",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Series of the snapshot part, with the _created samples that OpenMetrics has.",
        labels: &[],
        absent: "before the first good refresh",
        source: Source::Status(|status| {
            Sample::optional(status.series.map(|series| series as u64))
        }),
    },
    Family {
        name: "herakles_exporter_series_dropped",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Series that export.max_series kept out.",
        labels: &[],
        absent: "before the first good refresh",
        source: Source::Status(|status| {
            Sample::optional(status.series_dropped.map(|series| series as u64))
        }),
    },
    Family {
        name: "herakles_exporter_exposition_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Size of the rendered snapshot part.",
        labels: &["format"],
        absent: "a format that nobody has asked for within ten minutes",
        source: Source::Status(|status| {
            status
                .exposition
                .as_ref()
                .map_or_else(Vec::new, |sizes| Sample::each(sizes.by_format()))
        }),
    },
    Family {
        name: "herakles_exporter_http_requests_total",
        kind: FamilyKind::Counter,
        unit: Unit::None,
        help: "Requests answered, by path and status code.",
        labels: &["path", "code"],
        absent: "no such request yet",
        source: Source::Status(|status| {
            status
                .http_requests
                .iter()
                .map(|(&(path, code), &count)| Sample::request(path, code, count))
                .collect()
        }),
    },
    Family {
        name: "herakles_exporter_config_last_reload_successful",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "1 if the last load of the file succeeded.",
        labels: &["file"],
        absent: "the file is not used",
        source: Source::Status(|status| {
            Sample::each(
                status
                    .reloads()
                    .map(|(file, reload)| (file, reload.successful)),
            )
        }),
    },
    Family {
        name: "herakles_exporter_config_last_reload_success_timestamp_seconds",
        kind: FamilyKind::Gauge,
        unit: Unit::Seconds,
        help: "Last good load of the file, Unix time.",
        labels: &["file"],
        absent: "the file is not used or never loaded",
        source: Source::Status(|status| {
            Sample::each(
                status
                    .reloads()
                    .filter_map(|(file, reload)| Some((file, reload.last_success_seconds?))),
            )
        }),
    },
    Family {
        name: "process_cpu_seconds_total",
        kind: FamilyKind::Counter,
        unit: Unit::Seconds,
        help: "Total user and system CPU time spent in seconds.",
        labels: &[],
        absent: "not readable",
        source: Source::Status(|status| Sample::optional(status.process.cpu_seconds)),
    },
    Family {
        name: "process_resident_memory_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Resident memory size in bytes.",
        labels: &[],
        absent: "not readable",
        source: Source::Status(|status| Sample::optional(status.process.resident_memory_bytes)),
    },
    Family {
        name: "process_virtual_memory_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Virtual memory size in bytes.",
        labels: &[],
        absent: "not readable",
        source: Source::Status(|status| Sample::optional(status.process.virtual_memory_bytes)),
    },
    Family {
        name: "process_open_fds",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Number of open file descriptors.",
        labels: &[],
        absent: "not readable",
        source: Source::Status(|status| Sample::optional(status.process.open_fds)),
    },
    Family {
        name: "process_max_fds",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Maximum number of open file descriptors.",
        labels: &[],
        absent: "not readable",
        source: Source::Status(|status| Sample::optional(status.process.max_fds)),
    },
    Family {
        name: "process_start_time_seconds",
        kind: FamilyKind::Gauge,
        unit: Unit::Seconds,
        help: "Start time of the process since unix epoch in seconds.",
        labels: &[],
        absent: "not readable",
        source: Source::Status(|status| Sample::optional(status.process.start_time_seconds)),
    },
];

//! The families that name single processes.

use super::{Family, FamilyKind, Source, Unit};
use crate::sample::Value;
use crate::snapshot::Ranking;

const PROCESS: &[&str] = &["group", "subgroup", "name", "pid"];

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "herakles_process_memory_rss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Resident set of the process, shared pages counted in full.",
        labels: PROCESS,
        absent: "RSS could not be read, kernel thread, zombie",
        source: Source::Process(|process| process.memory.rss_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_process_memory_pss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Proportional set: each shared page divided by the number of its mappers.",
        labels: PROCESS,
        absent: "the process has no memory sample: refused, deferred, too big, kernel thread or zombie",
        source: Source::Process(|process| process.memory.pss_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_process_memory_uss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Unique set: what would be freed if the process exited.",
        labels: PROCESS,
        absent: "the process has no memory sample: refused, deferred, too big, kernel thread or zombie",
        source: Source::Process(|process| process.memory.uss_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_process_memory_swap_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Swapped-out anonymous memory of the process.",
        labels: PROCESS,
        absent: "the process has no memory sample: refused, deferred, too big, kernel thread or zombie",
        source: Source::Process(|process| process.memory.swap_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_process_cpu_usage_ratio",
        kind: FamilyKind::Gauge,
        unit: Unit::Ratio,
        help: "Cores the process used between the last two scans.",
        labels: PROCESS,
        absent: "at first sight",
        source: Source::Process(|process| process.cpu_usage_ratio.map(Value::from)),
    },
    Family {
        name: "herakles_process_cpu_seconds_total",
        kind: FamilyKind::Counter,
        unit: Unit::Seconds,
        help: "User and system CPU time of the process.",
        labels: PROCESS,
        absent: "never read",
        source: Source::Process(|process| process.cpu_seconds.map(Value::from)),
    },
    Family {
        name: "herakles_process_start_time_seconds",
        kind: FamilyKind::Gauge,
        unit: Unit::Seconds,
        help: "Start of the process, Unix time.",
        labels: PROCESS,
        absent: "",
        source: Source::Process(|process| process.start_time_seconds.map(Value::from)),
    },
    Family {
        name: "herakles_top_process_memory_rss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Resident set of the processes that have the biggest in their subgroup.",
        labels: PROCESS,
        absent: "as for the process",
        source: Source::Top(Ranking::Rss, |process| {
            process.memory.rss_bytes.map(Value::from)
        }),
    },
    Family {
        name: "herakles_top_process_memory_pss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Proportional set of the processes that have the biggest in their subgroup.",
        labels: PROCESS,
        absent: "as for the process",
        source: Source::Top(Ranking::Pss, |process| {
            process.memory.pss_bytes.map(Value::from)
        }),
    },
    Family {
        name: "herakles_top_process_memory_uss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Unique set of the processes that have the biggest in their subgroup.",
        labels: PROCESS,
        absent: "as for the process",
        source: Source::Top(Ranking::Uss, |process| {
            process.memory.uss_bytes.map(Value::from)
        }),
    },
    Family {
        name: "herakles_top_process_cpu_usage_ratio",
        kind: FamilyKind::Gauge,
        unit: Unit::Ratio,
        help: "Cores used by the processes that use the most in their subgroup.",
        labels: PROCESS,
        absent: "as for the process",
        source: Source::Top(Ranking::Cpu, |process| {
            process.cpu_usage_ratio.map(Value::from)
        }),
    },
    Family {
        name: "herakles_top_process_cpu_seconds_total",
        kind: FamilyKind::Counter,
        unit: Unit::Seconds,
        help: "CPU time of the processes that use the most CPU in their subgroup.",
        labels: PROCESS,
        absent: "as for the process",
        source: Source::Top(Ranking::Cpu, |process| process.cpu_seconds.map(Value::from)),
    },
];

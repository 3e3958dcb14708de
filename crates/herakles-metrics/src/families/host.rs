//! The families of the host.

use super::{Family, FamilyKind, Source, Unit};
use crate::host::{HostRecord, Pressure};
use crate::sample::Sample;

fn pressure(host: &HostRecord, seconds: fn(&Pressure) -> Option<f64>) -> Vec<Sample<'_>> {
    Sample::each(
        host.pressures()
            .into_iter()
            .filter_map(|(resource, pressure)| Some((resource, seconds(pressure.as_ref()?)?))),
    )
}

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "herakles_host_memory_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Memory of the host by what it is used for; the categories sum to the total.",
        labels: &["category"],
        absent: "export.host is off; /proc/meminfo lacks a part; the parts exceed the total by more than 1 %",
        source: Source::Host(|host| {
            host.memory
                .as_ref()
                .map_or_else(Vec::new, |memory| Sample::each(memory.categories()))
        }),
    },
    Family {
        name: "herakles_host_memory_total_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Memory of the host.",
        labels: &[],
        absent: "export.host is off",
        source: Source::Host(|host| Sample::optional(host.totals.memory_bytes)),
    },
    Family {
        name: "herakles_host_memory_available_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Memory that new work could have without swapping, as the kernel estimates it.",
        labels: &[],
        absent: "export.host is off; before Linux 3.14",
        source: Source::Host(|host| Sample::optional(host.totals.available_bytes)),
    },
    Family {
        name: "herakles_host_swap_total_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Swap space of the host.",
        labels: &[],
        absent: "export.host is off",
        source: Source::Host(|host| Sample::optional(host.totals.swap_bytes)),
    },
    Family {
        name: "herakles_host_swap_free_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Unused swap space of the host.",
        labels: &[],
        absent: "export.host is off",
        source: Source::Host(|host| Sample::optional(host.totals.swap_free_bytes)),
    },
    Family {
        name: "herakles_host_cpu_seconds_total",
        kind: FamilyKind::Counter,
        unit: Unit::Seconds,
        help: "CPU time of the host by mode.",
        labels: &["mode"],
        absent: "export.host is off",
        source: Source::Host(|host| {
            let modes = host.cpu.iter().flat_map(|cpu| cpu.modes());
            Sample::each(modes.filter_map(|(mode, seconds)| Some((mode, seconds?))))
        }),
    },
    Family {
        name: "herakles_host_load1",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Load average over 1 minute.",
        labels: &[],
        absent: "export.host is off",
        source: Source::Host(|host| Sample::optional(host.load.map(|load| load[0]))),
    },
    Family {
        name: "herakles_host_load5",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Load average over 5 minutes.",
        labels: &[],
        absent: "export.host is off",
        source: Source::Host(|host| Sample::optional(host.load.map(|load| load[1]))),
    },
    Family {
        name: "herakles_host_load15",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Load average over 15 minutes.",
        labels: &[],
        absent: "export.host is off",
        source: Source::Host(|host| Sample::optional(host.load.map(|load| load[2]))),
    },
    Family {
        name: "herakles_host_pressure_waiting_seconds_total",
        kind: FamilyKind::Counter,
        unit: Unit::Seconds,
        help: "Time in which some task waited for the resource.",
        labels: &["resource"],
        absent: "export.host is off; the kernel has no PSI",
        source: Source::Host(|host| pressure(host, |pressure| Some(pressure.waiting_seconds))),
    },
    Family {
        name: "herakles_host_pressure_stalled_seconds_total",
        kind: FamilyKind::Counter,
        unit: Unit::Seconds,
        help: "Time in which all tasks waited for the resource.",
        labels: &["resource"],
        absent: "export.host is off; the kernel has no PSI",
        source: Source::Host(|host| pressure(host, |pressure| pressure.stalled_seconds)),
    },
];

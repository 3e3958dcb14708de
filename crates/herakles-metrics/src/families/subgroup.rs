//! The families of subgroups.

use super::{Family, FamilyKind, Source, Split, Unit};
use crate::process::Activity;
use crate::sample::Value;

const SUBGROUP: &[&str] = &["group", "subgroup"];

/// Values by the last label, those that are there.
fn split<const N: usize>(values: [(&'static str, Option<Value>); N]) -> Split {
    let mut values = values.into_iter();
    std::array::from_fn(|_| {
        let (word, value) = values.next()?;
        Some((word, value?))
    })
}

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "herakles_subgroup_processes",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Processes in the subgroup.",
        labels: SUBGROUP,
        absent: "",
        source: Source::Subgroup(|subgroup| Some(subgroup.processes.into())),
    },
    Family {
        name: "herakles_subgroup_threads",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Threads of the processes in the subgroup.",
        labels: SUBGROUP,
        absent: "",
        source: Source::Subgroup(|subgroup| Some(subgroup.threads.into())),
    },
    Family {
        name: "herakles_subgroup_unreadable_processes",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Members without a memory sample: how partial the memory sums are.",
        labels: SUBGROUP,
        absent: "",
        source: Source::Subgroup(|subgroup| Some(subgroup.unreadable_processes.into())),
    },
    Family {
        name: "herakles_subgroup_memory_rss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Sum of the resident sets of the members, shared pages counted in each.",
        labels: SUBGROUP,
        absent: "there are members and none has it; 0 only without members",
        source: Source::Subgroup(|subgroup| subgroup.memory.rss_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_pss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Sum of the proportional sets of the members.",
        labels: SUBGROUP,
        absent: "there are members and none has a sample; 0 only without members",
        source: Source::Subgroup(|subgroup| subgroup.memory.pss_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_uss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Sum of the unique sets of the members.",
        labels: SUBGROUP,
        absent: "there are members and none has a sample; 0 only without members",
        source: Source::Subgroup(|subgroup| subgroup.memory.uss_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_swap_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Sum of the swapped-out memory of the members.",
        labels: SUBGROUP,
        absent: "there are members and none has a sample; 0 only without members",
        source: Source::Subgroup(|subgroup| subgroup.memory.swap_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_swap_pss_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Sum of the proportional shares of swap of the members.",
        labels: SUBGROUP,
        absent: "there are members and none has a sample; 0 only without members; the kernel does not give it",
        source: Source::Subgroup(|subgroup| subgroup.memory.swap_pss_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_pss_anon_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Anonymous part of the proportional sets.",
        labels: SUBGROUP,
        absent: "there are members and none has a sample; 0 only without members; the kernel does not give it",
        source: Source::Subgroup(|subgroup| subgroup.memory.pss_anon_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_pss_file_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "File part of the proportional sets.",
        labels: SUBGROUP,
        absent: "there are members and none has a sample; 0 only without members; the kernel does not give it",
        source: Source::Subgroup(|subgroup| subgroup.memory.pss_file_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_pss_shmem_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Shared-memory part of the proportional sets.",
        labels: SUBGROUP,
        absent: "there are members and none has a sample; 0 only without members; the kernel does not give it",
        source: Source::Subgroup(|subgroup| subgroup.memory.pss_shmem_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_hugetlb_private_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Private huge pages of the members, which are in neither RSS nor PSS.",
        labels: SUBGROUP,
        absent: "there are members and none has a sample; 0 only without members; the kernel does not give it",
        source: Source::Subgroup(|subgroup| subgroup.memory.hugetlb_private_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_sample_age_seconds",
        kind: FamilyKind::Gauge,
        unit: Unit::Seconds,
        help: "Age of the oldest memory sample inside the sums.",
        labels: SUBGROUP,
        absent: "no member has a sample",
        source: Source::Subgroup(|subgroup| subgroup.memory.sample_age_seconds.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_memory_virtual_bytes",
        kind: FamilyKind::Gauge,
        unit: Unit::Bytes,
        help: "Sum of the virtual sizes of the members.",
        labels: SUBGROUP,
        absent: "",
        source: Source::Subgroup(|subgroup| subgroup.memory.virtual_bytes.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_process_states",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Processes in the subgroup by state; they sum to all of them.",
        labels: &["group", "subgroup", "state"],
        absent: "",
        source: Source::SubgroupBy(|subgroup| {
            let mut counts = subgroup.activities.into_iter();
            Activity::ALL.map(|activity| Some((activity.as_str(), counts.next()?.into())))
        }),
    },
    Family {
        name: "herakles_subgroup_open_fds",
        kind: FamilyKind::Gauge,
        unit: Unit::None,
        help: "Open file descriptors of the members.",
        labels: SUBGROUP,
        absent: "export.fds is off; before Linux 6.2",
        source: Source::Subgroup(|subgroup| subgroup.open_fds.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_worst_fd_ratio",
        kind: FamilyKind::Gauge,
        unit: Unit::Ratio,
        help: "Biggest share of its limit on open file descriptors that a member uses.",
        labels: SUBGROUP,
        absent: "export.fds is off; before Linux 6.2; no member has a limit",
        source: Source::Subgroup(|subgroup| subgroup.worst_fd_ratio.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_cpu_usage_ratio",
        kind: FamilyKind::Gauge,
        unit: Unit::Ratio,
        help: "Cores the members used between the last two scans.",
        labels: SUBGROUP,
        absent: "there are members and all are at first sight",
        source: Source::Subgroup(|subgroup| subgroup.cpu_usage_ratio.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_cpu_seconds_total",
        kind: FamilyKind::Counter,
        unit: Unit::Seconds,
        help: "CPU time of the members, exited ones and their reaped children included.",
        labels: &["group", "subgroup", "mode"],
        absent: "",
        source: Source::SubgroupBy(|subgroup| {
            split([
                ("user", subgroup.cpu_user_seconds.map(Value::from)),
                ("system", subgroup.cpu_system_seconds.map(Value::from)),
            ])
        }),
    },
    Family {
        name: "herakles_subgroup_page_faults_total",
        kind: FamilyKind::Counter,
        unit: Unit::None,
        help: "Page faults of the members, exited ones and their reaped children included.",
        labels: &["group", "subgroup", "kind"],
        absent: "",
        source: Source::SubgroupBy(|subgroup| {
            split([
                ("minor", Some(subgroup.minor_faults.into())),
                ("major", Some(subgroup.major_faults.into())),
            ])
        }),
    },
    Family {
        name: "herakles_subgroup_io_bytes_total",
        kind: FamilyKind::Counter,
        unit: Unit::Bytes,
        help: "Bytes that storage read and wrote for the members, exited ones and their reaped children included.",
        labels: &["group", "subgroup", "direction"],
        absent: "scan.io is off; it could be read of no member",
        source: Source::SubgroupBy(|subgroup| {
            let io = subgroup.io_bytes;
            split([
                ("read", io.map(|io| io.read.into())),
                ("write", io.map(|io| io.write.into())),
            ])
        }),
    },
    Family {
        name: "herakles_subgroup_oldest_start_time_seconds",
        kind: FamilyKind::Gauge,
        unit: Unit::Seconds,
        help: "Start of the oldest member, Unix time.",
        labels: SUBGROUP,
        absent: "no members",
        source: Source::Subgroup(|subgroup| subgroup.oldest_start_time_seconds.map(Value::from)),
    },
    Family {
        name: "herakles_subgroup_newest_start_time_seconds",
        kind: FamilyKind::Gauge,
        unit: Unit::Seconds,
        help: "Start of the newest member, Unix time.",
        labels: SUBGROUP,
        absent: "no members",
        source: Source::Subgroup(|subgroup| subgroup.newest_start_time_seconds.map(Value::from)),
    },
];

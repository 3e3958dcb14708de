//! A number is right or absent: which samples a process and a subgroup have in each case.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use herakles_metrics::*;

mod common;
use common::{parse, process, sample, subgroup};

const KIB: u64 = 1024;

/// What `family` says of the subgroup `g/x`.
fn said(snapshot: &Arc<Snapshot>, family: &str) -> Option<f64> {
    parse::samples(&common::openmetrics(snapshot))
        .into_iter()
        .find(|sample| sample.name == family && sample.label("subgroup") == "x")
        .map(|sample| sample.value)
}

/// The snapshot of one subgroup `g/x` that stays, with these members.
fn of_members(
    limits: &Limits,
    members: impl FnOnce(SubgroupSlot) -> Vec<ProcessRecord>,
) -> Arc<Snapshot> {
    let mut builder = SnapshotBuilder::new(common::NOW);
    let slot = builder.subgroup(SubgroupRecord {
        stays: true,
        ..subgroup("g", "x")
    });
    for member in members(slot) {
        builder.push(member);
    }
    Arc::new(builder.finish(limits, &mut Selection::default()))
}

/// The memory gauges of the subgroup that are there, by the middle of their names.
fn memory(snapshot: &Arc<Snapshot>) -> BTreeMap<String, f64> {
    parse::samples(&common::openmetrics(snapshot))
        .into_iter()
        .filter_map(|sample| {
            let name = sample
                .name
                .strip_prefix("herakles_subgroup_memory_")?
                .strip_suffix("_bytes")?;
            Some((name.to_owned(), sample.value))
        })
        .collect()
}

fn expect(entries: &[(&str, u64)]) -> BTreeMap<String, f64> {
    entries
        .iter()
        .map(|&(name, bytes)| (name.to_owned(), bytes as f64))
        .collect()
}

#[test]
fn without_members_sums_are_zero_and_starts_absent() {
    let snapshot = of_members(&common::no_limits(), |_| vec![]);
    assert_eq!(
        memory(&snapshot),
        expect(&[("rss", 0), ("pss", 0), ("uss", 0), ("swap", 0)])
    );
    assert_eq!(said(&snapshot, "herakles_subgroup_processes"), Some(0.0));
    assert_eq!(
        said(&snapshot, "herakles_subgroup_cpu_usage_ratio"),
        Some(0.0)
    );
    assert_eq!(
        said(&snapshot, "herakles_subgroup_memory_sample_age_seconds"),
        None
    );
    assert_eq!(
        said(&snapshot, "herakles_subgroup_oldest_start_time_seconds"),
        None
    );
    assert_eq!(
        said(&snapshot, "herakles_subgroup_newest_start_time_seconds"),
        None
    );
    assert_eq!(
        said(&snapshot, "herakles_subgroup_page_faults_total"),
        Some(4000.0)
    );
}

#[test]
fn members_of_which_nothing_is_known_leave_the_sums_absent() {
    let snapshot = of_members(&common::no_limits(), |x| vec![process(x, 1, "a")]);
    assert_eq!(memory(&snapshot), expect(&[]));
    assert_eq!(said(&snapshot, "herakles_subgroup_processes"), Some(1.0));
    assert_eq!(
        said(&snapshot, "herakles_subgroup_unreadable_processes"),
        Some(1.0)
    );
    assert_eq!(said(&snapshot, "herakles_subgroup_cpu_usage_ratio"), None);
}

#[test]
fn refused_memory_leaves_rss_alone() {
    let snapshot = of_members(&common::no_limits(), |x| {
        vec![ProcessRecord {
            rss_bytes: Some(7 * KIB),
            ..process(x, 1, "a")
        }]
    });
    assert_eq!(memory(&snapshot), expect(&[("rss", 7 * KIB)]));
    assert_eq!(
        said(&snapshot, "herakles_process_memory_rss_bytes"),
        Some(7.0 * 1024.0)
    );
    assert_eq!(said(&snapshot, "herakles_process_memory_pss_bytes"), None);
    assert_eq!(said(&snapshot, "herakles_process_memory_uss_bytes"), None);
    assert_eq!(said(&snapshot, "herakles_process_memory_swap_bytes"), None);
    assert_eq!(snapshot.states().unreadable, 1);
}

#[test]
fn a_partial_sum_says_how_partial_and_how_old_it_is() {
    let snapshot = of_members(&common::no_limits(), |x| {
        let old = MemorySample {
            age: Duration::from_secs(90),
            ..sample(1, 2, 4)
        };
        vec![
            ProcessRecord {
                memory: Some(sample(1, 2, 4)),
                ..process(x, 1, "a")
            },
            ProcessRecord {
                memory: Some(old),
                ..process(x, 2, "a")
            },
            ProcessRecord {
                rss_bytes: Some(8 * KIB),
                ..process(x, 3, "a")
            },
            process(x, 4, "a"),
        ]
    });
    assert_eq!(
        memory(&snapshot),
        expect(&[
            ("rss", 16 * KIB),
            ("pss", 4 * KIB),
            ("uss", 2 * KIB),
            ("swap", 8 * KIB),
            ("swap_pss", 4 * KIB),
            ("pss_anon", 2 * KIB),
            ("pss_file", 2 * KIB),
            ("pss_shmem", 0),
            ("hugetlb_private", 0),
        ])
    );
    assert_eq!(
        said(&snapshot, "herakles_subgroup_unreadable_processes"),
        Some(2.0)
    );
    assert_eq!(
        said(&snapshot, "herakles_subgroup_memory_sample_age_seconds"),
        Some(90.0)
    );
}

#[test]
fn kernel_threads_and_zombies_count_as_members_but_have_no_memory_and_are_not_unreadable() {
    let snapshot = of_members(&common::no_limits(), |x| {
        let kinds = [ProcessKind::KernelThread, ProcessKind::Zombie];
        let of_kind = |(pid, kind)| ProcessRecord {
            kind,
            rss_bytes: Some(0),
            memory: Some(sample(0, 0, 0)),
            cpu_seconds: Some(1.0),
            cpu_usage_ratio: Some(0.5),
            ..process(x, pid, "a")
        };
        (1..).zip(kinds).map(of_kind).collect()
    });
    assert_eq!(memory(&snapshot), expect(&[]));
    assert_eq!(said(&snapshot, "herakles_subgroup_processes"), Some(2.0));
    assert_eq!(
        said(&snapshot, "herakles_subgroup_unreadable_processes"),
        Some(0.0)
    );
    assert_eq!(said(&snapshot, "herakles_process_cpu_seconds_total"), None);
    assert_eq!(snapshot.states().kernel_thread, 1);
    assert_eq!(snapshot.states().zombie, 1);
    // A busy kernel thread is worth naming, what has exited is not.
    let top: Vec<_> = snapshot
        .top(Ranking::Cpu)
        .map(|process| process.kind)
        .collect();
    assert_eq!(top, [ProcessKind::KernelThread]);
}

#[test]
fn parts_that_an_old_kernel_does_not_give_are_absent() {
    let snapshot = of_members(&common::no_limits(), |x| {
        let mut old = sample(1, 2, 4);
        old.usage.swap_pss_bytes = None;
        old.usage.pss_anon_bytes = None;
        old.usage.pss_file_bytes = None;
        old.usage.pss_shmem_bytes = None;
        old.usage.private_hugetlb_bytes = None;
        vec![ProcessRecord {
            memory: Some(old),
            ..process(x, 1, "a")
        }]
    });
    let entries = [
        ("rss", 4 * KIB),
        ("pss", 2 * KIB),
        ("uss", KIB),
        ("swap", 4 * KIB),
    ];
    assert_eq!(memory(&snapshot), expect(&entries));
}

#[test]
fn a_sample_older_than_the_rss_is_capped_with_its_parts() {
    let snapshot = of_members(&common::no_limits(), |x| {
        let record = process(x, 1, "a");
        vec![ProcessRecord {
            rss_bytes: Some(KIB),
            memory: Some(sample(2, 4, 8)),
            ..record
        }]
    });
    let sums = memory(&snapshot);
    assert_eq!([sums["rss"], sums["pss"], sums["uss"]], [1024.0; 3]);
    assert_eq!([sums["pss_anon"], sums["pss_file"]], [512.0; 2]);
}

#[test]
fn a_quantity_that_is_off_is_absent_at_every_level() {
    let all = |x| {
        vec![ProcessRecord {
            memory: Some(sample(1, 2, 4)),
            cpu_seconds: Some(3.0),
            cpu_usage_ratio: Some(0.5),
            ..process(x, 1, "a")
        }]
    };
    let on = Quantities::default();
    for (quantities, gone) in [
        (Quantities { rss: false, ..on }, "rss"),
        (Quantities { pss: false, ..on }, "pss"),
        (Quantities { uss: false, ..on }, "uss"),
        (Quantities { cpu: false, ..on }, "cpu"),
    ] {
        let with = common::openmetrics(&of_members(&common::no_limits(), all));
        let limits = Limits {
            quantities,
            ..common::no_limits()
        };
        let without = common::openmetrics(&of_members(&limits, all));
        let names = |text: &str| -> Vec<String> {
            parse::samples(text)
                .into_iter()
                .map(|sample| sample.name)
                .collect()
        };
        assert!(names(&with).iter().any(|name| name.contains(gone)));
        let expected: Vec<_> = names(&with)
            .into_iter()
            .filter(|n| !n.contains(gone))
            .collect();
        assert_eq!(names(&without), expected, "without {gone}");
    }
}

#[test]
fn a_hidden_subgroup_is_in_no_family_and_its_processes_are_filtered() {
    let mut builder = SnapshotBuilder::new(common::NOW);
    let slot = builder.subgroup(SubgroupRecord {
        visible: false,
        stays: true,
        ..subgroup("g", "x")
    });
    builder.push(ProcessRecord {
        memory: Some(sample(1, 2, 4)),
        ..process(slot, 1, "a")
    });
    let snapshot = Arc::new(builder.finish(&common::no_limits(), &mut Selection::default()));
    assert_eq!(common::openmetrics(&snapshot), "");
    assert_eq!(
        snapshot.states(),
        ProcessStates {
            filtered: 1,
            ..ProcessStates::default()
        }
    );
}

#[test]
fn a_filter_hides_own_series_but_not_top_series_or_totals() {
    let off = common::no_limits().filter;
    let cases = [
        (
            Filter {
                min_uss_bytes: 1,
                ..off.clone()
            },
            "absent USS never satisfies a minimum",
        ),
        (
            Filter {
                min_rss_bytes: 4 * KIB + 1,
                ..off.clone()
            },
            "RSS too small",
        ),
        (
            Filter {
                min_cpu_ratio: 0.75,
                ..off.clone()
            },
            "too idle",
        ),
        (
            Filter {
                min_age: Duration::from_secs(3600),
                ..off.clone()
            },
            "too young",
        ),
    ];
    let member = |x| {
        let record = process(x, 1, "a");
        vec![ProcessRecord {
            rss_bytes: Some(4 * KIB),
            cpu_usage_ratio: Some(0.5),
            ..record
        }]
    };
    let own = "herakles_process_memory_rss_bytes";
    assert_eq!(
        said(&of_members(&common::no_limits(), member), own),
        Some(4096.0)
    );
    for (filter, why) in cases {
        let snapshot = of_members(
            &Limits {
                filter,
                ..common::no_limits()
            },
            member,
        );
        assert_eq!(said(&snapshot, own), None, "{why}");
        assert_eq!(snapshot.states().filtered, 1, "{why}");
        assert_eq!(
            said(&snapshot, "herakles_top_process_memory_rss_bytes"),
            Some(4096.0)
        );
        assert_eq!(
            said(&snapshot, "herakles_subgroup_memory_rss_bytes"),
            Some(4096.0)
        );
    }
    let excluded = |x| {
        vec![ProcessRecord {
            name_passes: false,
            ..process(x, 1, "a")
        }]
    };
    assert_eq!(
        of_members(&common::no_limits(), excluded).states().filtered,
        1
    );
}

#[test]
fn export_processes_decides_which_families_name_processes() {
    let member = |x| {
        vec![ProcessRecord {
            rss_bytes: Some(1),
            ..process(x, 1, "a")
        }]
    };
    for (processes, own, top) in [
        (ProcessSeries::All, Some(1.0), Some(1.0)),
        (ProcessSeries::Top, None, Some(1.0)),
        (ProcessSeries::None, None, None),
    ] {
        let snapshot = of_members(
            &Limits {
                processes,
                ..common::no_limits()
            },
            member,
        );
        assert_eq!(
            said(&snapshot, "herakles_process_memory_rss_bytes"),
            own,
            "{processes:?}"
        );
        assert_eq!(
            said(&snapshot, "herakles_top_process_memory_rss_bytes"),
            top,
            "{processes:?}"
        );
        assert_eq!(snapshot.processes().len(), 1, "JSON has all processes");
    }
}

#[test]
fn a_pid_seen_twice_makes_one_set_of_series_of_the_later_start() {
    let snapshot = of_members(&common::no_limits(), |x| {
        let later = process(x, 1, "a");
        let mut earlier = ProcessRecord {
            cpu_seconds: Some(9.0),
            ..later.clone()
        };
        earlier.key.start_time -= 1;
        vec![
            later.clone(),
            earlier,
            ProcessRecord {
                cpu_seconds: Some(2.0),
                ..process(x, 2, "a")
            },
        ]
    });
    assert_eq!(
        said(&snapshot, "herakles_process_cpu_seconds_total"),
        Some(2.0)
    );
    assert_eq!(snapshot.processes().len(), 2);
}

#[test]
fn two_records_of_one_class_make_one_subgroup() {
    let mut builder = SnapshotBuilder::new(common::NOW);
    let (a, b) = (
        builder.subgroup(subgroup("g", "x")),
        builder.subgroup(subgroup("g", "x")),
    );
    builder.push(process(a, 1, "a"));
    builder.push(process(b, 2, "a"));
    let snapshot = builder.finish(&common::no_limits(), &mut Selection::default());
    let members: Vec<_> = snapshot
        .subgroups()
        .iter()
        .map(|subgroup| subgroup.processes)
        .collect();
    assert_eq!(members, [2]);
}

#[test]
fn the_host_categories_always_sum_to_the_total() {
    let memory = common::host().memory.unwrap();
    let sum = |memory: &HostMemory| {
        memory
            .categories()
            .iter()
            .map(|(_, bytes)| bytes)
            .sum::<u64>()
    };
    assert_eq!(sum(&memory), memory.total_bytes);
    // Read while pages moved from one counter to the other.
    let torn = HostMemory {
        free_bytes: memory.total_bytes - 1,
        ..memory
    };
    assert_eq!(sum(&torn), torn.total_bytes);
    assert_eq!(torn.categories()[10], ("other", 0));
}

#[test]
fn what_the_host_does_not_give_is_absent() {
    let mut builder = SnapshotBuilder::new(common::NOW);
    builder.host(HostRecord {
        boot_time_seconds: None,
        memory: None,
        ..common::host()
    });
    let snapshot = Arc::new(builder.finish(&common::no_limits(), &mut Selection::default()));
    let samples = parse::samples(&common::openmetrics(&snapshot));
    assert_eq!(samples.len(), snapshot.series());
    assert!(!samples.iter().any(|sample| sample.name.contains("memory")));
    assert!(
        !samples
            .iter()
            .any(|sample| sample.name.ends_with("_created"))
    );
    let waiting = samples
        .iter()
        .filter(|s| s.name == "herakles_host_pressure_waiting_seconds_total");
    let waiting: Vec<_> = waiting
        .map(|sample| sample.label("resource").to_owned())
        .collect();
    assert_eq!(waiting, ["cpu", "memory"]);
}

#[test]
fn before_the_first_refresh_the_live_part_says_only_what_it_knows() {
    let status = Arc::new(ExporterStatus::default());
    let mut live = Rendered::default();
    render_live(&status, Scope::Service, &mut live).unwrap();
    let names: Vec<_> = parse::samples(live.text())
        .into_iter()
        .map(|sample| sample.name)
        .collect();
    for absent in [
        "_success",
        "duration",
        "_processes",
        "_series",
        "_exposition",
        "_reload",
        "_fds",
    ] {
        assert!(
            !names.iter().any(|name| name.contains(absent)),
            "{absent} in {names:?}"
        );
    }
    assert!(
        names
            .iter()
            .any(|name| name == "herakles_exporter_cache_updating")
    );
}

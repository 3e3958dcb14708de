//! A number is right or absent: which memory a subgroup and its members have in each case.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use herakles_metrics::*;

mod common;
use common::{Given, of_members, parse, process, said, sample};

const KIB: u64 = 1024;

/// The memory gauges of the subgroup that are there, by the middle of their names.
/// The sums that need samples.
fn memory(snapshot: &Arc<Snapshot>) -> BTreeMap<String, f64> {
    parse::samples(&common::openmetrics(snapshot))
        .into_iter()
        .filter_map(|sample| {
            let name = sample
                .name
                .strip_prefix("herakles_subgroup_memory_")?
                .strip_suffix("_bytes")?;
            (name != "virtual").then(|| (name.to_owned(), sample.value))
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
        vec![Given {
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
            Given {
                memory: Some(sample(1, 2, 4)),
                ..process(x, 1, "a")
            },
            Given {
                memory: Some(old),
                ..process(x, 2, "a")
            },
            Given {
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
        let of_kind = |(pid, kind)| Given {
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
        vec![Given {
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
        vec![Given {
            rss_bytes: Some(KIB),
            memory: Some(sample(2, 4, 8)),
            ..record
        }]
    });
    let sums = memory(&snapshot);
    assert_eq!([sums["rss"], sums["pss"], sums["uss"]], [1024.0; 3]);
    assert_eq!([sums["pss_anon"], sums["pss_file"]], [512.0; 2]);
}

/// One that sleeps is not looked at in every scan: what is shown of it is older than the scan.
#[test]
fn the_age_of_an_rss_without_a_sample_counts_into_that_of_the_sum() {
    let age = |rss_age| {
        let snapshot = of_members(&common::no_limits(), |slot| {
            vec![Given {
                rss_bytes: Some(KIB),
                rss_age,
                ..process(slot, 1, "a")
            }]
        });
        said(&snapshot, "herakles_subgroup_memory_sample_age_seconds")
    };
    assert_eq!(age(None), None);
    assert_eq!(age(Some(Duration::from_secs(90))), Some(90.0));
}

#[test]
fn descriptors_are_summed_where_they_are_counted_and_the_worst_is_told() {
    let member = |slot, pid, open_fds, max_fds| Given {
        open_fds,
        max_fds,
        ..process(slot, pid, "a")
    };
    let snapshot = of_members(&common::no_limits(), |slot| {
        vec![
            member(slot, 1, Some(10), Some(1024)),
            member(slot, 2, Some(768), Some(1024)),
            // No limit: counted, but never near it.
            member(slot, 3, Some(5), None),
            member(slot, 4, None, None),
        ]
    });
    let fds = "herakles_subgroup_open_fds";
    let worst = "herakles_subgroup_worst_fd_ratio";
    assert_eq!(said(&snapshot, fds), Some(783.0));
    assert_eq!(said(&snapshot, worst), Some(0.75));

    let uncounted = of_members(&common::no_limits(), |slot| {
        vec![member(slot, 1, None, Some(1024))]
    });
    assert_eq!(said(&uncounted, fds), None);
    assert_eq!(said(&uncounted, worst), None);
}

#[test]
fn storage_bytes_that_nobody_asked_for_are_in_no_form() {
    let mut builder = SnapshotBuilder::new(common::NOW);
    let mut record = common::staying("db", "postgres");
    record.counters.io_bytes = None;
    builder.subgroup(record);
    let snapshot = Arc::new(builder.finish(&common::no_limits(), &mut Selection::default()));
    let text = common::openmetrics(&snapshot);
    assert!(!text.contains("herakles_subgroup_io_bytes"), "{text}");
}

#[test]
fn states_sum_to_the_processes_and_sizes_need_no_sample() {
    let snapshot = of_members(&common::no_limits(), |slot| {
        let activities = [Activity::Sleeping, Activity::Running, Activity::Sleeping];
        let member = |(pid, activity)| Given {
            activity,
            virtual_bytes: 1 << 20,
            ..process(slot, pid, "a")
        };
        (1..).zip(activities).map(member).collect()
    });
    let samples = parse::samples(&common::openmetrics(&snapshot));
    let states: BTreeMap<&str, f64> = samples
        .iter()
        .filter(|sample| sample.name == "herakles_subgroup_process_states")
        .map(|sample| (sample.label("state"), sample.value))
        .collect();
    assert_eq!(states.len(), Activity::ALL.len());
    assert_eq!((states["sleeping"], states["running"]), (2.0, 1.0));
    assert_eq!(states.values().sum::<f64>(), 3.0);
    assert_eq!(
        said(&snapshot, "herakles_subgroup_memory_virtual_bytes"),
        Some(3.0 * 1024.0 * 1024.0)
    );
}

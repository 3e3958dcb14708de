//! The series budget, the top lists and their stability.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use herakles_metrics::*;
use proptest::prelude::*;

mod common;
use common::parse::{self, Sample};
use common::{Given, push};
use common::{process, sample, subgroup};

/// A process as far as the choice of series looks at it.
#[derive(Clone, Debug)]
struct Spec {
    subgroup: usize,
    name: String,
    uss_kb: Option<u64>,
    rss_kb: Option<u64>,
    usage: Option<f64>,
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let spec = (
        0..3_usize,
        "[a-c]",
        prop::option::weighted(0.8, 0..1000_u64),
        prop::option::weighted(0.9, 0..1000_u64),
        prop::option::of((0..40_u32).prop_map(f64::from)),
    );
    let spec = spec.prop_map(|(subgroup, name, uss_kb, rss_kb, usage)| Spec {
        subgroup,
        name,
        uss_kb,
        rss_kb,
        usage,
    });
    prop::collection::vec(spec, 0..40)
}

/// The snapshot of these processes, pushed in the order of `order`; pids count from 1.
fn finish(
    specs: &[Spec],
    order: &[usize],
    limits: &SeriesLimits,
    selection: &mut Selection,
) -> Arc<Snapshot> {
    let mut builder = SnapshotBuilder::new(common::NOW);
    let slots = [("a", "x"), ("a", "y"), ("other", "other")]
        .map(|(group, name)| builder.subgroup(subgroup(group, name)));
    for &at in order {
        let Spec {
            subgroup,
            name,
            uss_kb,
            rss_kb,
            usage,
        } = &specs[at];
        push(
            &mut builder,
            Given {
                rss_bytes: rss_kb.map(|kb| kb << 10),
                memory: uss_kb.map(|uss| sample(uss, uss + uss / 3, uss + uss / 2)),
                cpu_seconds: Some(1.0),
                cpu_usage_ratio: *usage,
                ..process(slots[*subgroup], at as u32 + 1, name)
            },
        );
    }
    Arc::new(builder.finish(limits, selection))
}

fn in_order(specs: &[Spec], limits: &SeriesLimits, selection: &mut Selection) -> Arc<Snapshot> {
    finish(
        specs,
        &(0..specs.len()).collect::<Vec<_>>(),
        limits,
        selection,
    )
}

fn limits(max_series: usize) -> SeriesLimits {
    SeriesLimits {
        max_series: Some(max_series),
        live_series: 10,
        ..common::no_limits()
    }
}

fn samples(snapshot: &Arc<Snapshot>) -> Vec<Sample> {
    parse::samples(&common::openmetrics(snapshot))
}

/// Names of the families that start with `prefix`, by pid.
fn by_pid(samples: &[Sample], prefix: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_pid: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for sample in samples
        .iter()
        .filter(|sample| sample.name.starts_with(prefix))
    {
        by_pid
            .entry(sample.label("pid").to_owned())
            .or_default()
            .insert(sample.name.clone());
    }
    by_pid
}

/// Pids of the processes with series of their own.
fn own(snapshot: &Snapshot) -> BTreeSet<u32> {
    let own = snapshot
        .processes()
        .iter()
        .filter(|process| process.has_series);
    own.map(|process| process.key.pid.as_u32()).collect()
}

/// What is dropped first when it is least.
fn size(process: &Process) -> u64 {
    process
        .memory
        .uss_bytes
        .or(process.memory.rss_bytes)
        .unwrap_or(0)
}

proptest! {
    #[test]
    fn the_total_stays_in_the_budget_and_dropped_series_are_counted(
        specs in specs(),
        max in 0..600_usize,
    ) {
        let whole = in_order(&specs, &common::no_limits(), &mut Selection::default());
        let bounded = in_order(&specs, &limits(max), &mut Selection::default());
        let (all, kept) = (samples(&whole), samples(&bounded));
        prop_assert_eq!(kept.len(), bounded.series());
        prop_assert_eq!(all.len() - kept.len(), bounded.series_dropped());

        let fixed = |samples: &[Sample]| {
            samples.iter().filter(|sample| !sample.labels.contains_key("pid")).count()
        };
        prop_assert_eq!(fixed(&kept), fixed(&all), "subgroups always stay");
        prop_assert!(kept.len() + 10 <= max || kept.len() == fixed(&kept));
    }

    #[test]
    fn a_process_has_all_its_series_or_none(specs in specs(), max in 0..600_usize) {
        let whole = in_order(&specs, &common::no_limits(), &mut Selection::default());
        let bounded = in_order(&specs, &limits(max), &mut Selection::default());
        let all = by_pid(&samples(&whole), "herakles_process_");
        let kept = by_pid(&samples(&bounded), "herakles_process_");
        for (pid, families) in &kept {
            prop_assert_eq!(families, &all[pid]);
        }
        let kept: BTreeSet<u32> = kept.keys().map(|pid| pid.parse().unwrap()).collect();
        prop_assert_eq!(kept, own(&bounded));
        let states = bounded.states();
        prop_assert_eq!(states.exported + states.unreadable, own(&bounded).len() as u64);
        prop_assert_eq!(states.by_name().iter().map(|(_, n)| n).sum::<u64>(), specs.len() as u64);
    }

    #[test]
    fn the_smallest_go_first_and_of_equals_the_higher_pid(specs in specs(), max in 0..600_usize) {
        let bounded = in_order(&specs, &limits(max), &mut Selection::default());
        let key = |process: &Process| (size(process), u32::MAX - process.key.pid.as_u32());
        let kept = bounded.processes().iter().filter(|process| process.has_series);
        let gone = bounded.processes().iter().filter(|process| !process.has_series);
        if let (Some(least), Some(most)) = (kept.map(key).min(), gone.map(key).max()) {
            prop_assert!(least > most, "kept {least:?}, dropped {most:?}");
        }
    }

    #[test]
    fn own_series_go_before_top_series(specs in specs(), max in 0..600_usize) {
        let whole = in_order(&specs, &common::no_limits(), &mut Selection::default());
        let bounded = in_order(&specs, &limits(max), &mut Selection::default());
        let top = |samples: &[Sample]| by_pid(samples, "herakles_top_");
        if top(&samples(&bounded)) != top(&samples(&whole)) {
            prop_assert!(own(&bounded).is_empty());
        }
    }

    #[test]
    fn the_order_of_arrival_changes_nothing(
        (specs, order) in specs().prop_flat_map(|specs| {
            let order: Vec<usize> = (0..specs.len()).collect();
            (Just(specs), Just(order).prop_shuffle())
        }),
        max in 0..600_usize,
    ) {
        let straight = in_order(&specs, &limits(max), &mut Selection::default());
        let shuffled = finish(&specs, &order, &limits(max), &mut Selection::default());
        prop_assert_eq!(common::openmetrics(&straight), common::openmetrics(&shuffled));
    }

    #[test]
    fn a_kept_process_gives_way_only_to_one_a_tenth_bigger(
        specs in specs(),
        wiggle in prop::collection::vec(0..200_u64, 40),
        max in 0..600_usize,
    ) {
        let mut selection = Selection::default();
        let before = own(&in_order(&specs, &limits(max), &mut selection));
        let mut moved = specs.clone();
        for (spec, per_mille) in moved.iter_mut().zip(wiggle) {
            spec.uss_kb = spec.uss_kb.map(|kb| kb * (1000 + per_mille) / 1000);
        }
        let after = in_order(&moved, &limits(max), &mut selection);
        let sizes: BTreeMap<u32, u64> =
            after.processes().iter().map(|p| (p.key.pid.as_u32(), size(p))).collect();
        let lost: Vec<u64> = before.difference(&own(&after)).map(|pid| sizes[pid]).collect();
        for newcomer in own(&after).difference(&before).map(|pid| sizes[pid]) {
            for &lost in &lost {
                prop_assert!(newcomer * 10 > lost * 11, "{newcomer} displaced {lost}");
            }
        }
    }

    #[test]
    fn uss_pss_and_rss_are_ordered_wherever_they_are(specs in specs()) {
        let snapshot = in_order(&specs, &common::no_limits(), &mut Selection::default());
        let ordered = |uss: Option<u64>, pss: Option<u64>, rss: Option<u64>| {
            uss <= pss && pss <= rss
        };
        for process in snapshot.processes() {
            prop_assert!(ordered(process.memory.uss_bytes, process.memory.pss_bytes, process.memory.rss_bytes));
        }
        for Subgroup { memory, .. } in snapshot.subgroups() {
            prop_assert!(ordered(memory.uss_bytes, memory.pss_bytes, memory.rss_bytes));
            let parts = [memory.pss_anon_bytes, memory.pss_file_bytes, memory.pss_shmem_bytes];
            let parts: u64 = parts.into_iter().flatten().sum();
            prop_assert!(parts <= memory.pss_bytes.unwrap_or(0));
        }
    }

    #[test]
    fn each_top_family_names_the_biggest_of_each_subgroup_by_its_own_value(specs in specs()) {
        let snapshot = in_order(&specs, &common::no_limits(), &mut Selection::default());
        let top: BTreeSet<u32> =
            snapshot.top(Ranking::Rss).map(|process| process.key.pid.as_u32()).collect();
        for members in snapshot.processes().chunk_by(|a, b| a.class == b.class) {
            let n = if &*members[0].class.group == "other" { 10 } else { 3 };
            let mut ranked: Vec<_> = members
                .iter()
                .filter_map(|process| Some((process.memory.rss_bytes?, process.key.pid.as_u32())))
                .collect();
            ranked.sort_by_key(|&(rss, pid)| (std::cmp::Reverse(rss), pid));
            for (place, (_, pid)) in ranked.into_iter().enumerate() {
                prop_assert_eq!(top.contains(&pid), place < n);
            }
        }
    }
}

/// Three processes of one subgroup with these CPU usages; pids from 1.
fn busy(usages: [f64; 3]) -> Vec<Spec> {
    let spec = |usage| Spec {
        subgroup: 0,
        name: "a".to_owned(),
        uss_kb: Some(1),
        rss_kb: None,
        usage: Some(usage),
    };
    usages.map(spec).to_vec()
}

fn top_one() -> SeriesLimits {
    SeriesLimits {
        top_n_subgroup: 1,
        ..common::no_limits()
    }
}

fn top_cpu(specs: &[Spec], selection: &mut Selection) -> Vec<u32> {
    let snapshot = in_order(specs, &top_one(), selection);
    snapshot
        .top(Ranking::Cpu)
        .map(|process| process.key.pid.as_u32())
        .collect()
}

#[test]
fn a_process_stays_on_top_for_three_refreshes_after_it_fell_out() {
    let mut selection = Selection::default();
    assert_eq!(top_cpu(&busy([3.0, 2.0, 1.0]), &mut selection), [1]);
    for _ in 0..3 {
        assert_eq!(top_cpu(&busy([0.0, 2.0, 1.0]), &mut selection), [1, 2]);
    }
    assert_eq!(top_cpu(&busy([0.0, 2.0, 1.0]), &mut selection), [2]);
}

#[test]
fn a_process_that_returns_to_the_top_counts_anew() {
    let mut selection = Selection::default();
    top_cpu(&busy([3.0, 2.0, 1.0]), &mut selection);
    assert_eq!(top_cpu(&busy([0.0, 2.0, 1.0]), &mut selection), [1, 2]);
    assert_eq!(top_cpu(&busy([3.0, 2.0, 1.0]), &mut selection), [1, 2]);
    for _ in 0..3 {
        assert_eq!(top_cpu(&busy([0.0, 1.0, 2.0]), &mut selection)[0], 1);
    }
    assert_eq!(top_cpu(&busy([0.0, 1.0, 2.0]), &mut selection), [3]);
}

#[test]
fn a_process_that_exits_leaves_the_top_at_once() {
    let mut selection = Selection::default();
    top_cpu(&busy([3.0, 2.0, 1.0]), &mut selection);
    let left = finish(&busy([3.0, 2.0, 1.0]), &[1, 2], &top_one(), &mut selection);
    let pids: Vec<_> = left
        .top(Ranking::Cpu)
        .map(|process| process.key.pid.as_u32())
        .collect();
    assert_eq!(pids, [2]);
}

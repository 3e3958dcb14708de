//! Which processes have series: the biggest of each subgroup, and as many as the budget allows.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use herakles_stat::ProcessKey;

use crate::families;
use crate::limits::{ProcessSeries, SeriesLimits};
use crate::process::{Process, ProcessKind};
use crate::snapshot::{Ranking, Tops};

/// Refreshes for which a process stays in a top family after it fell out.
const LINGER: u8 = 3;

/// For each ranking, for how many refreshes the process stays in it: more than [`LINGER`] while
/// it is among the first, 0 if it is not in it.
type Stays = [u8; Ranking::ALL.len()];

/// Which series were chosen in the refreshes before, so that the choice is stable.
///
/// Keep one for the life of the exporter and give it to every
/// [`SnapshotBuilder::finish`](crate::SnapshotBuilder::finish).
#[derive(Debug, Default)]
pub struct Selection {
    /// Processes that had series of their own.
    kept: Vec<ProcessKey>,
    /// Processes that are in a ranking.
    ranked: HashMap<ProcessKey, Stays, BuildHasherDefault<KeyHasher>>,
}

/// Hashes identities in two products. It resists nobody who chooses keys, but these are the kernel's.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What became of the series.
pub(crate) struct Chosen {
    pub(crate) tops: Tops,
    pub(crate) series: usize,
    pub(crate) series_dropped: usize,
}

/// A process in a ranking of its subgroup.
struct Top {
    /// Place in the ranking, from 0; those that linger come last.
    place: usize,
    process: usize,
    ranking: Ranking,
}

/// Series to give away, to the most important first: after one that does not fit, nothing does.
struct Budget {
    left: usize,
    given: usize,
    refused: usize,
}

impl Budget {
    fn take(&mut self, series: usize) -> bool {
        let fits = self.refused == 0 && series <= self.left;
        if fits {
            self.left -= series;
            self.given += series;
        } else {
            self.refused += series;
        }
        fits
    }
}

impl Selection {
    /// Chooses top series and own series. `processes` are sorted by subgroup; `has_series` says
    /// which of them want series of their own and, afterwards, which have them. `fixed` is the
    /// number of series of the snapshot that always stay.
    pub(crate) fn choose(
        &mut self,
        processes: &mut [Process],
        fixed: usize,
        limits: &SeriesLimits,
    ) -> Chosen {
        let left = limits.max_series.map_or(usize::MAX, |max| {
            max.saturating_sub(fixed).saturating_sub(limits.live_series)
        });
        let mut budget = Budget {
            left,
            given: 0,
            refused: 0,
        };
        let tops = self.choose_tops(processes, limits, &mut budget);
        self.choose_own(processes, limits.created, &mut budget);
        Chosen {
            tops,
            series: fixed + budget.given,
            series_dropped: budget.refused,
        }
    }

    /// The top processes of each subgroup, as far as the budget goes.
    fn choose_tops(
        &mut self,
        processes: &[Process],
        limits: &SeriesLimits,
        budget: &mut Budget,
    ) -> Tops {
        let mut ranked = self.rank(processes, limits);
        let series =
            |top: &Top| families::top_series(top.ranking, &processes[top.process], limits.created);
        // The order says who goes without, if anybody does.
        if ranked.iter().map(series).sum::<usize>() > budget.left {
            ranked.sort_unstable_by_key(|top| (top.place, top.process, top.ranking));
        }
        let mut tops = Tops::default();
        for top in ranked {
            if budget.take(series(&top)) {
                tops.of_mut(top.ranking).push(top.process);
            }
        }
        for ranking in Ranking::ALL {
            tops.of_mut(ranking).sort_unstable();
        }
        tops
    }

    /// All rankings of all subgroups: the first N, and those that were among them lately.
    fn rank(&mut self, processes: &[Process], limits: &SeriesLimits) -> Vec<Top> {
        let before = std::mem::take(&mut self.ranked);
        let mut tops = Vec::new();
        let mut end = 0;
        for members in processes.chunk_by(|a, b| a.class == b.class) {
            let start = end;
            end += members.len();
            let n = top_n(&members[0], limits);
            if n == 0 {
                continue;
            }
            let stayed = |member: &Process| before.get(&member.key).copied().unwrap_or_default();
            let stays: Vec<Stays> = members.iter().map(stayed).collect();
            for ranking in Ranking::ALL {
                let in_ranking = ranked(members, ranking, n, |at| stays[at][ranking as usize]);
                for (place, (at, refreshes)) in in_ranking.into_iter().enumerate() {
                    let stays = self.ranked.entry(members[at].key).or_default();
                    stays[ranking as usize] = refreshes;
                    tops.push(Top {
                        place,
                        process: start + at,
                        ranking,
                    });
                }
            }
        }
        tops
    }

    /// Leaves own series to the biggest of those that want them, as far as the budget goes.
    fn choose_own(&mut self, processes: &mut [Process], created: bool, budget: &mut Budget) {
        let mut wanting: Vec<(usize, usize)> = processes
            .iter()
            .enumerate()
            .filter(|(_, process)| process.has_series)
            .map(|(index, process)| (index, families::process_series(process, created)))
            .collect();
        if wanting.iter().map(|(_, series)| series).sum::<usize>() > budget.left {
            self.put_first(&mut wanting, processes, budget.left);
        }
        self.kept.clear();
        for (index, series) in wanting {
            let process = &mut processes[index];
            process.has_series = budget.take(series);
            if process.has_series {
                self.kept.push(process.key);
            }
        }
    }

    /// Puts the biggest of `wanting`, which are positions and numbers of series, to the front and
    /// in order: as many as may fit into `left`. The others come in no order.
    fn put_first(&self, wanting: &mut Vec<(usize, usize)>, processes: &[Process], left: usize) {
        let least = wanting.iter().map(|(_, series)| *series).min().unwrap_or(0);
        let most = left.checked_div(least).unwrap_or(usize::MAX);
        let kept: HashSet<ProcessKey, BuildHasherDefault<KeyHasher>> =
            self.kept.iter().copied().collect();
        let rank = |&(index, series): &(usize, usize)| {
            let process = &processes[index];
            let kept = kept.contains(&process.key);
            let weight = Reverse(weight(process, kept));
            (weight, Reverse(kept), process.key.pid, index, series)
        };
        let mut ranked: Vec<_> = wanting.iter().map(rank).collect();
        if most < ranked.len() {
            ranked.select_nth_unstable(most);
            ranked[..most].sort_unstable();
        } else {
            ranked.sort_unstable();
        }
        let places = ranked
            .into_iter()
            .map(|(.., index, series)| (index, series));
        wanting.splice(.., places);
    }
}

/// How many processes of this one's subgroup the top families name.
fn top_n(member: &Process, limits: &SeriesLimits) -> usize {
    match (
        limits.processes,
        &*member.class.group,
        &*member.class.subgroup,
    ) {
        (ProcessSeries::None, ..) => 0,
        (_, "other", "other") => limits.top_n_others,
        _ => limits.top_n_subgroup,
    }
}

/// Positions of the `n` members that `ranking` puts first, and behind them of those that were
/// among them lately, each with how long it stays; biggest first, ties by lower pid. `stayed`
/// says for how long a member was to stay at the last refresh.
fn ranked(
    members: &[Process],
    ranking: Ranking,
    n: usize,
    stayed: impl Fn(usize) -> u8,
) -> Vec<(usize, u8)> {
    let mut ranked: Vec<(Reverse<u64>, _, usize)> = Vec::with_capacity(members.len());
    let living = members
        .iter()
        .enumerate()
        .filter(|(_, process)| process.kind != ProcessKind::Zombie);
    ranked.extend(living.filter_map(|(at, it)| Some((Reverse(ranking.rank(it)?), it.key.pid, at))));
    if n < ranked.len() {
        ranked.select_nth_unstable(n);
        let outside = ranked.split_off(n);
        let first = ranked.len();
        ranked.extend(outside.into_iter().filter(|it| stayed(it.2) > 1));
        ranked[first..].sort_unstable();
    }
    let first = n.min(ranked.len());
    ranked[..first].sort_unstable();
    let places = ranked.into_iter().enumerate();
    places
        .map(|(place, (_, _, at))| {
            let refreshes = if place < first {
                LINGER + 1
            } else {
                stayed(at) - 1
            };
            (at, refreshes)
        })
        .collect()
}

/// What a process weighs against the others: its USS, else its RSS. One that was kept weighs
/// a tenth more, so a challenger must exceed it by that much.
fn weight(process: &Process, kept: bool) -> u128 {
    let memory = process.memory;
    let bytes = memory.uss_bytes.or(memory.rss_bytes).unwrap_or(0);
    u128::from(bytes) * if kept { 11 } else { 10 }
}

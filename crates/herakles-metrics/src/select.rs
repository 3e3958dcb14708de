use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use herakles_stat::ProcessKey;

use crate::families;
use crate::input::ProcessKind;
use crate::limits::{Limits, ProcessSeries};
use crate::snapshot::{Process, Ranking, Tops};

/// Refreshes for which a process stays in a top family after it fell out.
const LINGER: u8 = 3;

/// Which series were chosen in the refreshes before, so that the choice is stable.
///
/// Keep one for the life of the exporter and give it to every
/// [`SnapshotBuilder::finish`](crate::SnapshotBuilder::finish).
#[derive(Debug, Default)]
pub struct Selection {
    /// Processes that had series of their own.
    kept: HashSet<ProcessKey>,
    /// How many more refreshes a process that falls out of a ranking stays.
    lingering: HashMap<(Ranking, ProcessKey), u8>,
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

impl Selection {
    /// Chooses top series and own series. `processes` are sorted by subgroup; `has_series` says
    /// which of them want series of their own and, afterwards, which have them. `fixed` is the
    /// number of series of the snapshot that always stay.
    pub(crate) fn choose(
        &mut self,
        processes: &mut [Process],
        fixed: usize,
        limits: &Limits,
    ) -> Chosen {
        let budget = limits.max_series.map_or(usize::MAX, |max| {
            max.saturating_sub(fixed).saturating_sub(limits.live_series)
        });
        let (tops, top_series, tops_dropped) = self.choose_tops(processes, budget, limits);
        let (own_series, own_dropped) = self.choose_own(processes, budget - top_series);
        Chosen {
            tops,
            series: fixed + top_series + own_series,
            series_dropped: tops_dropped + own_dropped,
        }
    }

    /// The top processes of each subgroup, their series and the series dropped for the budget,
    /// lowest-ranked first.
    fn choose_tops(
        &mut self,
        processes: &[Process],
        budget: usize,
        limits: &Limits,
    ) -> (Tops, usize, usize) {
        let mut tops = self.rank(processes, limits);
        tops.sort_unstable_by_key(|top| (top.place, top.process, top.ranking));

        let mut chosen = Tops::default();
        let (mut series, mut dropped) = (0, 0);
        for top in &tops {
            let cost = families::top_series(top.ranking, &processes[top.process]);
            if dropped == 0 && series + cost <= budget {
                series += cost;
                chosen.of_mut(top.ranking).push(top.process);
            } else {
                dropped += cost;
            }
        }
        for ranking in Ranking::ALL {
            chosen.of_mut(ranking).sort_unstable();
        }
        (chosen, series, dropped)
    }

    /// All rankings of all subgroups: the first N, and those that were among them lately.
    fn rank(&mut self, processes: &[Process], limits: &Limits) -> Vec<Top> {
        let before = std::mem::take(&mut self.lingering);
        let mut tops = Vec::new();
        let mut first = 0;
        for members in processes.chunk_by(|a, b| a.class == b.class) {
            let n = top_n(&members[0], limits);
            for ranking in Ranking::ALL {
                let ranked = ranked(members, ranking);
                let (inside, outside) = ranked.split_at(n.min(ranked.len()));
                let inside = inside.iter().map(|&at| (at, LINGER));
                let outside = outside.iter().filter_map(|&at| {
                    Some((at, before.get(&(ranking, members[at].key))?.checked_sub(1)?))
                });
                let shown = if n > 0 { usize::MAX } else { 0 };
                for (place, (at, left)) in inside.chain(outside).take(shown).enumerate() {
                    self.lingering.insert((ranking, members[at].key), left);
                    tops.push(Top {
                        place,
                        process: first + at,
                        ranking,
                    });
                }
            }
            first += members.len();
        }
        tops
    }

    /// Keeps the own series of the biggest processes that fit, and drops those of the others.
    fn choose_own(&mut self, processes: &mut [Process], budget: usize) -> (usize, usize) {
        let mut wanted: Vec<usize> = (0..processes.len())
            .filter(|&index| processes[index].has_series)
            .collect();
        let costs = wanted
            .iter()
            .map(|&index| families::process_series(&processes[index]));
        if costs.sum::<usize>() > budget {
            wanted.sort_by_cached_key(|&index| {
                let process = &processes[index];
                let kept = self.kept.contains(&process.key);
                (
                    Reverse(weight(process, kept)),
                    Reverse(kept),
                    process.key.pid,
                )
            });
        }

        self.kept.clear();
        let (mut series, mut dropped) = (0, 0);
        for index in wanted {
            let process = &mut processes[index];
            let cost = families::process_series(process);
            if dropped == 0 && series + cost <= budget {
                series += cost;
                self.kept.insert(process.key);
            } else {
                dropped += cost;
                process.has_series = false;
            }
        }
        (series, dropped)
    }
}

/// How many processes of this one's subgroup the top families name.
fn top_n(member: &Process, limits: &Limits) -> usize {
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

/// Positions of the members that `ranking` can rank, biggest first, ties by lower pid.
fn ranked(members: &[Process], ranking: Ranking) -> Vec<usize> {
    let mut ranked: Vec<(Reverse<u64>, _, usize)> = members
        .iter()
        .enumerate()
        .filter(|(_, process)| process.kind != ProcessKind::Zombie)
        .filter_map(|(at, process)| Some((Reverse(ranking.rank(process)?), process.key.pid, at)))
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, _, at)| at).collect()
}

/// What a process weighs against the others: its USS, else its RSS. One that was kept weighs
/// a tenth more, so a challenger must exceed it by that much.
fn weight(process: &Process, kept: bool) -> u128 {
    let bytes = process.uss_bytes.or(process.rss_bytes).unwrap_or(0);
    u128::from(bytes) * if kept { 11 } else { 10 }
}

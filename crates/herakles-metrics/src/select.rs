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
        limits: &Limits,
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
        self.choose_own(processes, &mut budget);
        Chosen {
            tops,
            series: fixed + budget.given,
            series_dropped: budget.refused,
        }
    }

    /// The top processes of each subgroup, as far as the budget goes.
    fn choose_tops(&mut self, processes: &[Process], limits: &Limits, budget: &mut Budget) -> Tops {
        let mut ranked = self.rank(processes, limits);
        ranked.sort_unstable_by_key(|top| (top.place, top.process, top.ranking));
        let mut tops = Tops::default();
        for top in ranked {
            if budget.take(families::top_series(top.ranking, &processes[top.process])) {
                tops.of_mut(top.ranking).push(top.process);
            }
        }
        for ranking in Ranking::ALL {
            tops.of_mut(ranking).sort_unstable();
        }
        tops
    }

    /// All rankings of all subgroups: the first N, and those that were among them lately.
    fn rank(&mut self, processes: &[Process], limits: &Limits) -> Vec<Top> {
        let before = std::mem::take(&mut self.lingering);
        let mut tops = Vec::new();
        let mut end = 0;
        for members in processes.chunk_by(|a, b| a.class == b.class) {
            let start = end;
            end += members.len();
            let n = top_n(&members[0], limits);
            if n == 0 {
                continue;
            }
            for ranking in Ranking::ALL {
                let ranked = ranked(members, ranking);
                let (inside, outside) = ranked.split_at(n.min(ranked.len()));
                let inside = inside.iter().map(|&at| (at, LINGER));
                let outside = outside.iter().filter_map(|&at| {
                    Some((at, before.get(&(ranking, members[at].key))?.checked_sub(1)?))
                });
                for (place, (at, refreshes_left)) in inside.chain(outside).enumerate() {
                    self.lingering
                        .insert((ranking, members[at].key), refreshes_left);
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
    fn choose_own(&mut self, processes: &mut [Process], budget: &mut Budget) {
        let mut wanting: Vec<usize> = (0..processes.len())
            .filter(|&index| processes[index].has_series)
            .collect();
        let series = wanting
            .iter()
            .map(|&index| families::process_series(&processes[index]));
        if series.sum::<usize>() > budget.left {
            wanting.sort_by_cached_key(|&index| {
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
        for index in wanting {
            let process = &mut processes[index];
            process.has_series = budget.take(families::process_series(process));
            if process.has_series {
                self.kept.insert(process.key);
            }
        }
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

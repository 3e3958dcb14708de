//! What the subgroups and the biggest processes used over the last hour, in bounded memory.

mod growth;
mod series;

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use herakles_metrics::{Process, Snapshot, Subgroup};

pub use growth::Growth;
use series::Series;

use crate::members::{self, Members};

/// Points of a line. The time between two is the span divided by it, or what lies between two
/// snapshots where that is longer.
const POINTS: u32 = 120;
/// So many ticks there are at most, whatever the clock does.
const MOST_TICKS: usize = 150;
/// Lines of subgroups: the biggest.
const SUBGROUPS: usize = 400;
/// Lines of processes: the biggest get one, and lose it when they exit or fall far behind.
const PROCESSES: usize = 100;
const STILL_NEAR: usize = 2 * PROCESSES;

/// The last hour (or what [`new`](Self::new) was told) of each subgroup and of the biggest
/// processes: memory in KiB and CPU in thousandths of a core, a few bytes for each point.
///
/// Feed it each snapshot by [`record`](Self::record); it outlives any of them.
#[derive(Clone, Debug)]
pub struct History {
    span: Duration,
    origin: Option<Instant>,
    /// When each tick was, after the origin; the last is open and moves until it is far enough
    /// from the one before.
    ticks: VecDeque<Duration>,
    subgroups: HashMap<(Arc<str>, Arc<str>), Track>,
    processes: HashMap<(u32, u64), Track>,
}

#[derive(Clone, Debug, Default)]
struct Track {
    memory: Series,
    cpu: Series,
}

/// One quantity over time.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Line {
    /// Oldest first.
    pub points: Vec<Point>,
}

/// One point of a [`Line`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// How long before the last point.
    pub ago: Duration,
    /// Bytes, or cores; `None` where it was not there or not known.
    pub value: Option<f64>,
}

impl History {
    /// An empty history that reaches back for `span`; zero keeps none.
    pub fn new(span: Duration) -> Self {
        Self {
            span,
            origin: None,
            ticks: VecDeque::new(),
            subgroups: HashMap::new(),
            processes: HashMap::new(),
        }
    }

    /// The span it reaches back for.
    pub fn span(&self) -> Duration {
        self.span
    }

    /// How far back it goes by now.
    pub fn reach(&self) -> Duration {
        match (self.ticks.front(), self.ticks.back()) {
            (Some(first), Some(last)) => last.saturating_sub(*first),
            _ => Duration::ZERO,
        }
    }

    /// Another span from now on; what is older goes with the next snapshot.
    pub fn reach_back(&mut self, span: Duration) {
        if span.is_zero() {
            *self = Self::new(span);
        }
        self.span = span;
    }

    /// Adds a snapshot taken `at`. Snapshots that come faster than the line has points replace
    /// the last one.
    pub fn record(&mut self, snapshot: &Snapshot, at: Instant) {
        if self.span.is_zero() {
            return;
        }
        self.move_to(at);
        let mut subgroups = members::by_size(snapshot);
        subgroups.truncate(SUBGROUPS);
        let kept = self.ticks.len();
        let seen = subgroups.iter().map(|members| {
            let class = &members.subgroup.class;
            let key = (Arc::clone(&class.group), Arc::clone(&class.subgroup));
            (key, sample_of_subgroup(members))
        });
        observe(&mut self.subgroups, seen, kept);
        self.subgroups.retain(|_, track| !track.is_empty());

        let near = biggest(snapshot, STILL_NEAR);
        let seen = near
            .iter()
            .enumerate()
            .map(|(rank, process)| (rank, key_of(process), sample_of_process(process)))
            .filter(|(rank, key, _)| *rank < PROCESSES || self.processes.contains_key(key))
            .map(|(_, key, sample)| (key, sample))
            .collect::<Vec<_>>();
        let near: HashSet<_> = seen.iter().map(|(key, _)| *key).collect();
        self.processes.retain(|key, _| near.contains(key));
        observe(&mut self.processes, seen.into_iter(), kept);
    }

    /// Opens a tick, or moves the open one, and forgets those that are too old.
    fn move_to(&mut self, at: Instant) {
        let origin = *self.origin.get_or_insert(at);
        let now = at.saturating_duration_since(origin);
        // A little less than the distance of points, as refreshes come a little early or late.
        let step = self.span / POINTS * 9 / 10;
        let mut latest = self.ticks.iter().rev();
        let (last, closed) = (latest.next().copied(), latest.next().copied());
        match (self.ticks.back_mut(), closed) {
            (Some(open), Some(closed)) if open.saturating_sub(closed) < step => *open = now,
            _ => {
                if last.is_some() {
                    self.tracks().for_each(Track::close_tick);
                }
                self.ticks.push_back(now);
            }
        }
        let span = self.span;
        while self.ticks.len() > MOST_TICKS
            || self
                .ticks
                .front()
                .is_some_and(|tick| now.saturating_sub(*tick) > span)
        {
            self.ticks.pop_front();
        }
        let kept = self.ticks.len();
        for track in self.tracks() {
            track.observe(None, None);
            track.memory.keep(kept);
            track.cpu.keep(kept);
        }
    }

    fn tracks(&mut self) -> impl Iterator<Item = &mut Track> {
        self.subgroups
            .values_mut()
            .chain(self.processes.values_mut())
    }

    /// PSS of the members of a subgroup (RSS of those that have none), in bytes.
    pub fn subgroup_memory(&self, subgroup: &Subgroup) -> Line {
        self.subgroup(subgroup)
            .map_or_else(Line::default, |track| self.line(&track.memory, 1024.0))
    }

    /// CPU of a subgroup, in cores.
    pub fn subgroup_cpu(&self, subgroup: &Subgroup) -> Line {
        self.subgroup(subgroup)
            .map_or_else(Line::default, |track| self.line(&track.cpu, 0.001))
    }

    fn subgroup(&self, subgroup: &Subgroup) -> Option<&Track> {
        let class = &subgroup.class;
        let key = (Arc::clone(&class.group), Arc::clone(&class.subgroup));
        self.subgroups.get(&key)
    }

    /// PSS of one of the biggest processes (or RSS where it has none), in bytes.
    pub fn process_memory(&self, process: &Process) -> Line {
        self.processes
            .get(&key_of(process))
            .map_or_else(Line::default, |track| self.line(&track.memory, 1024.0))
    }

    /// CPU of one of the biggest processes, in cores.
    pub fn process_cpu(&self, process: &Process) -> Line {
        self.processes
            .get(&key_of(process))
            .map_or_else(Line::default, |track| self.line(&track.cpu, 0.001))
    }

    fn line(&self, series: &Series, unit: f64) -> Line {
        let last = self.ticks.back().copied().unwrap_or_default();
        let values = series.values();
        let ticks = self
            .ticks
            .iter()
            .skip(self.ticks.len().saturating_sub(values.len()));
        let points = ticks.zip(values).map(|(tick, value)| Point {
            ago: last.saturating_sub(*tick),
            value: value.map(|value| value as f64 * unit),
        });
        Line {
            points: points.collect(),
        }
    }

    /// Bytes on the heap, to the accuracy of the tables' own overhead.
    pub fn heap_bytes(&self) -> usize {
        let tracks = self.subgroups.values().chain(self.processes.values());
        let packed: usize = tracks
            .map(|track| track.memory.heap_bytes() + track.cpu.heap_bytes())
            .sum();
        let slots = self.subgroups.capacity() * size_of::<((Arc<str>, Arc<str>), Track)>()
            + self.processes.capacity() * size_of::<((u32, u64), Track)>();
        packed + slots + self.ticks.capacity() * size_of::<Duration>()
    }
}

impl Track {
    fn observe(&mut self, memory: Option<u64>, cpu: Option<u64>) {
        self.memory.observe(memory);
        self.cpu.observe(cpu);
    }

    fn close_tick(&mut self) {
        self.memory.close_tick();
        self.cpu.close_tick();
    }

    fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.cpu.is_empty()
    }
}

/// KiB and thousandths of a core.
type Sample = (Option<u64>, Option<u64>);

fn observe<K: Eq + Hash>(
    tracks: &mut HashMap<K, Track>,
    seen: impl Iterator<Item = (K, Sample)>,
    kept: usize,
) {
    for (key, (memory, cpu)) in seen {
        let track = tracks.entry(key).or_default();
        track.observe(memory, cpu);
        track.memory.keep(kept);
        track.cpu.keep(kept);
    }
}

fn sample_of_subgroup(members: &Members<'_>) -> Sample {
    let memory = members.bytes.map(|bytes| bytes / 1024);
    (memory, members.subgroup.cpu_usage_ratio.map(thousandths))
}

fn sample_of_process(process: &Process) -> Sample {
    let memory = members::bytes_of(process).map(|bytes| bytes / 1024);
    (memory, process.cpu_usage_ratio.map(thousandths))
}

fn thousandths(ratio: f64) -> u64 {
    (ratio.max(0.0) * 1000.0).round() as u64
}

fn key_of(process: &Process) -> (u32, u64) {
    (process.key.pid.as_u32(), process.key.start_time)
}

/// The biggest processes, biggest first.
fn biggest(snapshot: &Snapshot, count: usize) -> Vec<&Process> {
    let mut all: Vec<&Process> = snapshot.processes().iter().collect();
    let rank = |process: &&Process| {
        (
            std::cmp::Reverse(members::bytes_of(process)),
            process.key.pid,
        )
    };
    if all.len() > count {
        all.select_nth_unstable_by_key(count, rank);
        all.truncate(count);
    }
    all.sort_unstable_by_key(rank);
    all
}

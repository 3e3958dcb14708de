use std::collections::HashMap;
use std::time::Duration;

use herakles_classify::Class;

use crate::families;
use crate::host::HostRecord;
use crate::input::{ProcessKind, ProcessRecord, SubgroupRecord, SubgroupSlot};
use crate::limits::{Filter, Limits, ProcessSeries, Quantities};
use crate::select::Selection;
use crate::snapshot::{Process, ProcessStates, Snapshot, Subgroup};
use crate::sums::{KernelGives, Memory, Sums};

/// Collects what one scan found and makes a [`Snapshot`] of it.
///
/// Subgroups come first; each gives the slot that its processes name. The order of calls has no
/// influence on the snapshot.
#[derive(Debug)]
pub struct SnapshotBuilder {
    taken_at_seconds: f64,
    host: Option<HostRecord>,
    subgroups: Vec<SubgroupRecord>,
    slots: HashMap<Class, SubgroupSlot>,
    processes: Vec<ProcessRecord>,
}

impl SnapshotBuilder {
    /// An empty snapshot of the scan taken at this Unix time, in seconds.
    pub fn new(taken_at_seconds: f64) -> Self {
        Self {
            taken_at_seconds,
            host: None,
            subgroups: Vec::new(),
            slots: HashMap::new(),
            processes: Vec::new(),
        }
    }

    /// Adds the host.
    pub fn host(&mut self, host: HostRecord) {
        self.host = Some(host);
    }

    /// Adds a subgroup. Of two records for one class the first holds, and both get its slot:
    /// a class never makes two sets of series.
    pub fn subgroup(&mut self, record: SubgroupRecord) -> SubgroupSlot {
        *self.slots.entry(record.class.clone()).or_insert_with(|| {
            self.subgroups.push(record);
            SubgroupSlot(self.subgroups.len() - 1)
        })
    }

    /// Adds a process. Each pid comes once in a scan; of two records with the same pid, name and
    /// subgroup the later start holds, so that no series is doubled.
    ///
    /// # Panics
    ///
    /// [`finish`](Self::finish) panics if the slot is not of this builder.
    pub fn push(&mut self, record: ProcessRecord) {
        self.processes.push(record);
    }

    /// Aggregates, filters and bounds. `selection` is what the choice of series remembers from
    /// one refresh to the next.
    pub fn finish(mut self, limits: &Limits, selection: &mut Selection) -> Snapshot {
        let records = std::mem::take(&mut self.processes);
        let order = self.series_order(&records);

        let mut processes = Vec::with_capacity(records.len());
        let mut sums = vec![Sums::default(); self.subgroups.len()];
        let mut states = ProcessStates::default();
        for record in order.into_iter().map(|index| &records[index]) {
            let subgroup = &self.subgroups[record.subgroup.0];
            let memory = Memory::of(record);
            sums[record.subgroup.0].add(record, &memory);
            if subgroup.visible {
                processes.push(self.process(record, &memory, subgroup, limits));
            } else {
                states.count(record.kind, record.over_limit, false, false);
            }
        }

        let subgroups = self.sum_up(sums, limits.quantities);
        let fixed = subgroups
            .iter()
            .map(families::subgroup_series)
            .sum::<usize>()
            + self.host.as_ref().map_or(0, families::host_series);
        let chosen = selection.choose(&mut processes, fixed, limits);
        for process in &processes {
            let readable = process.memory_sample_age_seconds.is_some();
            states.count(
                process.kind,
                process.over_limit,
                process.has_series,
                readable,
            );
        }
        Snapshot {
            taken_at_seconds: self.taken_at_seconds,
            host: self.host,
            subgroups,
            processes,
            tops: chosen.tops,
            states,
            series: chosen.series,
            series_dropped: chosen.series_dropped,
        }
    }

    /// Positions of `records` by (group, subgroup, name, pid), doubles left out.
    fn series_order(&self, records: &[ProcessRecord]) -> Vec<usize> {
        let mut by_class: Vec<usize> = (0..self.subgroups.len()).collect();
        by_class.sort_unstable_by_key(|&slot| &self.subgroups[slot].class);
        let mut place = vec![0; by_class.len()];
        for (at, slot) in by_class.into_iter().enumerate() {
            place[slot] = at;
        }
        let series = |index: usize| {
            let record = &records[index];
            (place[record.subgroup.0], &record.name, record.key.pid)
        };
        let mut order: Vec<usize> = (0..records.len()).collect();
        order.sort_unstable_by_key(|&index| {
            (
                series(index),
                std::cmp::Reverse(records[index].key.start_time),
            )
        });
        order.dedup_by_key(|&mut index| series(index));
        order
    }

    fn process(
        &self,
        record: &ProcessRecord,
        memory: &Memory,
        subgroup: &SubgroupRecord,
        limits: &Limits,
    ) -> Process {
        let age = (self.taken_at_seconds - record.start_time_seconds).max(0.0);
        let Quantities { rss, pss, uss, cpu } = limits.quantities;
        Process {
            key: record.key,
            name: record.name.clone(),
            class: subgroup.class.clone(),
            kind: record.kind,
            start_time_seconds: record.start_time_seconds,
            threads: record.threads,
            rss_bytes: memory.rss_bytes.filter(|_| rss),
            pss_bytes: memory.pss_bytes.filter(|_| pss),
            uss_bytes: memory.uss_bytes.filter(|_| uss),
            swap_bytes: memory.swap_bytes,
            memory_sample_age_seconds: memory.sample_age.map(|age| age.as_secs_f64()),
            cpu_seconds: record.cpu_seconds.filter(|_| cpu),
            cpu_usage_ratio: record.cpu_usage_ratio.filter(|_| cpu),
            over_limit: record.over_limit,
            has_series: limits.processes == ProcessSeries::All
                && record.kind == ProcessKind::User
                && !record.over_limit
                && passes(&limits.filter, record, memory, age),
        }
    }

    /// The visible subgroups with their sums, sorted.
    fn sum_up(&mut self, sums: Vec<Sums>, quantities: Quantities) -> Vec<Subgroup> {
        let kernel_gives = KernelGives::seen_in(&sums);
        let mut subgroups: Vec<Subgroup> = std::mem::take(&mut self.subgroups)
            .into_iter()
            .zip(sums)
            .filter(|(record, sums)| record.visible && (record.stays || sums.has_members()))
            .map(|(record, sums)| sums.into_subgroup(record, kernel_gives, quantities))
            .collect();
        subgroups.sort_unstable_by(|a, b| a.class.cmp(&b.class));
        subgroups
    }
}

fn passes(filter: &Filter, record: &ProcessRecord, memory: &Memory, age_seconds: f64) -> bool {
    let reaches = |value: Option<u64>, least: u64| least == 0 || value.is_some_and(|v| v >= least);
    record.name_passes
        && reaches(memory.uss_bytes, filter.min_uss_bytes)
        && reaches(memory.rss_bytes, filter.min_rss_bytes)
        && (filter.min_cpu_ratio <= 0.0
            || record
                .cpu_usage_ratio
                .is_some_and(|usage| usage >= filter.min_cpu_ratio))
        && (filter.min_age == Duration::ZERO || age_seconds >= filter.min_age.as_secs_f64())
}

impl ProcessStates {
    /// Counts one pid under the first state that holds.
    fn count(&mut self, kind: ProcessKind, over_limit: bool, has_series: bool, readable: bool) {
        let state = match kind {
            ProcessKind::KernelThread => &mut self.kernel_thread,
            ProcessKind::Zombie => &mut self.zombie,
            ProcessKind::User if over_limit => &mut self.over_limit,
            ProcessKind::User if !has_series => &mut self.filtered,
            ProcessKind::User if !readable => &mut self.unreadable,
            ProcessKind::User => &mut self.exported,
        };
        *state += 1;
    }
}

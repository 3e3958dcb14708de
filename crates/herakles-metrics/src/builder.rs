//! From records to a snapshot.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use herakles_classify::Class;
use herakles_stat::ProcessKey;

use crate::families;
use crate::host::HostRecord;
use crate::input::{SubgroupRecord, SubgroupSlot};
use crate::limits::{ProcessSeries, SeriesLimits};
use crate::process::{Process, ProcessKind, ProcessMemory, SubgroupShare};
use crate::select::Selection;
use crate::snapshot::{ProcessStates, Snapshot};
use crate::sums::{KernelGives, Sums};

/// Collects what one scan found and makes a [`Snapshot`] of it.
///
/// Subgroups come first; each gives the slot that its processes are made with. The order of calls
/// has no influence on the snapshot.
#[derive(Debug)]
pub struct SnapshotBuilder {
    taken_at_seconds: f64,
    /// What the time is to tell ages by.
    ages_at_seconds: f64,
    /// Pids that were listed and could not be read at all.
    unread: u64,
    host: Option<HostRecord>,
    slots: HashMap<Class, SubgroupSlot>,
    subgroups: Vec<Gathered>,
    scripts: Vec<(ProcessKey, Arc<str>)>,
}

/// A subgroup and what has come in for it.
#[derive(Debug)]
struct Gathered {
    record: SubgroupRecord,
    sums: Sums,
    members: Vec<Process>,
}

impl SnapshotBuilder {
    /// An empty snapshot of the scan taken at this Unix time, in seconds.
    pub fn new(taken_at_seconds: f64) -> Self {
        Self {
            taken_at_seconds,
            ages_at_seconds: taken_at_seconds,
            unread: 0,
            host: None,
            slots: HashMap::new(),
            subgroups: Vec::new(),
            scripts: Vec::new(),
        }
    }

    /// Tells the ages of processes by another clock than the wall's: the present on the scale of
    /// [`Process::start_time_seconds`], which no setting of the wall clock moves.
    pub fn ages_at(&mut self, seconds: f64) {
        self.ages_at_seconds = seconds;
    }

    /// Counts pids that were listed but of which nothing could be read, as unreadable.
    pub fn unread(&mut self, pids: u64) {
        self.unread += pids;
    }

    /// Adds the host.
    pub fn host(&mut self, host: HostRecord) {
        self.host = Some(host);
    }

    /// Adds a subgroup. Of two records for one class the first holds, and both get its slot:
    /// a class never makes two sets of series.
    pub fn subgroup(&mut self, record: SubgroupRecord) -> SubgroupSlot {
        *self.slots.entry(record.class.clone()).or_insert_with(|| {
            self.subgroups.push(Gathered {
                record,
                sums: Sums::default(),
                members: Vec::new(),
            });
            SubgroupSlot(self.subgroups.len() - 1)
        })
    }

    /// A process of one thread in this subgroup, of which nothing else is known yet.
    ///
    /// # Panics
    ///
    /// If the slot is not of this builder.
    #[must_use = "it is in the snapshot once it is pushed"]
    pub fn process(
        &self,
        slot: SubgroupSlot,
        key: ProcessKey,
        name: impl Into<Arc<str>>,
        kind: ProcessKind,
    ) -> Process {
        Process {
            key,
            name: name.into(),
            class: self.subgroups[slot.0].record.class.clone(),
            kind,
            start_time_seconds: None,
            threads: 1,
            memory: ProcessMemory::default(),
            cpu_seconds: None,
            cpu_usage_ratio: None,
            over_limit: false,
            has_series: true,
            slot,
        }
    }

    /// Adds a process, and its share to the sums of its subgroup. Each pid comes once in a scan;
    /// should one come twice with the same name and subgroup, the later start makes the series.
    ///
    /// # Panics
    ///
    /// If the process is not of this builder.
    pub fn push(&mut self, mut process: Process, share: &SubgroupShare) {
        let subgroup = &mut self.subgroups[process.slot.0];
        subgroup.sums.add(&mut process, share);
        process.has_series &=
            subgroup.record.visible && process.kind == ProcessKind::User && !process.over_limit;
        subgroup.members.push(process);
    }

    /// Records what an interpreter runs. It is for people: no series has it.
    pub fn script(&mut self, key: ProcessKey, script: impl Into<Arc<str>>) {
        self.scripts.push((key, script.into()));
    }

    /// Aggregates, filters and bounds. `selection` is what the choice of series remembers from
    /// one refresh to the next.
    #[must_use]
    pub fn finish(mut self, limits: &SeriesLimits, selection: &mut Selection) -> Snapshot {
        self.subgroups
            .sort_unstable_by(|a, b| a.record.class.cmp(&b.record.class));
        let kernel_gives =
            KernelGives::seen_in(self.subgroups.iter().map(|gathered| &gathered.sums));

        let mut subgroups = Vec::with_capacity(self.subgroups.len());
        let visible = self.subgroups.iter().filter(|it| it.record.visible);
        let mut processes = Vec::with_capacity(visible.map(|it| it.members.len()).sum());
        let mut states = ProcessStates {
            unreadable: self.unread,
            ..ProcessStates::default()
        };
        for Gathered {
            record,
            sums,
            mut members,
        } in self.subgroups
        {
            sort_by_series(&mut members);
            if !record.visible {
                members.iter().for_each(|member| states.count(member));
                continue;
            }
            for member in &mut members {
                member.has_series &= limits.processes == ProcessSeries::All
                    && limits.filter.passes(member, self.ages_at_seconds);
                limits.quantities.blank(member);
            }
            processes.append(&mut members);
            if record.stays || sums.has_members() {
                subgroups.push(sums.into_subgroup(record, kernel_gives, limits.quantities));
            }
        }

        let fixed = subgroups
            .iter()
            .map(|subgroup| families::subgroup_series(subgroup, limits.created))
            .sum::<usize>()
            + self
                .host
                .as_ref()
                .map_or(0, |host| families::host_series(host, limits.created));
        let chosen = selection.choose(&mut processes, fixed, limits);
        processes.iter().for_each(|process| states.count(process));
        self.scripts.sort_unstable_by_key(|(key, _)| *key);
        self.scripts.shrink_to_fit();
        Snapshot {
            taken_at_seconds: self.taken_at_seconds,
            scripts: self.scripts,
            created: limits.created,
            host: self.host,
            subgroups,
            processes,
            tops: chosen.tops,
            states,
            series: chosen.series,
            series_dropped: chosen.series_dropped,
        }
    }
}

/// Sorts the members of one subgroup by (name, pid); of doubles the later start stays.
fn sort_by_series(members: &mut Vec<Process>) {
    let order = |process: &Process| (process.key.pid, Reverse(process.key.start_time));
    // Scans come in the order of pids, and most subgroups have processes of one name.
    let are_sorted = members.is_sorted_by(|a, b| {
        let names = a.name.cmp(&b.name);
        names.then_with(|| order(a).cmp(&order(b))).is_le()
    });
    if !are_sorted {
        members.sort_by_cached_key(|process| (process.name.clone(), order(process)));
    }
    members.dedup_by(|a, b| a.key.pid == b.key.pid && a.name == b.name);
}

impl ProcessStates {
    /// Counts one pid under the first state that holds.
    fn count(&mut self, process: &Process) {
        let readable = process.memory.sample_age_seconds.is_some();
        let state = match process.kind {
            ProcessKind::KernelThread => &mut self.kernel_thread,
            ProcessKind::Zombie => &mut self.zombie,
            ProcessKind::User if process.over_limit => &mut self.over_limit,
            ProcessKind::User if !process.has_series => &mut self.filtered,
            ProcessKind::User if !readable => &mut self.unreadable,
            ProcessKind::User => &mut self.exported,
        };
        *state += 1;
    }
}

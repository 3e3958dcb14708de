//! From what a scan saw to a snapshot: class, CPU account and record of every process.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use herakles_classify::{
    ClassId, ClassTable, Classifier, Facts, Inheritance, Placement, Rules, display_name,
};
use herakles_cpu::{CpuReading, CpuTracker, Exit, UsageSample};
use herakles_metrics::{
    MemorySample, ProcessKind, ProcessMemory, SnapshotBuilder, SubgroupRecord, SubgroupShare,
    SubgroupSlot,
};
use herakles_stat::{Pid, ProcessKey};
use herakles_taskstats::ExitRecord;

use crate::exits::ExitedProcesses;
use crate::host_facts::HostFacts;
use crate::options::Options;
use crate::process_sample::{Memory, ProcessSample};
use crate::process_table::{ProcessTable, TrackedProcess};

/// Classes and their counters, from scan to scan.
pub(crate) struct Accounts {
    facts: HostFacts,
    tracker: CpuTracker<ClassId>,
    exited: ExitedProcesses,
    /// What the tracker is to be told of exits in this scan.
    exits: Vec<Exit<ClassId>>,
    classes: ClassTable,
    /// When the counters of a class began, Unix time in seconds. A class without has never been
    /// seen and is not shown.
    created: HashMap<ClassId, f64>,
    /// When the machine booted, Unix time in seconds.
    boot_seconds: Option<f64>,
    /// Counts the scans.
    scan: u32,
    /// When the scan began.
    began: Instant,
    /// Counts the sets of rules: members remember by which they were classified.
    rules: u32,
}

impl Accounts {
    pub(crate) fn new(facts: HostFacts) -> Self {
        Self {
            tracker: CpuTracker::new(facts.ticks_per_second, facts.counts_from),
            exited: ExitedProcesses::new(facts.ticks_per_second),
            facts,
            exits: Vec::new(),
            classes: ClassTable::new(),
            created: HashMap::new(),
            boot_seconds: None,
            scan: 0,
            began: Instant::now(),
            rules: 0,
        }
    }

    /// Classifies by these rules from now on.
    pub(crate) fn adopt(&mut self, rules: &Rules) {
        self.rules = self.rules.wrapping_add(1);
        let now = unix_seconds(SystemTime::now());
        self.classes.declare(rules);
        for (id, _) in self.classes.classes() {
            // Nobody declared these two: they show when they have had a member.
            if id != ClassTable::other() && id != ClassTable::kernel() {
                self.created.entry(id).or_insert(now);
            }
        }
    }

    /// The number of the rules in force.
    pub(crate) fn rules(&self) -> u32 {
        self.rules
    }

    pub(crate) fn begin(&mut self) {
        self.scan = self.scan.wrapping_add(1);
        self.began = Instant::now();
        self.boot_seconds = self.facts.boot.boot_seconds();
    }

    /// When the machine booted, Unix time in seconds, as it holds for this scan.
    pub(crate) fn boot_seconds(&self) -> Option<f64> {
        self.boot_seconds
    }

    /// Takes note of a process that is listed but could not be read.
    pub(crate) fn keep(&mut self, pid: Pid, table: &mut ProcessTable) {
        self.tracker.keep(pid);
        table.keep(pid, self.scan);
    }

    /// Brings `table` up to date: members, their names and classes.
    pub(crate) fn classify(
        &mut self,
        seen: &[ProcessSample],
        exits: &[ExitRecord],
        table: &mut ProcessTable,
        rules: &Classifier,
    ) {
        let mut news: Vec<&ProcessSample> = Vec::new();
        for it in seen {
            match table.get_mut(it.key) {
                Some(member) if it.news.is_none() => member.see(it, self.scan),
                _ => news.push(it),
            }
        }
        // Parents before children, whose class may be inherited.
        news.sort_unstable_by_key(|it| (it.key.start_time, it.key.pid));
        for it in news {
            let member = self.member(it, table, rules);
            table.insert(member);
        }
        // While those who have exited are still there.
        self.exits = self.exited.write(exits, table, rules, &mut self.classes);
        self.exited.scanned(self.began);
        table.evict(self.scan);
    }

    fn member(
        &mut self,
        seen: &ProcessSample,
        table: &ProcessTable,
        rules: &Classifier,
    ) -> TrackedProcess {
        let (comm, classification, rules_asked) = match seen.news.as_deref() {
            Some(news) => {
                let asked = (!news.provisional).then_some(self.rules);
                (news.comm.as_slice(), news.classification.clone(), asked)
            }
            // The worker was lost before it could ask the rules: only the name is known.
            None => (seen.image.comm.as_bytes(), None, None),
        };
        let (rule, placement) = if seen.kind == ProcessKind::KernelThread {
            (None, Placement::settled(ClassTable::kernel()))
        } else {
            let classification = classification.unwrap_or_else(|| {
                rules.classify(&Facts {
                    comm,
                    ..Facts::default()
                })
            });
            let parent = seen.parent.and_then(|pid| table.by_pid(pid));
            let inherited = parent.map_or(Inheritance::NONE, |it| it.inheritance.clone());
            let placement = self.classes.place(&classification, &inherited);
            let rule = classification.rule().filter(|_| !placement.inherited);
            (rule.map(Arc::clone), placement)
        };
        let script = seen.news.as_deref().and_then(|it| it.script.as_deref());
        let is_generic = self.classes.class(placement.class).is_generic();
        TrackedProcess {
            key: seen.key,
            parent: seen.parent,
            kind: seen.kind,
            threads: seen.threads,
            rss_bytes: seen.rss_bytes,
            rss_at: seen.rss_at,
            activity: seen.activity,
            virtual_bytes: seen.virtual_bytes,
            open_fds: seen.open_fds,
            max_fds: seen.max_fds,
            image: seen.image,
            program: seen.program.map(Box::new),
            name: display_name(stable_name(comm, seen.kind)).into(),
            script: script.filter(|_| is_generic).map(Arc::from),
            class: placement.class,
            rule,
            overflowed: placement.overflowed,
            inheritance: placement.inheritance,
            scan: self.scan,
            rules: rules_asked,
        }
    }

    /// Credits what everybody used, and starts the snapshot.
    pub(crate) fn account(
        &mut self,
        seen: &[ProcessSample],
        over_limit: &HashSet<ProcessKey>,
        table: &ProcessTable,
        options: &Options,
    ) -> SnapshotBuilder {
        let now = Instant::now();
        let taken_at = unix_seconds(SystemTime::now());
        let mut readings = Vec::with_capacity(seen.len());
        let mut has_members = vec![false; self.classes.id_bound()];
        for it in seen {
            let Some(member) = table.get(it.key) else {
                continue;
            };
            has_members[member.class.index()] = true;
            self.created.entry(member.class).or_insert(taken_at);
            let reading = self.read_account(it, member);
            readings.push((it, member, reading));
        }
        for exit in self.exits.drain(..) {
            self.created.entry(exit.class).or_insert(taken_at);
            self.tracker.exit(exit);
        }
        self.tracker.finish();
        self.expire(now, &has_members);

        let mut builder = SnapshotBuilder::new(taken_at);
        let boot = self.boot_seconds;
        if let (Some(boot), Some(since_boot)) = (boot, self.facts.boot.since_boot()) {
            builder.ages_at(boot + since_boot.as_secs_f64());
        }
        let slots = self.subgroups(&mut builder, options);
        let ticks = self.facts.ticks_per_second;
        for (it, member, reading) in readings {
            let Some(&slot) = slots.get(&member.class) else {
                continue;
            };
            let sample = match it.memory {
                Memory::Sample(sample) => Some(sample),
                Memory::Unknown | Memory::Failed(_) => None,
            };
            let memory = sample.map(|sample| MemorySample {
                usage: sample.usage,
                age: now.saturating_duration_since(sample.taken_at),
            });
            let started = ticks.seconds(it.key.start_time);
            let mut process = builder.process(slot, it.key, Arc::clone(&member.name), it.kind);
            process.start_time_seconds = boot.map(|boot| boot + started);
            process.threads = it.threads;
            let rss_bytes = sample.map(|it| it.rss_bytes).or(it.rss_bytes);
            process.memory = ProcessMemory::resident(rss_bytes);
            process.memory.rss_age_seconds = it.rss_age(now).map(|age| age.as_secs_f64());
            process.cpu_seconds = reading.map(|it| ticks.seconds(it.total.total()));
            process.cpu_usage_ratio = reading.and_then(|it| it.usage);
            process.over_limit = over_limit.contains(&it.key);
            process.has_series = options.names.admits(&member.name);
            let mut share = SubgroupShare::of_memory(memory);
            share.activity = it.activity;
            share.virtual_bytes = it.virtual_bytes;
            share.open_fds = it.open_fds.filter(|_| options.fds);
            share.max_fds = it.max_fds;
            builder.push(process, &share);
            if let Some(script) = &member.script {
                builder.script(it.key, Arc::clone(script));
            }
        }
        builder
    }

    fn read_account(&mut self, it: &ProcessSample, member: &TrackedProcess) -> Option<CpuReading> {
        if it.idle {
            return self.tracker.idle(it.key.pid, it.at);
        }
        Some(self.tracker.observe(UsageSample {
            key: it.key,
            parent: it.parent,
            class: member.class,
            own: it.own,
            reaped: it.reaped,
            io: it.io,
            at: it.at,
            zombie: it.kind == ProcessKind::Zombie,
        }))
    }

    fn expire(&mut self, now: Instant, has_members: &[bool]) {
        let mut expired = Vec::new();
        let has = |id: ClassId| has_members.get(id.index()).is_some_and(|it| *it);
        self.classes.expire(now, has, &mut expired);
        for id in expired {
            self.tracker.forget_class(id);
            self.exited.forget_class(id);
            self.created.remove(&id);
        }
    }

    fn subgroups(
        &self,
        builder: &mut SnapshotBuilder,
        options: &Options,
    ) -> HashMap<ClassId, SubgroupSlot> {
        let ticks = self.facts.ticks_per_second;
        let mut slots = HashMap::new();
        for (id, class) in self.classes.classes() {
            let Some(&created_seconds) = self.created.get(&id) else {
                continue;
            };
            let used = self.tracker.class(id).unwrap_or_default();
            let mut record = SubgroupRecord::new(class.clone(), created_seconds);
            record.visible = options.visibility.shows(class);
            record.stays = true;
            record.counters.cpu_user_seconds = ticks.seconds(used.cpu.user);
            record.counters.cpu_system_seconds = ticks.seconds(used.cpu.system);
            record.counters.minor_faults = used.minor_faults;
            record.counters.major_faults = used.major_faults;
            record.counters.io_bytes = self.tracker.class_io(id).filter(|_| options.io);
            let slot = builder.subgroup(record);
            slots.insert(id, slot);
        }
        slots
    }
}

/// The name without what changes all the time: the kernel shows of its workers (`kworker/0:1`)
/// what they work on (`kworker/0:1-events`).
fn stable_name(comm: &[u8], kind: ProcessKind) -> &[u8] {
    if kind != ProcessKind::KernelThread || !comm.starts_with(b"kworker/") {
        return comm;
    }
    let end = comm.iter().position(|byte| matches!(byte, b'-' | b'+'));
    end.and_then(|end| comm.get(..end)).unwrap_or(comm)
}

/// Seconds since the Unix epoch; 0 for a clock that stands before it.
fn unix_seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

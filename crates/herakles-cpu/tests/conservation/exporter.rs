//! The exporter: what it reads of the processes, and hears of those that exit.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use herakles_cpu::{CpuTracker, Exit, Usage, UsageSample};
use herakles_stat::{IoBytes, ProcessKey, TicksPerSecond};

use crate::history::Order;
use crate::kernel::{Kernel, pid, sum, within};

/// The records of exits that reach the exporter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Records {
    None,
    /// As the events have it: some are lost, all lack the tail.
    Some,
    /// Of every exit, the tail included.
    All,
}

/// The exporter: a tracker, and a scan under way.
pub(crate) struct Exporter {
    pub(crate) tracker: CpuTracker<u8>,
    records: Records,
    pub(crate) pending: Option<Vec<u32>>,
    epoch: Instant,
    reads: u32,
    last_reads: HashMap<ProcessKey, (Usage, Usage, bool)>,
    told: HashSet<ProcessKey>,
    last_counters: HashMap<u8, Usage>,
}

impl Exporter {
    pub(crate) fn start(kernel: &Kernel, records: Records) -> Self {
        let hz = TicksPerSecond::new(100).expect("a rate");
        Self {
            tracker: CpuTracker::new(hz, kernel.ticks),
            records,
            pending: None,
            epoch: Instant::now(),
            reads: 0,
            last_reads: HashMap::new(),
            told: HashSet::new(),
            last_counters: HashMap::new(),
        }
    }

    pub(crate) fn list(&mut self, kernel: &Kernel, order: Order) {
        let mut pids: Vec<u32> = kernel.tasks.keys().copied().collect();
        match order {
            Order::ByPid => {}
            Order::ParentsFirst => pids.sort_by_key(|&pid| kernel.depth(pid)),
            Order::ChildrenFirst => pids.sort_by_key(|&pid| usize::MAX - kernel.depth(pid)),
            Order::Shuffled(seed) => pids.sort_by_key(|&pid| pid.wrapping_mul(seed | 1)),
        }
        // A parent that was never read cannot be told from one that does not exist, so those that
        // are new are read from the top.
        let known = |pid: &u32| self.last_reads.contains_key(&kernel.tasks[pid].key);
        let (known, mut new): (Vec<u32>, Vec<u32>) = pids.into_iter().partition(known);
        new.sort_by_key(|&pid| kernel.depth(pid));
        let mut pids: Vec<u32> = new.into_iter().chain(known).collect();
        pids.reverse(); // taken from the end
        self.pending = Some(pids);
    }

    /// Reads the next of the listed pids; false if there is none.
    pub(crate) fn read_next(&mut self, kernel: &Kernel, fails: bool) -> bool {
        let Some(next) = self.pending.as_mut().and_then(Vec::pop) else {
            return false;
        };
        let Some(task) = kernel.tasks.get(&next) else {
            return true;
        };
        if fails && self.last_reads.contains_key(&task.key) && self.tracker.keep(pid(next)) {
            return true;
        }
        self.reads += 1;
        let at = self.epoch + Duration::from_millis(self.reads.into());
        let values = (task.own, task.reaped, task.zombie);
        // As the taskstats gate does: a process that did not run is not read. It may well have
        // got another parent meanwhile.
        if self.last_reads.insert(task.key, values) == Some(values)
            && self.tracker.idle(pid(next), at).is_some()
        {
            return true;
        }
        self.tracker.observe(UsageSample {
            io: Some(io_of(sum(task.own, task.reaped))),
            key: task.key,
            parent: herakles_stat::Pid::new(task.parent),
            zombie: task.zombie,
            class: task.class,
            own: task.own,
            reaped: task.reaped,
            at,
        });
        true
    }

    pub(crate) fn finish(&mut self, kernel: &mut Kernel) {
        self.take_exits(kernel);
        while self.read_next(kernel, false) {}
        self.pending = None;
        self.tracker.finish();
        for (class, usage) in self.tracker.classes() {
            let before = self.last_counters.insert(class, usage).unwrap_or_default();
            assert!(
                within(before, usage),
                "class {class} fell from {before:?} to {usage:?}"
            );
        }
    }

    pub(crate) fn scan(&mut self, kernel: &mut Kernel, order: Order) {
        self.list(kernel, order);
        self.finish(kernel);
    }

    pub(crate) fn take_exits(&mut self, kernel: &mut Kernel) {
        let mut deaths = Vec::new();
        // The parents exit last.
        for death in kernel.deaths.drain(..).rev() {
            let own = match self.records {
                Records::None => None,
                Records::Some if self.is_known(death.key) => death.told,
                // Where a record may be lost, so may that of the one it went into.
                Records::Some => death.told.filter(|_| self.is_known(death.parent)),
                Records::All => Some(death.own),
            };
            if let Some(own) = own {
                self.told.insert(death.key);
                deaths.push((death, own));
            }
        }
        for (index, (death, own)) in deaths.into_iter().rev().enumerate() {
            // The exporter computes the start time from other clocks.
            let start_time = death.key.start_time + index as u64 % 3;
            self.tracker.exit(Exit {
                io: Some(io_of(own)),
                key: ProcessKey {
                    start_time,
                    ..death.key
                },
                parent: Some(death.parent.pid),
                class: death.class,
                own,
            });
        }
    }

    fn is_known(&self, key: ProcessKey) -> bool {
        self.last_reads.contains_key(&key) || self.told.contains(&key)
    }

    pub(crate) fn credited_io(&self) -> IoBytes {
        let of = |(class, _)| self.tracker.class_io(class).unwrap_or_default();
        let all = self.tracker.classes().map(of);
        all.fold(IoBytes::ZERO, |sum, it| IoBytes {
            read: sum.read + it.read,
            write: sum.write + it.write,
        })
    }

    pub(crate) fn credited(&self) -> Usage {
        let all = self.tracker.classes().map(|(_, usage)| usage);
        self.comparable(all.fold(Usage::ZERO, sum))
    }

    /// Without the division into modes, where records may have another one.
    pub(crate) fn comparable(&self, usage: Usage) -> Usage {
        let mut comparable = usage;
        if self.records != Records::None {
            comparable.cpu.user = usage.cpu.total();
            comparable.cpu.system = 0;
        }
        comparable
    }
}

/// What storage did while this was used: a task that it works for takes page faults.
pub(crate) fn io_of(used: Usage) -> IoBytes {
    IoBytes {
        read: 4096 * used.minor_faults + used.major_faults,
        write: 512 * used.minor_faults,
    }
}

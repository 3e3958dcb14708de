//! A host with a refresh each 30 s, and the planner that looks at it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use herakles_plan::{
    Fingerprint, Moment, Observation, PlanLimits, PlanSummary, Planner, Ratio, Read, Reason,
    Resident,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{Pid, ProcessKey};

pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const GAP: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    pub(crate) parent: u32,
    pub(crate) program: u64,
    /// The memory image that exec made; 0 if it is not known.
    pub(crate) image: u64,
    pub(crate) faults: u64,
    pub(crate) rss_mib: u64,
    pub(crate) shared_mib: u64,
    /// How long a read of it takes.
    pub(crate) takes: Duration,
}

/// A small process that shares little.
pub(crate) const PROCESS: Process = Process {
    parent: 1,
    program: 0,
    image: 0,
    faults: 1,
    rss_mib: 4,
    shared_mib: 2,
    takes: Duration::from_micros(100),
};

pub(crate) struct Host {
    pub(crate) planner: Planner,
    pub(crate) now: Instant,
    pub(crate) ksm: u64,
    pub(crate) processes: BTreeMap<u32, Process>,
}

/// Processes that have nothing to do with each other.
pub(crate) fn crowd(processes: u32) -> Vec<(u32, Process)> {
    let each = |pid: u32| {
        let program = pid.into();
        (pid, Process { program, ..PROCESS })
    };
    (10..10 + processes).map(each).collect()
}

pub(crate) fn key(pid: u32) -> ProcessKey {
    let pid = Pid::new(pid).expect("a pid");
    ProcessKey {
        pid,
        start_time: 100,
    }
}

pub(crate) fn ratio(ratio: f64) -> Ratio {
    Ratio::new(ratio).expect("a ratio")
}

/// The defaults of the exporter, with `memory_max_age` of ten refreshes.
pub(crate) fn limits() -> PlanLimits {
    PlanLimits {
        memory_max_age: GAP * 10,
        hold_ratio: ratio(0.001),
        max_hold: Some(Duration::from_secs(1)),
        cpu_budget: Some(ratio(0.02)),
    }
}

/// Limits under which nothing is read for its age, within a few refreshes.
pub(crate) fn patient() -> PlanLimits {
    PlanLimits {
        memory_max_age: GAP * 1_000_000,
        ..limits()
    }
}

impl Process {
    pub(crate) fn usage(&self) -> MemoryUsage {
        let mut usage = MemoryUsage::default();
        usage.rss_bytes = self.rss_mib * MIB;
        usage.pss_bytes = self.rss_mib * MIB;
        usage.private_dirty_bytes = (self.rss_mib - self.shared_mib) * MIB;
        usage.shared_clean_bytes = self.shared_mib * MIB;
        usage
    }

    pub(crate) fn seen_as(&self, pid: u32) -> Observation {
        Observation {
            key: key(pid),
            parent: Pid::new(self.parent),
            program: self.program,
            image: self.image,
            fingerprint: Fingerprint {
                minor_faults: self.faults,
                resident: Resident {
                    all_bytes: self.rss_mib * MIB,
                    ..Resident::default()
                },
                ..Fingerprint::default()
            },
        }
    }
}

impl Host {
    pub(crate) fn new(limits: PlanLimits, processes: &[(u32, Process)]) -> Self {
        let now = Instant::now();
        Self {
            planner: Planner::new(limits, now),
            now,
            ksm: 0,
            processes: processes.iter().copied().collect(),
        }
    }

    pub(crate) fn change(&mut self, pid: u32, change: impl FnOnce(&mut Process)) {
        change(self.processes.get_mut(&pid).expect("a process"));
    }

    pub(crate) fn observe(&mut self) {
        for (&pid, process) in &self.processes {
            self.planner.observe(&process.seen_as(pid), self.now);
        }
    }

    pub(crate) fn plan(&mut self) -> Vec<Read> {
        let mut reads = Vec::new();
        let next = self.now + GAP;
        let moment = Moment {
            now: self.now,
            next,
            ksm_pages: Some(self.ksm),
        };
        self.planner.plan(&moment, &mut reads);
        reads
    }

    /// Makes the reads, as far as the budget allows; returns those made.
    pub(crate) fn read(&mut self, reads: &[Read]) -> Vec<(u32, Reason)> {
        let allowance = self.planner.allowance();
        let mut spent = Duration::ZERO;
        let mut made = Vec::new();
        for read in reads {
            if allowance.is_some_and(|allowance| spent >= allowance) {
                break;
            }
            let pid = read.key.pid.as_u32();
            let process = self.processes[&pid];
            self.planner
                .record(read.key, &process.usage(), self.now, process.takes);
            spent += process.takes;
            made.push((pid, read.reason));
        }
        made
    }

    /// A whole refresh; returns what was read and why.
    pub(crate) fn refresh(&mut self) -> Vec<(u32, Reason)> {
        self.refresh_counted().0
    }

    pub(crate) fn refresh_counted(&mut self) -> (Vec<(u32, Reason)>, PlanSummary) {
        self.observe();
        let mut made = Vec::new();
        for _ in 0..2 {
            let reads = self.plan();
            made.extend(self.read(&reads));
        }
        let tally = self.planner.finish();
        self.now += GAP;
        (made, tally)
    }
}

/// 21 with its parent, sibling, child, another instance, a stranger, and one that shares little.
pub(crate) fn family() -> Vec<(u32, Process)> {
    let of = |parent, program| Process {
        parent,
        program,
        rss_mib: 100,
        shared_mib: 90,
        ..PROCESS
    };
    vec![
        (20, of(1, 9)),
        (21, of(20, 7)),
        (22, of(20, 8)),
        (23, of(21, 6)),
        (24, of(1, 7)),
        (25, of(1, 5)),
        (
            26,
            Process {
                parent: 20,
                program: 7,
                ..PROCESS
            },
        ),
    ]
}

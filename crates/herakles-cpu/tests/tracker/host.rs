//! A host that is scanned once a second.

use std::time::{Duration, Instant};

use herakles_cpu::{CpuReading, CpuTracker, Usage, UsageSample};
use herakles_stat::{CpuTicks, Pid, ProcessKey, TicksPerSecond};

pub(crate) const EXPORTER_START: u64 = 1_000;

/// Scans one second apart of processes given as `(pid, start time, parent)`.
pub(crate) struct Host {
    pub(crate) tracker: CpuTracker<&'static str>,
    pub(crate) now: Instant,
}

#[derive(Clone, Copy)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) start_time: u64,
    pub(crate) parent: u32,
    pub(crate) class: &'static str,
    pub(crate) own: u64,
    pub(crate) reaped: u64,
}

pub(crate) const INIT: Process = Process {
    pid: 1,
    start_time: 1,
    parent: 0,
    class: "init",
    own: 500,
    reaped: 9_000,
};
pub(crate) const SHELL: Process = Process {
    pid: 10,
    start_time: 200,
    parent: 1,
    class: "shell",
    own: 70,
    reaped: 30,
};
pub(crate) const JOB: Process = Process {
    pid: 20,
    start_time: 2_000,
    parent: 10,
    class: "job",
    own: 0,
    reaped: 0,
};

pub(crate) fn user(ticks: u64) -> Usage {
    Usage {
        cpu: CpuTicks {
            user: ticks,
            system: 0,
        },
        ..Usage::ZERO
    }
}

impl Process {
    pub(crate) fn key(&self) -> ProcessKey {
        ProcessKey {
            pid: Pid::new(self.pid).expect("a pid"),
            start_time: self.start_time,
        }
    }

    pub(crate) fn used(self, own: u64) -> Self {
        Self { own, ..self }
    }

    pub(crate) fn reaped(self, reaped: u64) -> Self {
        Self { reaped, ..self }
    }
}

impl Host {
    pub(crate) fn new() -> Self {
        let hz = TicksPerSecond::new(100).expect("a rate");
        Self {
            tracker: CpuTracker::new(hz, EXPORTER_START),
            now: Instant::now(),
        }
    }

    pub(crate) fn read(&mut self, process: Process) -> CpuReading {
        self.now += Duration::from_millis(1);
        self.tracker.observe(UsageSample {
            io: None,
            key: process.key(),
            parent: Pid::new(process.parent),
            zombie: false,
            class: process.class,
            own: user(process.own),
            reaped: user(process.reaped),
            at: self.now,
        })
    }

    pub(crate) fn scan(&mut self, processes: &[Process]) {
        for &process in processes {
            self.read(process);
        }
        self.finish();
    }

    pub(crate) fn finish(&mut self) {
        self.tracker.finish();
        self.now += Duration::from_secs(1);
    }

    pub(crate) fn ticks(&self, class: &'static str) -> u64 {
        self.tracker.class(class).unwrap_or_default().cpu.total()
    }
}

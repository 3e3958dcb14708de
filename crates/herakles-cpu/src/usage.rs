//! What a process has used: CPU ticks, page faults and storage.

use std::time::Instant;

use herakles_stat::{CpuTicks, IoBytes, Pid, ProcessKey};

/// What a process, or a class of processes, has used: CPU time and page faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time, in clock ticks.
    pub cpu: CpuTicks,
    /// Page faults answered without I/O (`minflt`, `cminflt`).
    pub minor_faults: u64,
    /// Page faults that needed I/O (`majflt`, `cmajflt`).
    pub major_faults: u64,
}

impl Usage {
    /// Nothing used.
    pub const ZERO: Self = Self {
        cpu: CpuTicks { user: 0, system: 0 },
        minor_faults: 0,
        major_faults: 0,
    };

    /// Whether every counter is 0.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// `self - other`, each counter by itself and never below 0.
    pub(crate) fn minus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub)
    }

    /// `self - other` where the division into user and system may differ between the two: what
    /// one of the modes is short of is taken from the other.
    pub(crate) fn beyond(self, other: Self) -> Self {
        let (mine, theirs) = (self.cpu, other.cpu);
        let rest = self.minus(other);
        let short_of_user = theirs.user.saturating_sub(mine.user);
        let short_of_system = theirs.system.saturating_sub(mine.system);
        Self {
            cpu: CpuTicks {
                user: rest.cpu.user.saturating_sub(short_of_system),
                system: rest.cpu.system.saturating_sub(short_of_user),
            },
            ..rest
        }
    }

    pub(crate) fn at_least(self, other: Self) -> Self {
        self.zip(other, u64::max)
    }

    fn zip(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            cpu: CpuTicks {
                user: join(self.cpu.user, other.cpu.user),
                system: join(self.cpu.system, other.cpu.system),
            },
            minor_faults: join(self.minor_faults, other.minor_faults),
            major_faults: join(self.major_faults, other.major_faults),
        }
    }
}

/// Usage and storage together: what goes from a process that was reaped to who reaped it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) usage: Usage,
    pub(crate) io: IoBytes,
}

impl Used {
    pub(crate) const ZERO: Self = Self {
        usage: Usage::ZERO,
        io: IoBytes::ZERO,
    };

    pub(crate) fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            usage: self.usage.plus(other.usage),
            io: zip_io(self.io, other.io, u64::saturating_add),
        }
    }

    /// See [`Usage::minus`].
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            usage: self.usage.minus(other.usage),
            io: zip_io(self.io, other.io, u64::saturating_sub),
        }
    }

    /// See [`Usage::beyond`].
    pub(crate) fn beyond(self, other: Self) -> Self {
        Self {
            usage: self.usage.beyond(other.usage),
            ..self.minus(other)
        }
    }
}

pub(crate) fn zip_io(one: IoBytes, other: IoBytes, join: impl Fn(u64, u64) -> u64) -> IoBytes {
    IoBytes {
        read: join(one.read, other.read),
        write: join(one.write, other.write),
    }
}

/// One good read of a process's `stat`, as [`CpuTracker::observe`](crate::CpuTracker::observe) takes it.
#[derive(Clone, Copy, Debug)]
pub struct UsageSample<C> {
    /// The identity.
    pub key: ProcessKey,
    /// The parent at the time of the read (`ppid`); `None` if it is outside the pid namespace.
    pub parent: Option<Pid>,
    /// Whether it has exited and waits to be reaped, so that it has no children any more: a
    /// zombie, but not an exited leader whose threads live on.
    pub zombie: bool,
    /// The class that the growth since the last read is credited to.
    pub class: C,
    /// What the process itself has used: `utime`, `stime`, `minflt`, `majflt`.
    pub own: Usage,
    /// What the children it waited for had used: `cutime`, `cstime`, `cminflt`, `cmajflt`.
    pub reaped: Usage,
    /// What it and the children it waited for had storage read and write (`io`); `None` if that
    /// was not read.
    pub io: Option<IoBytes>,
    /// When this very `stat` was read.
    pub at: Instant,
}

/// The CPU time of one process after an observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuReading {
    /// User and system ticks of this identity so far; never falls while it lives.
    pub total: CpuTicks,
    /// Cores used between the last two good reads (2.0: two full cores); `None` at first sight.
    pub usage: Option<f64>,
}

/// The last word on a process that has exited, as taskstats reports it.
///
/// It is a last sight of a process shortly before its end, not the end itself: the kernel takes
/// the memory apart later.
#[derive(Clone, Copy, Debug)]
pub struct Exit<C> {
    /// The identity. Its start time may be off by up to a second: taskstats tells it in units
    /// other than `stat`.
    pub key: ProcessKey,
    /// The parent at exit.
    pub parent: Option<Pid>,
    /// The class to credit if the process has never been observed; a known one keeps its own.
    pub class: C,
    /// All that the process itself has used, its exited threads included. How it divides into
    /// user and system is an estimate: `stat` may divide the same time otherwise.
    pub own: Usage,
    /// What the process itself had storage read and write; `None` if that is not told.
    pub io: Option<IoBytes>,
}

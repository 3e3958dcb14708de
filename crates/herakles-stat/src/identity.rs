//! Who a process is: its pid, and when it started.

use std::fmt;
use std::num::NonZeroU32;

/// A process (thread-group) or thread id, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(NonZeroU32);

impl Pid {
    /// The id, or `None` for 0 (the kernel's "no process") and for what no `pid_t` can hold.
    pub const fn new(id: u32) -> Option<Self> {
        if id > i32::MAX as u32 {
            return None;
        }
        match NonZeroU32::new(id) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// The id of a `/proc` directory name: decimal digits without sign or leading zero.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        if name.is_empty() || name.len() > 10 || name.first() == Some(&b'0') {
            return None;
        }
        let mut id: u64 = 0;
        for digit in name {
            if !digit.is_ascii_digit() {
                return None;
            }
            id = id * 10 + u64::from(digit - b'0');
        }
        u32::try_from(id).ok().and_then(Self::new)
    }

    /// The id as a number.
    pub const fn as_u32(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The identity of a process: a pid alone is reused, a pid with its start time is not
/// (within the resolution of one clock tick).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessKey {
    /// The process id.
    pub pid: Pid,
    /// `starttime` of `stat` (field 22): clock ticks after boot, 0 for an earlier start.
    pub start_time: u64,
}

/// CPU time of a process in clock ticks (`CLK_TCK` a second), split by mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTicks {
    /// `utime`: ticks in user mode, guest time included.
    pub user: u64,
    /// `stime`: ticks in kernel mode.
    pub system: u64,
}

impl CpuTicks {
    /// User and system ticks together.
    pub const fn total(self) -> u64 {
        self.user.saturating_add(self.system)
    }
}

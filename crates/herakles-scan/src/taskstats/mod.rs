//! Who has run since the last look, without opening a file: the kernel's taskstats, asked over
//! generic netlink (`Documentation/accounting/taskstats.rst`).

mod exits;
mod line;
mod wire;

use std::time::Duration;

use herakles_stat::Pid;
use rustix::io::Errno;

pub use self::exits::{Arrivals, Drained, ExitRecord, ExitRecords};
use self::line::Line;
use self::wire::{Attributes, u16_at, u64_at};

/// `include/uapi/linux/taskstats.h`
const TASKSTATS_CMD_GET: u8 = 1;
const TASKSTATS_CMD_ATTR_TGID: u16 = 2;
const TASKSTATS_CMD_ATTR_REGISTER_CPUMASK: u16 = 3;
const TASKSTATS_TYPE_STATS: u16 = 3;
const TASKSTATS_TYPE_AGGR_PID: u16 = 4;
const TASKSTATS_TYPE_AGGR_TGID: u16 = 5;

/// Where `struct taskstats` has what we need, in bytes.
mod layout {
    pub(super) const VERSION: usize = 0;
    pub(super) const AC_FLAG: usize = 8;
    pub(super) const CPU_RUN_VIRTUAL_TOTAL: usize = 72;
    pub(super) const AC_COMM: usize = 80;
    pub(super) const AC_UID: usize = 120;
    pub(super) const AC_PID: usize = 128;
    pub(super) const AC_PPID: usize = 132;
    pub(super) const AC_ETIME: usize = 144;
    pub(super) const AC_UTIME: usize = 152;
    pub(super) const AC_STIME: usize = 160;
    pub(super) const AC_MINFLT: usize = 168;
    pub(super) const AC_MAJFLT: usize = 176;
    pub(super) const NVCSW: usize = 272;
    pub(super) const NIVCSW: usize = 280;
    pub(super) const AC_TGID: usize = 368;
    pub(super) const AC_TGETIME: usize = 376;
    /// The first version (Linux 5.19) that says which process a thread belongs to.
    pub(super) const WITH_TGID: u16 = 12;
    /// This version (Linux 6.14) moved fields by mistake; the next moved them back.
    pub(super) const MISPLACED: u16 = 15;
}

/// Questions in one `send`: a system call for many processes, and answers that fit the socket's
/// buffer.
const BATCH: usize = 32;

/// What a process has done so far: sums over its living threads, which fall when one ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskActivity {
    /// The process.
    pub pid: Pid,
    /// Context switches, voluntary (`nvcsw`) and not (`nivcsw`).
    pub context_switches: u64,
    /// CPU time in user mode (`ac_utime`), exact to the microsecond.
    pub user: Duration,
    /// CPU time in kernel mode (`ac_stime`), exact to the microsecond.
    pub system: Duration,
    /// How long the threads have been there (`ac_etime`).
    pub elapsed: Duration,
}

impl TaskActivity {
    /// Whether the process did not run between an `earlier` look and this one, at least `since`
    /// apart. Whoever ran was switched out and got CPU time (one that is on a CPU for the first
    /// time at this very moment is seen at the next look); a new process with the same pid has
    /// not been there for so long.
    pub fn slept_since(&self, earlier: &Self, since: Duration) -> bool {
        self.pid == earlier.pid
            && self.context_switches == earlier.context_switches
            && self.user == earlier.user
            && self.system == earlier.system
            && self.elapsed >= earlier.elapsed + since
    }
}

/// An open line to taskstats. Needs `CAP_NET_ADMIN` in the initial user namespace.
///
/// Pids are those of our own pid namespace: see
/// [`ProcFs::is_our_pid_namespace`](crate::ProcFs::is_our_pid_namespace).
#[derive(Debug)]
pub struct TaskstatsGate {
    line: Line,
}

impl TaskstatsGate {
    /// Opens the line and tries it.
    ///
    /// # Errors
    /// [`GateError::Unsupported`] by a kernel without taskstats, [`GateError::Denied`] without
    /// the right; the others as [`TaskstatsGate::query`].
    pub fn open() -> Result<Self, GateError> {
        let mut gate = Self {
            line: Line::open()?,
        };
        // The right is checked at each question, so there must be one.
        let own = Pid::new(std::process::id()).ok_or(GateError::Unsupported)?;
        let mut answer = Vec::new();
        gate.query(&[own], &mut answer)?;
        if answer.is_empty() {
            Err(GateError::Malformed)
        } else {
            Ok(gate)
        }
    }

    /// Asks about processes and appends the answers to `out`, in the order of `pids`. Processes
    /// that are gone have none.
    ///
    /// # Errors
    /// [`GateError::NoAnswer`], [`GateError::Malformed`] and [`GateError::Io`] should not be;
    /// the line may be used again after any.
    pub fn query(&mut self, pids: &[Pid], out: &mut Vec<TaskActivity>) -> Result<(), GateError> {
        for batch in pids.chunks(BATCH) {
            let first = self.line.begin();
            for pid in batch {
                self.line.ask(
                    TASKSTATS_CMD_GET,
                    TASKSTATS_CMD_ATTR_TGID,
                    &pid.as_u32().to_ne_bytes(),
                );
            }
            self.line.exchange(first, |index, result| {
                let Some(&pid) = batch.get(index) else {
                    return Err(GateError::Malformed);
                };
                match result {
                    Ok(attributes) => out.push(activity(pid, attributes)?),
                    Err(Errno::SRCH) => {}
                    Err(Errno::PERM) => return Err(GateError::Denied),
                    Err(errno) => return Err(errno.into()),
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn activity(pid: Pid, attributes: Attributes<'_>) -> Result<TaskActivity, GateError> {
    let stats = attributes
        .nested(TASKSTATS_TYPE_AGGR_TGID)
        .and_then(|aggregate| aggregate.find(TASKSTATS_TYPE_STATS))
        .ok_or(GateError::Malformed)?;
    if u16_at(stats, layout::VERSION) == Some(layout::MISPLACED) {
        return Err(GateError::Unsupported);
    }
    let number = |offset| u64_at(stats, offset).ok_or(GateError::Malformed);
    let micros = |offset| number(offset).map(Duration::from_micros);
    Ok(TaskActivity {
        pid,
        context_switches: number(layout::NVCSW)?.wrapping_add(number(layout::NIVCSW)?),
        user: micros(layout::AC_UTIME)?,
        system: micros(layout::AC_STIME)?,
        elapsed: micros(layout::AC_ETIME)?,
    })
}

/// Why taskstats cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The kernel is built without `CONFIG_TASKSTATS`, or has a version of it with misplaced
    /// fields.
    #[error("this kernel has no usable taskstats")]
    Unsupported,
    /// The right is missing.
    #[error("not permitted; taskstats needs CAP_NET_ADMIN in the initial user namespace")]
    Denied,
    /// Exits are told in the initial pid namespace only.
    #[error("not permitted; exit records are for the initial pid and user namespaces")]
    Namespace,
    /// The kernel did not answer within a second.
    #[error("the kernel does not answer")]
    NoAnswer,
    /// The kernel's answer is not what its headers say.
    #[error("the kernel's answer is not understood")]
    Malformed,
    /// Any other failure of a system call.
    #[error("netlink: {0}")]
    Io(crate::Errno),
}

impl GateError {
    fn io(error: &std::io::Error) -> Self {
        Self::Io(crate::Errno::of(error))
    }
}

impl From<Errno> for GateError {
    fn from(errno: Errno) -> Self {
        Self::io(&errno.into())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TaskActivity;
    use crate::testing::pid;

    #[test]
    fn only_who_did_nothing_all_the_time_slept() {
        let second = Duration::from_secs(1);
        let before = TaskActivity {
            pid: pid(7),
            context_switches: 10,
            user: Duration::from_micros(5),
            system: Duration::from_micros(6),
            elapsed: Duration::from_secs(60),
        };
        let after = TaskActivity {
            elapsed: before.elapsed + second,
            ..before
        };
        assert!(after.slept_since(&before, second));
        // Two threads have been there for two seconds more.
        let two = TaskActivity {
            elapsed: after.elapsed + second,
            ..after
        };
        assert!(two.slept_since(&before, second));
        for ran in [
            TaskActivity {
                context_switches: 11,
                ..after
            },
            TaskActivity {
                user: Duration::from_micros(7),
                ..after
            },
            TaskActivity {
                system: Duration::from_micros(7),
                ..after
            },
            // Another process with the same pid and, by chance, the same figures.
            TaskActivity {
                elapsed: Duration::from_millis(300),
                ..after
            },
            TaskActivity {
                pid: pid(8),
                ..after
            },
        ] {
            assert!(!ran.slept_since(&before, second), "{ran:?}");
        }
    }
}

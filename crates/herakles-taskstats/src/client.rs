//! Questions about living processes: what each has done so far.

use std::time::Duration;

use herakles_stat::Pid;
use rustix::io::Errno;

use crate::error::Error;
use crate::layout::{
    self, TASKSTATS_CMD_ATTR_TGID, TASKSTATS_CMD_GET, TASKSTATS_TYPE_AGGR_TGID,
    TASKSTATS_TYPE_STATS,
};
use crate::socket::Socket;
use crate::wire::{Attributes, u16_at, u64_at};

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

/// An open socket to taskstats. Needs `CAP_NET_ADMIN` in the initial user namespace.
///
/// Pids are those of our own pid namespace. Only where `/proc` shows that namespace do they
/// name the same processes.
#[derive(Debug)]
pub struct Client {
    socket: Socket,
}

impl Client {
    /// Opens the socket and tries it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] by a kernel without taskstats, [`Error::Denied`] without
    /// the right; the others as [`Client::query`].
    pub fn open() -> Result<Self, Error> {
        let mut client = Self {
            socket: Socket::open()?,
        };
        // The right is checked at each question, so there must be one.
        let own = Pid::new(std::process::id()).ok_or(Error::Unsupported)?;
        let mut answer = Vec::new();
        client.query(&[own], &mut answer)?;
        if answer.is_empty() {
            Err(Error::Malformed)
        } else {
            Ok(client)
        }
    }

    /// Asks about processes and appends the answers to `out`, in the order of `pids`. Processes
    /// that are gone have none.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], [`Error::Malformed`] and [`Error::Io`] should not be;
    /// the socket may be used again after any.
    pub fn query(&mut self, pids: &[Pid], out: &mut Vec<TaskActivity>) -> Result<(), Error> {
        for batch in pids.chunks(BATCH) {
            let first = self.socket.begin();
            for pid in batch {
                self.socket.ask(
                    TASKSTATS_CMD_GET,
                    TASKSTATS_CMD_ATTR_TGID,
                    &pid.as_u32().to_ne_bytes(),
                );
            }
            self.socket.exchange(first, |index, result| {
                let Some(&pid) = batch.get(index) else {
                    return Err(Error::Malformed);
                };
                match result {
                    Ok(attributes) => out.push(activity(pid, attributes)?),
                    Err(Errno::SRCH) => {}
                    Err(Errno::PERM) => return Err(Error::Denied),
                    Err(errno) => return Err(errno.into()),
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

pub(crate) fn activity(pid: Pid, attributes: Attributes<'_>) -> Result<TaskActivity, Error> {
    let stats = attributes
        .nested(TASKSTATS_TYPE_AGGR_TGID)
        .and_then(|aggregate| aggregate.find(TASKSTATS_TYPE_STATS))
        .ok_or(Error::Malformed)?;
    if u16_at(stats, layout::VERSION) == Some(layout::MISPLACED) {
        return Err(Error::Unsupported);
    }
    let number = |offset| u64_at(stats, offset).ok_or(Error::Malformed);
    let micros = |offset| number(offset).map(Duration::from_micros);
    Ok(TaskActivity {
        pid,
        context_switches: number(layout::NVCSW)?.wrapping_add(number(layout::NIVCSW)?),
        user: micros(layout::AC_UTIME)?,
        system: micros(layout::AC_STIME)?,
        elapsed: micros(layout::AC_ETIME)?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use herakles_stat::Pid;

    use super::TaskActivity;

    fn pid(id: u32) -> Pid {
        Pid::new(id).unwrap()
    }

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

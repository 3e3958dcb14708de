//! Who has run since the last look, without opening a file: the kernel's taskstats, asked over
//! generic netlink (`Documentation/accounting/taskstats.rst`).

mod wire;

use std::os::fd::OwnedFd;
use std::time::Duration;

use herakles_stat::Pid;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use self::wire::{Attributes, Request, answers, u16_at, u64_at};

/// `GENL_ID_CTRL`, the family that knows the others, and what to ask it.
const CONTROL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

/// `include/uapi/linux/taskstats.h`
const FAMILY_NAME: &[u8] = b"TASKSTATS\0";
const TASKSTATS_CMD_GET: u8 = 1;
const TASKSTATS_CMD_ATTR_TGID: u16 = 2;
const TASKSTATS_TYPE_STATS: u16 = 3;
const TASKSTATS_TYPE_AGGR_TGID: u16 = 5;

/// Where `struct taskstats` has what we need, in bytes.
mod layout {
    pub(super) const VERSION: usize = 0;
    pub(super) const AC_ETIME: usize = 144;
    pub(super) const AC_UTIME: usize = 152;
    pub(super) const AC_STIME: usize = 160;
    pub(super) const NVCSW: usize = 272;
    pub(super) const NIVCSW: usize = 280;
    /// This version (Linux 6.14) moved fields by mistake; the next moved them back.
    pub(super) const MISPLACED: u16 = 15;
}

/// Questions in one `send`: a system call for many processes, and answers that fit the socket's
/// buffer.
const BATCH: usize = 32;

/// The kernel answers before `send` returns, so there is nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(1);

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
    socket: OwnedFd,
    family: u16,
    sequence: u32,
    request: Vec<u8>,
    datagram: Vec<u8>,
}

impl TaskstatsGate {
    /// Opens the line and tries it.
    ///
    /// # Errors
    /// [`GateError::Unsupported`] by a kernel without taskstats, [`GateError::Denied`] without
    /// the right; the others as [`TaskstatsGate::query`].
    pub fn open() -> Result<Self, GateError> {
        let family = AddressFamily::NETLINK;
        let protocol = Some(netlink::GENERIC);
        let socket = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, protocol).map_err(
            |errno| match errno {
                Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT => GateError::Unsupported,
                Errno::ACCESS | Errno::PERM => GateError::Denied,
                errno => errno.into(),
            },
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        let mut gate = Self {
            socket,
            family: CONTROL,
            sequence: 0,
            request: Vec::new(),
            datagram: vec![0; 8 * 1024],
        };
        gate.family = gate.ask_family()?;
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
            self.request.clear();
            let first = self.sequence;
            for pid in batch {
                self.push(
                    TASKSTATS_CMD_GET,
                    TASKSTATS_CMD_ATTR_TGID,
                    &pid.as_u32().to_ne_bytes(),
                );
            }
            self.exchange(first, |index, result| {
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

    /// Numbers of families are given out at boot.
    fn ask_family(&mut self) -> Result<u16, GateError> {
        let mut family = None;
        let first = self.sequence;
        self.push(CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, FAMILY_NAME);
        self.exchange(first, |_, result| {
            let attributes = result.map_err(|errno| match errno {
                Errno::NOENT => GateError::Unsupported,
                errno => errno.into(),
            })?;
            family = attributes
                .find(CTRL_ATTR_FAMILY_ID)
                .and_then(|id| u16_at(id, 0));
            Ok(())
        })?;
        family.ok_or(GateError::Malformed)
    }

    fn push(&mut self, command: u8, attribute: u16, value: &[u8]) {
        let Self {
            family, sequence, ..
        } = *self;
        Request {
            family,
            command,
            sequence,
            attribute,
            value,
        }
        .write(&mut self.request);
        self.sequence = sequence.wrapping_add(1);
    }

    /// Sends the requests, whose sequence numbers begin with `first`, and hands over the answer
    /// to each with its index.
    fn exchange(
        &mut self,
        first: u32,
        mut each: impl FnMut(usize, Result<Attributes<'_>, Errno>) -> Result<(), GateError>,
    ) -> Result<(), GateError> {
        retry_on_intr(|| send(&self.socket, &self.request, SendFlags::empty()))?;
        let mut missing = self.sequence.wrapping_sub(first);
        let asked = missing;
        while missing > 0 {
            let received =
                retry_on_intr(|| recv(&self.socket, &mut self.datagram[..], RecvFlags::empty()));
            let (length, _) = received.map_err(|errno| match errno {
                Errno::AGAIN => GateError::NoAnswer,
                errno => errno.into(),
            })?;
            let datagram = self.datagram.get(..length).unwrap_or_default();
            let mut understood = false;
            for answer in answers(datagram) {
                understood = true;
                let index = answer.sequence.wrapping_sub(first);
                // What is left of a question that failed is not ours.
                if index < asked {
                    missing = missing.saturating_sub(1);
                    let result = answer.result.map_err(Errno::from_raw_os_error);
                    each(index as usize, result)?;
                }
            }
            if !understood {
                return Err(GateError::Malformed);
            }
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

impl From<Errno> for GateError {
    fn from(errno: Errno) -> Self {
        Self::Io(crate::Errno::of(&errno.into()))
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

//! One record for each process that exits, as the kernel tells those who registered for it.

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod threads;

use std::ops::AddAssign;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};
use std::{fs, io};

use herakles_stat::{IoBytes, Pid};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_recv_buffer_size_force};
use rustix::time::{ClockId, clock_gettime};

use self::threads::Threads;
use crate::error::Error;
use crate::layout::{
    self, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, TASKSTATS_CMD_ATTR_TGID, TASKSTATS_CMD_GET,
    TASKSTATS_TYPE_AGGR_PID, TASKSTATS_TYPE_AGGR_TGID, TASKSTATS_TYPE_STATS,
};
use crate::socket::Socket;
use crate::wire::{Answer, Attributes, u16_at, u32_at, u64_at};

/// The processors there can ever be, as a list of ranges: what may be registered for.
const POSSIBLE_CPUS: &str = "/sys/devices/system/cpu/possible";

/// Room in the socket, in bytes: some thousands of exits.
const SOCKET_BUFFER: usize = 8 << 20;

/// Datagrams taken in one go; whoever exits faster is taken the next time.
const MOST_AT_ONCE: usize = 1 << 16;

/// `AGROUP` of `ac_flag`: this was the last thread of its process.
const LAST_OF_GROUP: u8 = 0x20;

/// What a process has used until it began to exit. Its very end, in which the kernel takes its
/// memory apart, comes after the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitRecord {
    /// The process.
    pub pid: Pid,
    /// Its parent at that moment (`ac_ppid`).
    pub parent: Option<Pid>,
    /// Its real user (`ac_uid`).
    pub uid: u32,
    /// When it started, as time since boot. Late by as long as the record waited to be drained,
    /// and by as long as the machine was suspended meanwhile.
    pub started: Duration,
    /// How long it lived (`ac_tgetime`), without suspension.
    pub lived: Duration,
    /// When the record was drained.
    pub drained_at: Instant,
    /// CPU time of all its threads in user mode, divided as `stat` does it.
    pub user: Duration,
    /// The same in kernel mode.
    pub system: Duration,
    /// Page faults of all its threads without I/O (`ac_minflt`).
    pub minor_faults: u64,
    /// Page faults with I/O (`ac_majflt`).
    pub major_faults: u64,
    /// What all its threads had storage read and write, in whole KiB (`read_bytes`,
    /// `write_bytes`).
    pub io: IoBytes,
    /// The name, filled up with NUL; see [`comm`](Self::comm).
    pub padded_comm: [u8; 16],
}

impl ExitRecord {
    /// The name, 15 bytes at most: that of the main thread where its end was seen, else of
    /// another one.
    pub fn comm(&self) -> &[u8] {
        let end = self.padded_comm.iter().position(|&byte| byte == 0);
        self.padded_comm
            .get(..end.unwrap_or(self.padded_comm.len()))
            .unwrap_or_default()
    }
}

/// What [`ExitRecords::drain`] could not hand over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// How often the socket was full: each time at least one record was lost.
    pub overruns: u64,
    /// Records for which there was no room in the caller's list.
    pub dropped: u64,
    /// Processes of which not all threads were seen to end, such as those that had lost some
    /// before the socket was opened.
    pub incomplete: u64,
}

impl AddAssign for Losses {
    fn add_assign(&mut self, other: Self) {
        self.overruns += other.overruns;
        self.dropped += other.dropped;
        self.incomplete += other.incomplete;
    }
}

/// A socket on which the kernel tells of every exit. Needs `CAP_NET_ADMIN` in the initial user
/// namespace, the initial pid namespace, and Linux 5.19.
///
/// The kernel tells before the process can be seen to be a zombie or gone: whoever finds a
/// process gone and drains then has its record, unless it was lost.
#[derive(Debug)]
pub struct ExitRecords {
    socket: Socket,
    threads: Threads,
}

impl ExitRecords {
    /// Opens the socket and registers for all processors.
    ///
    /// # Errors
    /// [`Error::Unsupported`] by a kernel whose taskstats is missing or too old,
    /// [`Error::Denied`] without the right, [`Error::Namespace`] elsewhere than in the
    /// initial namespaces; [`Error::Io`] also if `/sys` does not tell the processors.
    pub fn open() -> Result<Self, Error> {
        let mut socket = Socket::open()?;
        check(&mut socket)?;
        // Beyond the system's limit, or up to it.
        set_socket_recv_buffer_size_force(&socket, SOCKET_BUFFER)
            .or_else(|_| set_socket_recv_buffer_size(&socket, SOCKET_BUFFER))?;
        let mut cpus = fs::read(POSSIBLE_CPUS).map_err(|error| Error::io(&error))?;
        cpus.truncate(cpus.trim_ascii_end().len());
        cpus.push(0);
        let first = socket.begin();
        socket.order(
            TASKSTATS_CMD_GET,
            TASKSTATS_CMD_ATTR_REGISTER_CPUMASK,
            &cpus,
        );
        socket.exchange(first, |_, result| match result {
            Ok(_) => Ok(()),
            Err(Errno::PERM) => Err(Error::Denied),
            Err(Errno::INVAL) => Err(Error::Namespace),
            Err(errno) => Err(errno.into()),
        })?;
        Ok(Self {
            socket,
            threads: Threads::default(),
        })
    }

    /// What can wait for exits while another thread drains them.
    ///
    /// # Errors
    /// Those of duplicating a descriptor.
    pub fn arrivals(&self) -> io::Result<Arrivals> {
        let socket = self.socket.as_fd().try_clone_to_owned()?;
        Ok(Arrivals { socket })
    }

    /// Appends a record for each process that has ended since, in the order in which they did,
    /// until `out` holds `capacity`; what is beyond is read and dropped. Does not wait.
    ///
    /// # Errors
    /// [`Error::Io`] if the socket cannot be read; then it is broken.
    pub fn drain(&mut self, out: &mut Vec<ExitRecord>, capacity: usize) -> Result<Losses, Error> {
        let mut losses = Losses::default();
        let now = Now {
            since_boot: since_boot(),
            at: Instant::now(),
        };
        let Self { socket, threads } = self;
        for _ in 0..MOST_AT_ONCE {
            let more = socket.overhear(|answer| {
                let Some(end) = thread_end(&answer, now) else {
                    return;
                };
                match threads.end(end) {
                    Ok(Some(_)) if out.len() >= capacity => losses.dropped += 1,
                    Ok(record) => out.extend(record),
                    Err(_) => losses.incomplete += 1,
                }
            });
            match more {
                Ok(true) => {}
                Ok(false) => break,
                Err(Errno::NOBUFS) => losses.overruns += 1,
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(losses)
    }
}

/// Waits for exits; see [`ExitRecords::arrivals`].
#[derive(Debug)]
pub struct Arrivals {
    socket: OwnedFd,
}

impl Arrivals {
    /// Waits until there is something to drain, or for `patience`. Tells whether there is.
    ///
    /// # Errors
    /// Those of `poll`, `EINTR` excepted, which counts as nothing to drain.
    pub fn wait(&self, patience: Duration) -> io::Result<bool> {
        let timeout = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        let mut polled = [PollFd::new(&self.socket, PollFlags::IN)];
        match poll(&mut polled, Some(&timeout)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// The end of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ThreadEnd {
    /// Of this thread alone, but for pid, start and life, which are the process's.
    record: ExitRecord,
    /// What the thread has run, in nanoseconds: exact, while its modes are sampled.
    run: u64,
    /// It was the main thread.
    leader: bool,
    /// No thread of the process is left.
    last: bool,
    /// With the last of several threads: what all of them have run, in nanoseconds.
    run_by_all: Option<u64>,
}

/// Asks about ourselves, to see whether the answers are such as we need.
fn check(socket: &mut Socket) -> Result<(), Error> {
    let own = std::process::id().to_ne_bytes();
    let first = socket.begin();
    socket.ask(TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_TGID, &own);
    socket.exchange(first, |_, result| match result {
        Ok(attributes) => match version(attributes) {
            Some(layout::MISPLACED) => Err(Error::Unsupported),
            Some(version) if version >= layout::WITH_TGID => Ok(()),
            _ => Err(Error::Unsupported),
        },
        Err(Errno::PERM) => Err(Error::Denied),
        Err(errno) => Err(errno.into()),
    })
}

fn version(attributes: Attributes<'_>) -> Option<u16> {
    let stats = attributes
        .nested(TASKSTATS_TYPE_AGGR_TGID)?
        .find(TASKSTATS_TYPE_STATS)?;
    u16_at(stats, layout::VERSION)
}

fn thread_end(answer: &Answer<'_>, now: Now) -> Option<ThreadEnd> {
    let attributes = answer.result.ok()?;
    let stats = attributes
        .nested(TASKSTATS_TYPE_AGGR_PID)?
        .find(TASKSTATS_TYPE_STATS)?;
    let micros = |offset| u64_at(stats, offset).map(Duration::from_micros);
    let tgid = u32_at(stats, layout::AC_TGID)?;
    let lived = micros(layout::AC_TGETIME)?;
    let run_by_all = attributes
        .nested(TASKSTATS_TYPE_AGGR_TGID)
        .and_then(|process| process.find(TASKSTATS_TYPE_STATS))
        .and_then(|stats| u64_at(stats, layout::CPU_RUN_VIRTUAL_TOTAL));
    Some(ThreadEnd {
        record: ExitRecord {
            pid: Pid::new(tgid)?,
            parent: Pid::new(u32_at(stats, layout::AC_PPID)?),
            uid: u32_at(stats, layout::AC_UID)?,
            started: now.since_boot.saturating_sub(lived),
            lived,
            drained_at: now.at,
            user: micros(layout::AC_UTIME)?,
            system: micros(layout::AC_STIME)?,
            minor_faults: u64_at(stats, layout::AC_MINFLT)?,
            major_faults: u64_at(stats, layout::AC_MAJFLT)?,
            io: IoBytes {
                read: u64_at(stats, layout::READ_BYTES)?,
                write: u64_at(stats, layout::WRITE_BYTES)?,
            },
            padded_comm: *stats.get(layout::AC_COMM..)?.first_chunk()?,
        },
        run: u64_at(stats, layout::CPU_RUN_VIRTUAL_TOTAL)?,
        leader: u32_at(stats, layout::AC_PID)? == tgid,
        last: stats.get(layout::AC_FLAG)? & LAST_OF_GROUP != 0,
        run_by_all,
    })
}

/// One moment by two clocks, of which the first goes on while the machine is suspended.
#[derive(Clone, Copy)]
struct Now {
    since_boot: Duration,
    at: Instant,
}

fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or_default(),
        u32::try_from(now.tv_nsec).unwrap_or_default(),
    )
}

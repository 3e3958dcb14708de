//! What a scan needs of a source of processes.

use std::io;

use herakles_stat::Pid;

use crate::{ProcFile, ReadBuf};

/// Where processes come from: the live `/proc`, a recorded one, or a test's memory.
///
/// `Send + Sync + 'static` so that workers share it and one that hangs in a read can be left
/// behind.
pub trait ProcSource: Send + Sync + 'static {
    /// An opened process.
    type Handle: ProcHandle;

    /// Lists the processes into `out`, which is cleared first: ascending, each once.
    ///
    /// # Errors
    /// Those of opening and reading the directory.
    fn pids(&self, out: &mut Vec<Pid>) -> io::Result<()>;

    /// Opens a process. All that is read by the handle belongs to this very process: when it
    /// ends and its pid is used again, the handle gives `ESRCH`, not the other's values.
    ///
    /// # Errors
    /// `ENOENT` when there is no such process (any more), others as `open(2)`.
    fn open(&self, pid: Pid) -> io::Result<Self::Handle>;

    /// Reads a file of whoever has this pid now, as [`ProcHandle::read`] does. Two such reads may
    /// be of two processes; [`glance`](crate::glance) knows better.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) and of opening and reading the file.
    fn peek<'b>(&self, pid: Pid, file: ProcFile, buf: &'b mut ReadBuf) -> io::Result<&'b [u8]> {
        self.open(pid)?.read(file, buf)
    }

    /// Counts the open descriptors of whoever has this pid now, as [`ProcHandle::count_fds`] does.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) and of `stat(2)`.
    fn count_fds(&self, pid: Pid) -> io::Result<u64> {
        self.open(pid)?.count_fds()
    }
}

/// One opened process, or one thread of it.
///
/// Errors keep their errno. What an errno means depends on the file:
/// [`ScanError`](crate::ScanError) knows, and [`read_stat`](crate::read_stat),
/// [`read_statm`](crate::read_statm), [`read_text`](crate::read_text) and
/// [`read_memory`](crate::read_memory) return it.
pub trait ProcHandle: Send + Sized {
    /// An opened `smaps`.
    type Smaps: io::Read;

    /// The process; for a thread's handle the process it belongs to.
    fn pid(&self) -> Pid;

    /// Reads a file into `buf`, [`ProcFile::limit`] bytes at most; of `exe` the link's target.
    ///
    /// # Errors
    /// Those of opening and reading.
    fn read<'b>(&self, file: ProcFile, buf: &'b mut ReadBuf) -> io::Result<&'b [u8]>;

    /// Opens `smaps`, which is too big to be read at once.
    ///
    /// # Errors
    /// Those of opening.
    fn open_smaps(&self) -> io::Result<Self::Smaps>;

    /// Whether a file may be read, without the cost of reading it.
    ///
    /// # Errors
    /// Those of opening.
    fn probe(&self, file: ProcFile) -> io::Result<()>;

    /// The open descriptors of the process: the size of its directory `fd`, which is their number
    /// since Linux 6.2 and 0 before; 0 in a recorded tree too.
    ///
    /// # Errors
    /// Those of `stat(2)`.
    fn count_fds(&self) -> io::Result<u64>;

    /// The effective user id of the process: the owner of its directory, which unlike its files
    /// is never handed to root when the process may not be debugged (`task_dump_owner` in
    /// `fs/proc/base.c`).
    ///
    /// # Errors
    /// Those of `fstat(2)`.
    fn owner_uid(&self) -> io::Result<u32>;

    /// Lists the threads into `out`, which is cleared first: ascending, each once.
    ///
    /// # Errors
    /// Those of opening and reading the directory.
    fn threads(&self, out: &mut Vec<Pid>) -> io::Result<()>;

    /// A handle that reads the files of one thread. Memory, command line, cgroup and exe are
    /// those of the process.
    ///
    /// # Errors
    /// `ENOENT` when there is no such thread (any more).
    fn thread(&self, tid: Pid) -> io::Result<Self>;
}

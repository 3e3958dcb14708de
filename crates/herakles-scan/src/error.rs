//! Why a file of a process was not read.

use std::{fmt, io};

use herakles_stat::Pid;

use crate::ProcFile;

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const EIO: i32 = 5;
const EACCES: i32 = 13;

/// Why something about a process could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("process {pid}: {}: {skip}", self.file_name())]
pub struct ScanError {
    /// The process.
    pub pid: Pid,
    /// The file, or `None` for the directory of the process itself.
    pub file: Option<ProcFile>,
    /// What it means.
    pub skip: Skip,
}

impl ScanError {
    /// What the failure of a system call on this file means.
    pub fn from_io(pid: Pid, file: Option<ProcFile>, error: &io::Error) -> Self {
        let errno = Errno::of(error);
        let skip = match (errno.0, file) {
            (ESRCH, _) => Skip::Vanished,
            // The program of a process that is gone or has become a zombie.
            (ENOENT, None | Some(ProcFile::Stat | ProcFile::Exe)) => Skip::Vanished,
            (EACCES | EPERM, _) => Skip::Denied(errno),
            // ENOENT of another file too: the process is there, this kernel lacks the file.
            _ => Skip::Io(errno),
        };
        Self { pid, file, skip }
    }

    /// The file as a label: its name, or `proc` for the directory of the process.
    pub const fn file_name(&self) -> &'static str {
        match self.file {
            Some(file) => file.name(),
            None => "proc",
        }
    }
}

/// What it means that something about a process could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Skip {
    /// It ended under the reader. Normal.
    #[error("the process has ended")]
    Vanished,
    /// It is a kernel thread and has no such thing. Normal.
    #[error("a kernel thread has none")]
    KernelThread,
    /// It has ended, waits to be reaped and has no such thing any more. Normal.
    #[error("a zombie has none")]
    Zombie,
    /// We lack the right: `EACCES`, or `EPERM` where `/proc` is mounted with `hidepid`.
    #[error("not permitted: {0}")]
    Denied(Errno),
    /// The content is not what the kernel writes.
    #[error("unexpected content: {0}")]
    Malformed(Malformed),
    /// Any other failure of a system call.
    #[error("{0}")]
    Io(Errno),
}

impl Skip {
    /// The kind in one word, as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vanished => "vanished",
            Self::KernelThread => "kernel_thread",
            Self::Zombie => "zombie",
            Self::Denied(_) => "denied",
            Self::Malformed(_) => "malformed",
            Self::Io(_) => "io",
        }
    }
}

/// What a parser did not understand, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// `stat`, `statm` or `io`.
    #[error(transparent)]
    Stat(#[from] herakles_stat::ParseError),
    /// `smaps_rollup` or `smaps`.
    #[error(transparent)]
    Memory(#[from] herakles_smaps::ParseError),
    /// `limits`, of which one line is understood.
    #[error("no number of open files")]
    Limits,
}

/// The number of a failed system call's error, shown in the system's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(i32);

impl Errno {
    pub(crate) fn of(error: &io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(EIO))
    }

    /// The number, as in `errno(3)`.
    pub const fn raw(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        io::Error::from_raw_os_error(self.0).fmt(f)
    }
}

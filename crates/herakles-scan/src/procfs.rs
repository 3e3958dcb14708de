//! A procfs, or a recorded tree, as a source of processes.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use herakles_stat::Pid;
use rustix::fs::{AtFlags, Mode, OFlags, RawDir, fstat, fstatfs, openat, readlinkat_raw, statat};
use rustix::io::{Errno, retry_on_intr};
use rustix::path::DecInt;

use crate::{ProcFile, ProcHandle, ProcSource, ReadBuf};

/// `PROC_SUPER_MAGIC` of `include/uapi/linux/magic.h`.
const PROC_SUPER_MAGIC: u64 = 0x9fa0;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);
const PATH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A `/proc`, or a recorded tree of plain files laid out like one.
#[derive(Debug)]
pub struct ProcFs {
    root: OwnedFd,
    is_procfs: bool,
}

impl ProcFs {
    /// Opens the directory `root`, usually `/proc`.
    ///
    /// # Errors
    /// A root that is missing, is no directory, may not be read, or holds no process at all.
    pub fn open(root: &Path) -> Result<Self, RootError> {
        let failed = |kind| RootError {
            root: root.to_owned(),
            kind,
        };
        let io_failed = |errno: Errno| {
            failed(match errno {
                Errno::NOENT => RootErrorKind::Missing,
                Errno::NOTDIR => RootErrorKind::NotADirectory,
                Errno::ACCESS | Errno::PERM => RootErrorKind::Denied,
                other => RootErrorKind::Io(crate::Errno::of(&other.into())),
            })
        };
        let fd = retry_on_intr(|| rustix::fs::open(root, DIRECTORY, Mode::empty()))
            .map_err(io_failed)?;
        let magic = fstatfs(&fd).map_err(io_failed)?.f_type;
        let proc = Self {
            root: fd,
            is_procfs: u64::try_from(magic) == Ok(PROC_SUPER_MAGIC),
        };
        let mut pids = Vec::new();
        list_ids(&proc.root, c".", &mut pids).map_err(io_failed)?;
        if pids.is_empty() {
            return Err(failed(RootErrorKind::NoProcesses));
        }
        Ok(proc)
    }

    /// Whether this is the kernel's procfs rather than a tree of plain files.
    pub const fn is_procfs(&self) -> bool {
        self.is_procfs
    }

    /// Whether pids here are those that system calls of ours understand. Not so on a recorded
    /// tree, and not on the host's procfs mounted into a container.
    pub fn is_our_pid_namespace(&self) -> bool {
        let mut target = [0; 16];
        let own = readlinkat_raw(&self.root, c"self", &mut target)
            .ok()
            .and_then(|length| Pid::from_name(target.get(..length)?));
        self.is_procfs && own == Pid::new(std::process::id())
    }

    /// The root directory.
    pub(crate) const fn root(&self) -> &OwnedFd {
        &self.root
    }
}

impl ProcSource for ProcFs {
    type Handle = ProcFsHandle;

    fn pids(&self, out: &mut Vec<Pid>) -> io::Result<()> {
        Ok(list_ids(&self.root, c".", out)?)
    }

    fn open(&self, pid: Pid) -> io::Result<ProcFsHandle> {
        let name = DecInt::new(pid.as_u32());
        let directory = retry_on_intr(|| openat(&self.root, name.as_c_str(), PATH, Mode::empty()))?;
        Ok(ProcFsHandle {
            pid,
            directory,
            is_procfs: self.is_procfs,
        })
    }

    fn peek<'b>(&self, pid: Pid, file: ProcFile, buf: &'b mut ReadBuf) -> io::Result<&'b [u8]> {
        let mut path = [0; LONGEST_PATH];
        read_at(&self.root, below(pid, file, &mut path), file, buf)
    }

    fn count_fds(&self, pid: Pid) -> io::Result<u64> {
        let mut path = [0; LONGEST_PATH];
        let path = below(pid, ProcFile::Fd, &mut path);
        count_fds_at(&self.root, path, self.is_procfs)
    }
}

/// Fits `4194304/smaps_rollup`, also if pids had ten digits.
const LONGEST_PATH: usize = 32;

/// The path of a file of a process, put together in `path`.
fn below(pid: Pid, file: ProcFile, path: &mut [u8; LONGEST_PATH]) -> &CStr {
    let number = DecInt::new(pid.as_u32());
    let parts = number
        .as_bytes()
        .iter()
        .chain(b"/")
        .chain(file.path().to_bytes());
    for (to, from) in path.iter_mut().zip(parts) {
        *to = *from;
    }
    CStr::from_bytes_until_nul(path).unwrap_or_default()
}

fn open_at(directory: impl AsFd, path: &CStr) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let fd = retry_on_intr(|| openat(&directory, path, flags, Mode::empty()))?;
    Ok(File::from(fd))
}

/// The size of a plain directory in a recorded tree says nothing.
fn count_fds_at(directory: impl AsFd, path: &CStr, is_procfs: bool) -> io::Result<u64> {
    if !is_procfs {
        return Ok(0);
    }
    let size = statat(directory, path, AtFlags::empty())?.st_size;
    Ok(u64::try_from(size).unwrap_or(0))
}

fn read_at<'b>(
    directory: impl AsFd,
    path: &CStr,
    file: ProcFile,
    buf: &'b mut ReadBuf,
) -> io::Result<&'b [u8]> {
    if file == ProcFile::Exe {
        let room = buf.room(file.limit());
        let length = readlinkat_raw(&directory, path, room)?;
        return Ok(buf.first(length));
    }
    buf.fill(&mut open_at(directory, path)?, file.limit())
}

/// A process of [`ProcFs`]: an `O_PATH` descriptor of its directory.
#[derive(Debug)]
pub struct ProcFsHandle {
    pid: Pid,
    directory: OwnedFd,
    is_procfs: bool,
}

impl ProcHandle for ProcFsHandle {
    type Smaps = File;

    fn pid(&self) -> Pid {
        self.pid
    }

    fn read<'b>(&self, file: ProcFile, buf: &'b mut ReadBuf) -> io::Result<&'b [u8]> {
        read_at(&self.directory, file.path(), file, buf)
    }

    fn open_smaps(&self) -> io::Result<File> {
        open_at(&self.directory, ProcFile::Smaps.path())
    }

    fn probe(&self, file: ProcFile) -> io::Result<()> {
        if file == ProcFile::Exe {
            let mut first = [0];
            readlinkat_raw(&self.directory, file.path(), &mut first)?;
            return Ok(());
        }
        open_at(&self.directory, file.path()).map(drop)
    }

    fn count_fds(&self) -> io::Result<u64> {
        count_fds_at(&self.directory, ProcFile::Fd.path(), self.is_procfs)
    }

    fn owner_uid(&self) -> io::Result<u32> {
        Ok(fstat(&self.directory)?.st_uid)
    }

    fn threads(&self, out: &mut Vec<Pid>) -> io::Result<()> {
        Ok(list_ids(&self.directory, c"task", out)?)
    }

    fn thread(&self, tid: Pid) -> io::Result<Self> {
        let tasks = retry_on_intr(|| openat(&self.directory, c"task", PATH, Mode::empty()))?;
        let name = DecInt::new(tid.as_u32());
        let directory = retry_on_intr(|| openat(&tasks, name.as_c_str(), PATH, Mode::empty()))?;
        Ok(Self {
            pid: self.pid,
            directory,
            is_procfs: self.is_procfs,
        })
    }
}

/// Lists the entries of a directory whose names are ids: ascending, each once. The directory is
/// opened anew, so that threads which list it do not share a position.
fn list_ids(parent: impl AsFd, path: &CStr, out: &mut Vec<Pid>) -> rustix::io::Result<()> {
    out.clear();
    let directory = retry_on_intr(|| openat(&parent, path, DIRECTORY, Mode::empty()))?;
    // About a thousand entries for each call.
    let mut buffer = [MaybeUninit::uninit(); 32 * 1024];
    let mut entries = RawDir::new(directory, &mut buffer);
    while let Some(entry) = entries.next() {
        match entry {
            Ok(entry) => out.extend(Pid::from_name(entry.file_name().to_bytes())),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    // The kernel lists in order, a recorded tree does not.
    if !out.is_sorted() {
        out.sort_unstable();
    }
    out.dedup();
    Ok(())
}

/// Why a root is no source of processes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {kind}", root.display())]
pub struct RootError {
    /// The directory asked for.
    pub root: PathBuf,
    /// What is wrong with it.
    pub kind: RootErrorKind,
}

/// What is wrong with a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootErrorKind {
    /// There is no such directory.
    #[error("does not exist; is procfs mounted there?")]
    Missing,
    /// It is something else.
    #[error("is not a directory")]
    NotADirectory,
    /// We may not list it.
    #[error("may not be read by this user")]
    Denied,
    /// No directory in it is named like a process.
    #[error("holds no process; is procfs mounted there?")]
    NoProcesses,
    /// Any other failure of a system call.
    #[error("{0}")]
    Io(crate::Errno),
}

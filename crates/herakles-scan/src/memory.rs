//! Reads memory from the file that this kernel has.

use std::fmt;

use herakles_smaps::{MemoryUsage, ParseErrorKind, SmapsSum, parse_rollup};
use herakles_stat::Pid;

use crate::read::{malformed, peek, read};
use crate::{
    Buffers, Malformed, ProcFile, ProcHandle, ProcSource, ScanError, Skip, live_thread, read_stat,
};

/// The file that memory comes from. It is the same for all processes, so it is found out once,
/// by [`MemorySource::probe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemorySource {
    /// `smaps_rollup`, since Linux 4.14.
    SmapsRollup,
    /// `smaps`, summed here: the same at two to five times the price.
    Smaps,
}

impl MemorySource {
    /// How many processes without `smaps_rollup` prove that the kernel has none. More than one,
    /// since a recorded tree may lack some.
    const PROOF: usize = 16;

    /// Finds out whether there is `smaps_rollup`, by trying processes of `pids` until one has it
    /// or enough have not. Nothing is read.
    pub fn probe<S: ProcSource>(source: &S, pids: &[Pid]) -> Self {
        let mut without = 0;
        for &pid in pids {
            let Ok(handle) = source.open(pid) else {
                continue;
            };
            match handle.probe(ProcFile::SmapsRollup) {
                Ok(()) => return Self::SmapsRollup,
                Err(error) => {
                    match ScanError::from_io(pid, Some(ProcFile::SmapsRollup), &error).skip {
                        // There is something to be denied.
                        Skip::Denied(_) => return Self::SmapsRollup,
                        Skip::Io(_) if handle.probe(ProcFile::Smaps).is_ok() => without += 1,
                        _ => {}
                    }
                }
            }
            if without == Self::PROOF {
                break;
            }
        }
        if without > 0 {
            Self::Smaps
        } else {
            Self::SmapsRollup
        }
    }

    /// The file.
    pub const fn file(self) -> ProcFile {
        match self {
            Self::SmapsRollup => ProcFile::SmapsRollup,
            Self::Smaps => ProcFile::Smaps,
        }
    }
}

impl fmt::Display for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file().fmt(f)
    }
}

/// Reads the memory of a process, if need be through a living thread. RSS, PSS and USS come
/// from the same walk over its memory. The target cannot map or unmap memory meanwhile.
///
/// # Errors
/// [`Skip::Denied`] for those whom we may not debug; [`Skip::KernelThread`], [`Skip::Zombie`]
/// and [`Skip::Vanished`] for those without memory, told apart by a second look at `stat`;
/// [`Skip::Malformed`], [`Skip::Io`].
pub fn read_memory<H: ProcHandle>(
    handle: &H,
    source: MemorySource,
    buffers: &mut Buffers,
) -> Result<MemoryUsage, ScanError> {
    match read_once(handle, source, buffers) {
        Err(error) if says_no_memory(error.skip) => read_again(handle, source, buffers, error),
        result => result,
    }
}

/// Reads `smaps_rollup` of whoever has a pid, which is for the caller to find out: as
/// [`glance`](crate::glance), for those who are known to have been there before.
///
/// # Errors
/// [`Skip::Vanished`] also for who has no memory; otherwise as [`read_memory`].
pub fn peek_memory<S: ProcSource>(
    source: &S,
    pid: Pid,
    buffers: &mut Buffers,
) -> Result<MemoryUsage, ScanError> {
    let file = ProcFile::SmapsRollup;
    let content = peek(source, pid, file, &mut buffers.smaps_rollup)?;
    parse_rollup(content).map_err(|error| malformed(pid, file, error))
}

fn read_once<H: ProcHandle>(
    handle: &H,
    source: MemorySource,
    buffers: &mut Buffers,
) -> Result<MemoryUsage, ScanError> {
    let file = source.file();
    match source {
        MemorySource::SmapsRollup => {
            let content = read(handle, file, &mut buffers.smaps_rollup)?;
            parse_rollup(content).map_err(|error| malformed(handle.pid(), file, error))
        }
        MemorySource::Smaps => {
            let failed = |error| ScanError::from_io(handle.pid(), Some(file), &error);
            let mut smaps = handle.open_smaps().map_err(failed)?;
            let mut sum = SmapsSum::new();
            loop {
                let piece = buffers.smaps.piece(&mut smaps).map_err(failed)?;
                if piece.is_empty() {
                    return sum
                        .finish()
                        .map_err(|error| malformed(handle.pid(), file, error));
                }
                sum.feed(piece)
                    .map_err(|error| malformed(handle.pid(), file, error))?;
            }
        }
    }
}

/// `ESRCH` and an empty file are what the memory files of a living kernel thread or zombie give,
/// of one whose first thread has ended, and of one that exec'd between open and read.
fn says_no_memory(skip: Skip) -> bool {
    match skip {
        Skip::Vanished => true,
        Skip::Malformed(Malformed::Memory(error)) => error.kind == ParseErrorKind::Empty,
        _ => false,
    }
}

/// Finds out by `stat` why there was no memory to read, and reads where there should be some.
fn read_again<H: ProcHandle>(
    handle: &H,
    source: MemorySource,
    buffers: &mut Buffers,
    first: ScanError,
) -> Result<MemoryUsage, ScanError> {
    let stat = read_stat(handle, &mut buffers.io)?;
    if stat.is_kernel_thread() {
        return Err(ScanError {
            skip: Skip::KernelThread,
            ..first
        });
    }
    if stat.is_zombie() {
        return Err(ScanError {
            skip: Skip::Zombie,
            ..first
        });
    }
    if !stat.leader_exited() {
        // It exec'd, and now there is memory; or it is about to end, and there never will be.
        return read_once(handle, source, buffers);
    }
    match live_thread(handle, &mut buffers.io)? {
        Some(thread) => read_once(&thread, source, buffers),
        None => Err(ScanError {
            skip: Skip::Zombie,
            ..first
        }),
    }
}

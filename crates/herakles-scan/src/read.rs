//! Reads and parses one file of a process each.

use std::io;

use herakles_stat::{IoBytes, Pid, Stat, Statm};

use crate::{Malformed, ProcFile, ProcHandle, ProcSource, ReadBuf, ScanError, Skip};

/// Opens a process.
///
/// # Errors
/// [`Skip::Vanished`] if it ended since it was listed, [`Skip::Denied`], [`Skip::Io`].
pub fn open_process<S: ProcSource>(source: &S, pid: Pid) -> Result<S::Handle, ScanError> {
    source
        .open(pid)
        .map_err(|error| ScanError::from_io(pid, None, &error))
}

/// Reads `stat`, the first file of every process.
///
/// # Errors
/// [`Skip::Vanished`], [`Skip::Denied`] (by `hidepid` only), [`Skip::Malformed`], [`Skip::Io`].
pub fn read_stat<'b, H: ProcHandle>(
    handle: &H,
    buf: &'b mut ReadBuf,
) -> Result<Stat<'b>, ScanError> {
    let line = read(handle, ProcFile::Stat, buf)?;
    Stat::parse(line).map_err(|error| malformed(handle.pid(), ProcFile::Stat, error))
}

/// Reads `statm`. It is all zero for kernel threads and zombies, so `stat` must be known first;
/// see [`live_thread`] for a process whose first thread has ended.
///
/// # Errors
/// As [`read_stat`].
pub fn read_statm<H: ProcHandle>(handle: &H, buf: &mut ReadBuf) -> Result<Statm, ScanError> {
    let line = read(handle, ProcFile::Statm, buf)?;
    Statm::parse(line).map_err(|error| malformed(handle.pid(), ProcFile::Statm, error))
}

/// Reads `io`: what the process had storage read and write, also kernel threads and zombies.
///
/// # Errors
/// As [`read_stat`]; [`Skip::Denied`] without the rights of a debugger, and by a kernel without
/// `CONFIG_TASK_IO_ACCOUNTING` [`Skip::Vanished`], as there is no such file.
pub fn read_io<H: ProcHandle>(handle: &H, buf: &mut ReadBuf) -> Result<IoBytes, ScanError> {
    let text = read(handle, ProcFile::Io, buf)?;
    IoBytes::parse(text).map_err(|error| malformed(handle.pid(), ProcFile::Io, error))
}

/// What [`glance`] saw.
#[derive(Clone, Copy, Debug)]
pub struct Glance<'b> {
    /// Of whoever has the pid.
    pub stat: Stat<'b>,
    /// Of the same process, if that was there before the glance.
    pub statm: Statm,
}

/// Reads `statm` and `stat` of whoever has a pid, for less than it takes to open the process
/// first.
///
/// They may be of two processes, one of which had the pid after the other: `statm` is read
/// first, so it belongs to the process in `stat` if that one was there before. Whoever meets an
/// identity for the first time [opens](open_process) it instead.
///
/// # Errors
/// Those of [`read_stat`], for either file.
pub fn glance<'b, S: ProcSource>(
    source: &S,
    pid: Pid,
    buf: &'b mut ReadBuf,
) -> Result<Glance<'b>, ScanError> {
    let statm = peek_statm(source, pid, buf)?;
    let stat = peek_stat(source, pid, buf)?;
    Ok(Glance { stat, statm })
}

/// Reads `statm` of whoever has a pid: all there is to read of one that is known to sleep.
///
/// # Errors
/// As [`read_stat`].
pub fn peek_statm<S: ProcSource>(
    source: &S,
    pid: Pid,
    buf: &mut ReadBuf,
) -> Result<Statm, ScanError> {
    Statm::parse(peek(source, pid, ProcFile::Statm, buf)?)
        .map_err(|error| malformed(pid, ProcFile::Statm, error))
}

/// Reads `stat` of whoever has a pid: all there is to read of a kernel thread.
///
/// # Errors
/// As [`read_stat`].
pub fn peek_stat<'b, S: ProcSource>(
    source: &S,
    pid: Pid,
    buf: &'b mut ReadBuf,
) -> Result<Stat<'b>, ScanError> {
    Stat::parse(peek(source, pid, ProcFile::Stat, buf)?)
        .map_err(|error| malformed(pid, ProcFile::Stat, error))
}

/// A process of this name, as the kernel cuts it (15 bytes), that is not `except`.
pub fn find_named<S: ProcSource>(source: &S, name: &[u8], except: Pid) -> Option<Pid> {
    let mut pids = Vec::new();
    source.pids(&mut pids).ok()?;
    let mut buf = ReadBuf::default();
    pids.into_iter().find(|&pid| {
        let stat = peek_stat(source, pid, &mut buf);
        pid != except && stat.is_ok_and(|stat| stat.comm == name)
    })
}

pub(crate) fn peek<'b, S: ProcSource>(
    source: &S,
    pid: Pid,
    file: ProcFile,
    buf: &'b mut ReadBuf,
) -> Result<&'b [u8], ScanError> {
    source
        .peek(pid, file, buf)
        .map_err(|error| ScanError::from_io(pid, Some(file), &error))
}

/// Reads a file whose content is for others to judge: `cmdline`, `cgroup`, `exe`.
///
/// # Errors
/// [`Skip::Vanished`], [`Skip::Denied`], [`Skip::Io`].
pub fn read_text<'b, H: ProcHandle>(
    handle: &H,
    file: ProcFile,
    buf: &'b mut ReadBuf,
) -> Result<&'b [u8], ScanError> {
    read(handle, file, buf)
}

/// A living thread of a process whose first thread has ended ([`Stat::leader_exited`]); `None`
/// if all have by now. The process's own `statm`, `cmdline` and memory files say nothing then,
/// the thread's speak for the process.
///
/// # Errors
/// [`Skip::Vanished`], [`Skip::Denied`], [`Skip::Io`].
pub fn live_thread<H: ProcHandle>(handle: &H, buf: &mut ReadBuf) -> Result<Option<H>, ScanError> {
    let pid = handle.pid();
    // Such processes are rare, so the list is not worth a place in every worker's buffers.
    let mut tids = Vec::new();
    handle
        .threads(&mut tids)
        .map_err(|error| ScanError::from_io(pid, None, &error))?;
    for tid in tids {
        let thread = match handle.thread(tid) {
            Ok(thread) => thread,
            Err(error) if is_gone(pid, &error) => continue,
            Err(error) => return Err(ScanError::from_io(pid, None, &error)),
        };
        match read_stat(&thread, buf) {
            Ok(stat) if !stat.state.is_exited() => return Ok(Some(thread)),
            Ok(_)
            | Err(ScanError {
                skip: Skip::Vanished,
                ..
            }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn is_gone(pid: Pid, error: &io::Error) -> bool {
    ScanError::from_io(pid, None, error).skip == Skip::Vanished
}

pub(crate) fn read<'b, H: ProcHandle>(
    handle: &H,
    file: ProcFile,
    buf: &'b mut ReadBuf,
) -> Result<&'b [u8], ScanError> {
    handle
        .read(file, buf)
        .map_err(|error| ScanError::from_io(handle.pid(), Some(file), &error))
}

pub(crate) fn malformed(pid: Pid, file: ProcFile, error: impl Into<Malformed>) -> ScanError {
    ScanError {
        pid,
        file: Some(file),
        skip: Skip::Malformed(error.into()),
    }
}

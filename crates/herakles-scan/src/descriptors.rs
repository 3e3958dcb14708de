//! Open file descriptors of a process: how many it has, and how many it may have.

use herakles_stat::Pid;

use crate::read::read;
use crate::{Malformed, ProcFile, ProcHandle, ProcSource, ReadBuf, ScanError, Skip};

/// The open descriptors of a process. Needs no rights, and opens nothing.
///
/// The kernel gives the count as the size of `/proc/PID/fd` since Linux 6.2 (`proc_fd_getattr` in
/// `fs/proc/fd.c`); 0 of every process is an older one's answer.
///
/// # Errors
/// [`Skip::Vanished`], [`Skip::Denied`] (by `hidepid` only), [`Skip::Io`].
pub fn count_fds<H: ProcHandle>(handle: &H) -> Result<u64, ScanError> {
    handle
        .count_fds()
        .map_err(|error| ScanError::from_io(handle.pid(), Some(ProcFile::Fd), &error))
}

/// The same of whoever has a pid: the count is that of the process whose `stat` is read next, if
/// that one was there before.
///
/// # Errors
/// As [`count_fds`].
pub fn peek_fds<S: ProcSource>(source: &S, pid: Pid) -> Result<u64, ScanError> {
    source
        .count_fds(pid)
        .map_err(|error| ScanError::from_io(pid, Some(ProcFile::Fd), &error))
}

/// How many descriptors a process may have open, its soft limit; `None` if there is no limit.
///
/// # Errors
/// As [`count_fds`], and [`Skip::Malformed`].
pub fn read_max_fds<H: ProcHandle>(
    handle: &H,
    buf: &mut ReadBuf,
) -> Result<Option<u64>, ScanError> {
    let text = read(handle, ProcFile::Limits, buf)?;
    parse_max_fds(text).map_err(|skip| ScanError {
        pid: handle.pid(),
        file: Some(ProcFile::Limits),
        skip,
    })
}

/// `Max open files            1024                 524288               files`.
fn parse_max_fds(limits: &[u8]) -> Result<Option<u64>, Skip> {
    let soft = limits
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"Max open files "))
        .and_then(|rest| {
            let words = rest.split(|&byte| byte == b' ');
            words.into_iter().find(|word| !word.is_empty())
        });
    let number = |word| std::str::from_utf8(word).ok()?.parse().ok();
    match soft {
        Some(b"unlimited") => Ok(None),
        Some(word) => match number(word) {
            Some(most) => Ok(Some(most)),
            None => Err(Skip::Malformed(Malformed::Limits)),
        },
        None => Err(Skip::Malformed(Malformed::Limits)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_first_number_of_its_line() {
        let limits =
            b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max processes             31365                31365                processes \n\
            Max open files            1024                 524288               files     \n\
            Max locked memory         8388608              8388608              bytes     \n";
        assert_eq!(parse_max_fds(limits), Ok(Some(1024)));
        let unlimited =
            b"Max open files            unlimited            unlimited            files     \n";
        assert_eq!(parse_max_fds(unlimited), Ok(None));
    }

    #[test]
    fn what_is_no_limit_is_malformed() {
        for text in [
            "",
            "Max open files ",
            "Max open files   many files\n",
            "Max open",
        ] {
            let malformed = Err(Skip::Malformed(Malformed::Limits));
            assert_eq!(parse_max_fds(text.as_bytes()), malformed, "{text}");
        }
    }
}

//! What the rules may ask about a living process, for commands that look at a few.

use herakles_classify::Facts;
use herakles_scan::{ProcFile, ProcFs, ProcHandle, ProcSource, ReadBuf, ScanError, Skip};
use herakles_scan::{open_process, read_stat, read_text};
use herakles_stat::Pid;

use crate::collect::Users;

/// The facts of a living process, read at once.
pub(super) struct Known {
    pub(super) comm: Vec<u8>,
    pub(super) parent: Option<Pid>,
    pub(super) is_kernel_thread: bool,
    cmdline: Option<Vec<u8>>,
    exe: Option<Vec<u8>>,
    cgroup: Option<Vec<u8>>,
    user: Option<String>,
    parent_comm: Option<Vec<u8>>,
}

impl Known {
    pub(super) fn read(proc: &ProcFs, pid: Pid, users: &Users) -> Result<Self, ScanError> {
        let mut buffer = ReadBuf::default();
        let handle = open_process(proc, pid)?;
        let stat = read_stat(&handle, &mut buffer)?;
        let (comm, parent) = (stat.comm.to_vec(), stat.parent);
        let is_kernel_thread = stat.is_kernel_thread();
        let mut text = |file| match read_text(&handle, file, &mut buffer) {
            Ok(text) => Ok(Some(text.to_vec())),
            // Each fact that may be had is used; the explanation names those that are absent.
            Err(error) if error.skip == Skip::Vanished && file != ProcFile::Exe => Err(error),
            Err(_) => Ok(None),
        };
        let cmdline = text(ProcFile::Cmdline)?;
        let (exe, cgroup) = (text(ProcFile::Exe)?, text(ProcFile::Cgroup)?);
        let user = handle.owner_uid().ok().map(|uid| users.name(uid));
        let parent_comm = parent.and_then(|parent| comm_of(proc, parent));
        Ok(Self {
            comm,
            parent,
            is_kernel_thread,
            cmdline,
            exe,
            cgroup,
            user,
            parent_comm,
        })
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            comm: &self.comm,
            cmdline: self.cmdline.as_deref(),
            exe: self.exe.as_deref(),
            cgroup: self.cgroup.as_deref(),
            user: self.user.as_deref(),
            parent_comm: self.parent_comm.as_deref(),
        }
    }
}

fn comm_of(proc: &impl ProcSource, pid: Pid) -> Option<Vec<u8>> {
    let mut buffer = ReadBuf::default();
    let handle = open_process(proc, pid).ok()?;
    read_stat(&handle, &mut buffer)
        .ok()
        .map(|stat| stat.comm.to_vec())
}

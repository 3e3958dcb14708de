//! One living process, looked at closely.

use herakles_classify::{FactSource as _, Facts};
use herakles_scan::{ProcSource, ReadBuf, ScanError, open_process, read_stat};
use herakles_stat::Pid;

use crate::facts::LiveFacts;
use crate::users::Users;

/// What rules may ask about a process, all of it read at once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The process.
    pub pid: Pid,
    /// Its name, any bytes but NUL.
    pub comm: Vec<u8>,
    /// Its parent.
    pub parent: Option<Pid>,
    /// No rule is asked about a kernel thread.
    pub is_kernel_thread: bool,
    cmdline: Option<Vec<u8>>,
    exe: Option<Vec<u8>>,
    cgroup: Option<Vec<u8>>,
    user: Option<String>,
    parent_comm: Option<Vec<u8>>,
}

impl Inspection {
    /// Reads the files of a process. One that may not be read is absent.
    ///
    /// # Errors
    /// If there is no such process, or it ends meanwhile.
    pub fn read<S: ProcSource>(source: &S, pid: Pid, users: &Users) -> Result<Self, ScanError> {
        let mut buffer = ReadBuf::default();
        let handle = open_process(source, pid)?;
        let stat = read_stat(&handle, &mut buffer)?;
        let (comm, parent) = (stat.comm.to_vec(), stat.parent);
        let is_kernel_thread = stat.is_kernel_thread();
        let facts = LiveFacts::new(source, &handle, parent, &comm, users, &mut buffer);
        let bytes = |fact: Option<&[u8]>| fact.map(<[u8]>::to_vec);
        let (cmdline, exe, cgroup) = (facts.cmdline(), facts.exe(), facts.cgroup());
        let (cmdline, exe, cgroup) = (bytes(cmdline), bytes(exe), bytes(cgroup));
        let user = facts.user().map(str::to_owned);
        let parent_comm = bytes(facts.parent_comm());
        // Of a process that has ended meanwhile, facts are missing that it had.
        read_stat(&handle, &mut ReadBuf::default())?;
        Ok(Self {
            pid,
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

    /// Its ancestors, the parent first, as far as they can be read. A kernel thread ends the line.
    pub fn ancestors<S: ProcSource>(&self, source: &S, users: &Users) -> Vec<Self> {
        /// The bound is for a /proc that changes under us into a circle.
        const MOST: usize = 1000;
        let mut ancestors = Vec::new();
        let mut next = self.parent;
        while let Some(pid) = next.filter(|_| ancestors.len() < MOST) {
            let ancestor = Self::read(source, pid, users);
            let Some(ancestor) = ancestor.ok().filter(|it| !it.is_kernel_thread) else {
                break;
            };
            next = ancestor.parent;
            ancestors.push(ancestor);
        }
        ancestors
    }

    /// The facts, for [`Classifier::explain`](herakles_classify::Classifier::explain) and the
    /// like.
    pub fn facts(&self) -> Facts<'_> {
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

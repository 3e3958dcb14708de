//! A simulated process and its files.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use herakles_stat::{IoBytes, Pid};

use super::{Mishap, StatLine, pid};
use crate::ProcFile;

const PF_KTHREAD: u32 = 0x0020_0000;
const ESRCH: i32 = 3;

/// The files of a process or thread. They are shared with who reads them, so that a test which
/// counts allocations counts none of a read.
#[derive(Clone, Debug)]
pub(super) struct Files {
    stat: StatLine,
    /// `stat`, unless `contents` has one.
    stat_text: Arc<[u8]>,
    /// Those that exist.
    contents: HashMap<ProcFile, Arc<[u8]>>,
    pub(super) mishaps: HashMap<ProcFile, Mishap>,
}

impl Files {
    fn new(stat: StatLine) -> Self {
        Self {
            stat_text: stat.to_bytes().into(),
            stat,
            contents: HashMap::new(),
            mishaps: HashMap::new(),
        }
    }

    pub(super) fn content(&self, file: ProcFile) -> Option<Arc<[u8]>> {
        match self.contents.get(&file) {
            None if file == ProcFile::Stat => Some(Arc::clone(&self.stat_text)),
            content => content.cloned(),
        }
    }

    fn change_stat(&mut self, change: impl FnOnce(&mut StatLine)) {
        change(&mut self.stat);
        self.stat_text = self.stat.to_bytes().into();
    }
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) pid: Pid,
    pub(super) main: Files,
    pub(super) threads: BTreeMap<Pid, Files>,
    pub(super) owner_uid: u32,
    pub(super) open_fds: u64,
    pub(super) reads: HashMap<ProcFile, usize>,
    pub(super) open_mishap: Option<Mishap>,
    pub(super) reaped: bool,
}

/// A process of a [`MemProc`](super::MemProc). What is changed here is seen at the next read,
/// by open handles too.
#[derive(Clone, Debug)]
pub struct MemProcess {
    state: Arc<Mutex<Inner>>,
}

impl MemProcess {
    pub(super) fn new(id: u32) -> Self {
        let pid = pid(id);
        let stat = StatLine::new(id, format!("process-{id}"));
        let state = Inner {
            pid,
            main: Files::new(stat),
            threads: BTreeMap::new(),
            owner_uid: 0,
            open_fds: 3,
            reads: HashMap::new(),
            open_mishap: None,
            reaped: false,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
        .memory_kib(4096, 2048, 1024)
        .cmdline(&[&format!("/usr/bin/process-{id}")])
        .content(ProcFile::Cgroup, "0::/\n")
        .content(ProcFile::Exe, format!("/usr/bin/process-{id}"))
        .io(IoBytes::ZERO)
        .max_fds("1024")
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        change(&mut self.lock());
        self
    }

    /// Changes what `stat` says.
    pub fn stat(self, change: impl FnOnce(&mut StatLine)) -> Self {
        self.with(|state| state.main.change_stat(change))
    }

    /// Sets comm: any bytes.
    pub fn name(self, comm: impl AsRef<[u8]>) -> Self {
        let comm = comm.as_ref().to_owned();
        self.stat(|line| line.comm = comm)
    }

    /// Sets the parent, 0 for none.
    pub fn parent(self, parent: u32) -> Self {
        self.stat(|line| line.parent = parent)
    }

    /// Sets the ticks used so far.
    pub fn cpu(self, user: u64, system: u64) -> Self {
        self.stat(|line| (line.user_ticks, line.system_ticks) = (user, system))
    }

    /// Sets the ticks of children that were waited for.
    pub fn reaped_cpu(self, user: u64, system: u64) -> Self {
        self.stat(|line| (line.reaped_user_ticks, line.reaped_system_ticks) = (user, system))
    }

    /// Sets RSS, PSS and USS in KiB, in `smaps_rollup` and `smaps` alike, and the resident pages
    /// of 4 KiB in `statm` and `stat`.
    pub fn memory_kib(self, rss: u64, pss: u64, uss: u64) -> Self {
        let shared = rss.saturating_sub(uss);
        let head = "55d0c0000000-7ffc38ab6000 ---p 00000000 00:00 0      [rollup]\n";
        let lines = format!(
            "Rss:            {rss:8} kB\nPss:            {pss:8} kB\nShared_Clean:   {shared:8} kB\n\
             Shared_Dirty:          0 kB\nPrivate_Clean:         0 kB\nPrivate_Dirty:  {uss:8} kB\n\
             Swap:                  0 kB\nSwapPss:               0 kB\nLocked:                0 kB\n"
        );
        let pages = rss / 4;
        self.stat(|line| line.rss_pages = pages)
            .content(ProcFile::SmapsRollup, format!("{head}{lines}"))
            .content(
                ProcFile::Smaps,
                format!("{head}{lines}VmFlags: rd mr mw me \n"),
            )
            .content(
                ProcFile::Statm,
                format!("4096 {pages} {} 5 0 123 0\n", shared / 4),
            )
    }

    /// Sets the command line from its arguments.
    pub fn cmdline(self, arguments: &[&str]) -> Self {
        let joined: String = arguments
            .iter()
            .flat_map(|argument| [argument, "\0"])
            .collect();
        self.content(ProcFile::Cmdline, joined)
    }

    /// Sets the bytes of any file; of `exe` the link's target.
    pub fn content(self, file: ProcFile, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Vec<u8> = bytes.into();
        self.with(|state| {
            state.main.contents.insert(file, bytes.into());
        })
    }

    /// Takes a file away, as if the kernel had none: `ENOENT`. There is always a `stat`.
    pub fn without(self, file: ProcFile) -> Self {
        self.with(|state| {
            state.main.contents.remove(&file);
        })
    }

    /// Sets the number of open descriptors.
    pub fn open_fds(self, open_fds: u64) -> Self {
        self.with(|state| state.open_fds = open_fds)
    }

    /// Sets the soft limit on open descriptors, a number or `unlimited`.
    pub fn max_fds(self, soft: &str) -> Self {
        let line =
            format!("Max open files            {soft:<20} 524288               files     \n");
        self.content(ProcFile::Limits, line)
    }

    /// Sets what storage read and wrote.
    pub fn io(self, bytes: IoBytes) -> Self {
        let IoBytes { read, write } = bytes;
        let text = format!(
            "rchar: {read}\nwchar: 0\nsyscr: 7\nsyscw: 0\nread_bytes: {read}\n\
             write_bytes: {write}\ncancelled_write_bytes: 0\n"
        );
        self.content(ProcFile::Io, text)
    }

    /// Sets the effective user id.
    pub fn owner_uid(self, uid: u32) -> Self {
        self.with(|state| state.owner_uid = uid)
    }

    /// From now on this goes wrong with a file.
    pub fn fail(self, file: ProcFile, mishap: Mishap) -> Self {
        self.with(|state| {
            state.main.mishaps.insert(file, mishap);
        })
    }

    /// From now on this goes wrong when the process is opened.
    pub fn fail_opening(self, mishap: Mishap) -> Self {
        self.with(|state| state.open_mishap = Some(mishap))
    }

    /// Takes all mishaps back.
    pub fn healthy(self) -> Self {
        self.with(|state| {
            state.main.mishaps.clear();
            state.open_mishap = None;
        })
    }

    /// Makes it a kernel thread.
    pub fn kernel_thread(self) -> Self {
        self.stat(|line| line.flags |= PF_KTHREAD).memoryless()
    }

    /// Makes it a zombie: ended, not reaped.
    pub fn zombie(self) -> Self {
        self.stat(|line| line.state = 'Z').memoryless()
    }

    /// Ends its first thread while the thread `tid` lives on.
    pub fn leader_exited(self, tid: u32) -> Self {
        self.with(|state| {
            let mut thread = state.main.clone();
            thread.change_stat(|line| line.pid = tid);
            state.threads.insert(pid(tid), thread);
        })
        .stat(|line| (line.state, line.threads) = ('Z', 2))
        .memoryless()
    }

    /// How often a file was read (opened, in the case of `smaps`), also in vain.
    pub fn reads(&self, file: ProcFile) -> usize {
        self.lock().reads.get(&file).copied().unwrap_or_default()
    }

    fn memoryless(self) -> Self {
        self.stat(|line| (line.virtual_bytes, line.rss_pages) = (0, 0))
            .content(ProcFile::Statm, "0 0 0 0 0 0 0\n")
            .content(ProcFile::Smaps, "")
            .content(ProcFile::Cmdline, "")
            .without(ProcFile::Exe)
            .fail(ProcFile::SmapsRollup, Mishap::Errno(ESRCH))
    }
}

//! A simulated procfs.

use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use herakles_stat::Pid;

use super::{MemProcess, Mishap, pid};
use crate::{ProcFile, ProcHandle, ProcSource, ReadBuf};

const ENOENT: i32 = 2;
const ESRCH: i32 = 3;

/// Processes in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemProc {
    shared: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    processes: BTreeMap<Pid, MemProcess>,
    list_mishap: Option<Mishap>,
}

impl MemProc {
    /// No processes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The process with this pid, which is born if there is none: complete and healthy, with
    /// 4 MiB of RSS, 2 of PSS and 1 of USS.
    ///
    /// # Panics
    /// If no process can have this pid.
    pub fn process(&self, id: u32) -> MemProcess {
        let mut table = self.lock();
        table
            .processes
            .entry(pid(id))
            .or_insert_with(|| MemProcess::new(id))
            .clone()
    }

    /// Ends and reaps a process. Open handles give `ESRCH`; [`MemProc::process`] with the same
    /// pid begets another, as does [`MemProc::reuse`] at once.
    pub fn remove(&self, id: u32) {
        if let Some(process) = self.lock().processes.remove(&pid(id)) {
            process.lock().reaped = true;
        }
    }

    /// Ends and reaps a process, if there is one, and gives its pid to another that `describe`
    /// makes of a healthy one: whoever opens it meanwhile finds the old or the new, whole.
    ///
    /// # Panics
    /// If no process can have this pid.
    pub fn reuse(&self, id: u32, describe: impl FnOnce(MemProcess) -> MemProcess) {
        let new = describe(MemProcess::new(id));
        let old = self.lock().processes.insert(pid(id), new);
        if let Some(old) = old {
            old.lock().reaped = true;
        }
    }

    /// From now on this goes wrong when processes are listed; `None`: nothing.
    pub fn fail_listing(&self, mishap: Option<Mishap>) {
        self.lock().list_mishap = mishap;
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProcSource for MemProc {
    type Handle = MemHandle;

    fn pids(&self, out: &mut Vec<Pid>) -> io::Result<()> {
        out.clear();
        let mishap = self.lock().list_mishap.clone();
        if let Some(mishap) = mishap {
            mishap.strike()?;
        }
        out.extend(self.lock().processes.keys());
        Ok(())
    }

    fn open(&self, pid: Pid) -> io::Result<MemHandle> {
        let process = self.lock().processes.get(&pid).cloned();
        let process = process.ok_or_else(|| errno(ENOENT))?;
        let mishap = process.lock().open_mishap.clone();
        match mishap {
            Some(Mishap::Death) => {
                self.remove(pid.as_u32());
                return Err(errno(ENOENT));
            }
            Some(mishap) => mishap.strike()?,
            None => {}
        }
        Ok(MemHandle {
            source: self.clone(),
            process,
            thread: None,
        })
    }
}

/// A process of [`MemProc`], opened.
#[derive(Clone, Debug)]
pub struct MemHandle {
    source: MemProc,
    process: MemProcess,
    thread: Option<Pid>,
}

impl MemHandle {
    fn bytes(&self, file: ProcFile) -> io::Result<Arc<[u8]>> {
        *self.process.lock().reads.entry(file).or_default() += 1;
        self.content(file)
    }

    fn content(&self, file: ProcFile) -> io::Result<Arc<[u8]>> {
        let (content, mishap) = {
            let state = self.process.lock();
            if state.reaped {
                return Err(errno(ESRCH));
            }
            let files = match self.thread {
                Some(tid) => state.threads.get(&tid).ok_or_else(|| errno(ESRCH))?,
                None => &state.main,
            };
            (files.content(file), files.mishaps.get(&file).cloned())
        };
        // No lock is held here: a reader that hangs or panics must not take the process along.
        if let Some(mishap) = &mishap {
            mishap.strike()?;
        }
        let content = content.ok_or_else(|| errno(ENOENT))?;
        match mishap {
            Some(Mishap::Cut(length)) => Ok(content.iter().copied().take(length).collect()),
            Some(Mishap::Death) => {
                self.source.remove(self.pid().as_u32());
                Err(errno(ESRCH))
            }
            _ => Ok(content),
        }
    }
}

impl ProcHandle for MemHandle {
    type Smaps = Cursor<Arc<[u8]>>;

    fn pid(&self) -> Pid {
        self.process.lock().pid
    }

    fn read<'b>(&self, file: ProcFile, buf: &'b mut ReadBuf) -> io::Result<&'b [u8]> {
        buf.fill(&mut Cursor::new(self.bytes(file)?), file.limit())
    }

    fn open_smaps(&self) -> io::Result<Self::Smaps> {
        self.bytes(ProcFile::Smaps).map(Cursor::new)
    }

    fn probe(&self, file: ProcFile) -> io::Result<()> {
        self.content(file).map(drop)
    }

    fn count_fds(&self) -> io::Result<u64> {
        let mishap = {
            let mut state = self.process.lock();
            if state.reaped {
                return Err(errno(ESRCH));
            }
            *state.reads.entry(ProcFile::Fd).or_default() += 1;
            state.main.mishaps.get(&ProcFile::Fd).cloned()
        };
        if let Some(mishap) = mishap {
            mishap.strike()?;
        }
        Ok(self.process.lock().open_fds)
    }

    fn owner_uid(&self) -> io::Result<u32> {
        let state = self.process.lock();
        if state.reaped {
            Err(errno(ESRCH))
        } else {
            Ok(state.owner_uid)
        }
    }

    fn threads(&self, out: &mut Vec<Pid>) -> io::Result<()> {
        out.clear();
        let state = self.process.lock();
        if state.reaped {
            return Err(errno(ENOENT));
        }
        out.push(state.pid);
        out.extend(state.threads.keys());
        out.sort_unstable();
        Ok(())
    }

    fn thread(&self, tid: Pid) -> io::Result<Self> {
        let state = self.process.lock();
        if state.reaped || (tid != state.pid && !state.threads.contains_key(&tid)) {
            return Err(errno(ENOENT));
        }
        let thread = (tid != state.pid).then_some(tid);
        drop(state);
        Ok(Self {
            thread,
            ..self.clone()
        })
    }
}

fn errno(errno: i32) -> io::Error {
    io::Error::from_raw_os_error(errno)
}

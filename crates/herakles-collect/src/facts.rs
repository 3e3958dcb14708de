//! What the rules may ask about a living process, each file read when it is first asked for.

use std::cell::{OnceCell, RefCell};
use std::sync::{PoisonError, RwLock};

use herakles_classify::FactSource;
use herakles_scan::{
    ProcFile, ProcHandle, ProcSource, ReadBuf, ScanError, Skip, open_process, read_stat, read_text,
};
use herakles_stat::Pid;

use crate::process_table::ProcessTable;
use crate::users::Users;

/// The facts of one process.
pub(crate) struct LiveFacts<'a, S: ProcSource> {
    source: &'a S,
    handle: &'a S::Handle,
    parent: Option<Pid>,
    comm: &'a [u8],
    users: &'a Users,
    /// Where the names of known parents are.
    table: Option<&'a RwLock<ProcessTable>>,
    /// Called before a file is read, which may hang.
    before_read: &'a dyn Fn(ProcFile),
    buffer: RefCell<&'a mut ReadBuf>,
    errors: RefCell<Vec<ScanError>>,
    cmdline: OnceCell<Option<Vec<u8>>>,
    exe: OnceCell<Option<Vec<u8>>>,
    cgroup: OnceCell<Option<Vec<u8>>>,
    user: OnceCell<Option<String>>,
    parent_comm: OnceCell<Option<Vec<u8>>>,
}

impl<'a, S: ProcSource> LiveFacts<'a, S> {
    /// The facts of the process behind `handle`, whose name and parent are known.
    pub(crate) fn new(
        source: &'a S,
        handle: &'a S::Handle,
        parent: Option<Pid>,
        comm: &'a [u8],
        users: &'a Users,
        buffer: &'a mut ReadBuf,
    ) -> Self {
        Self {
            source,
            handle,
            parent,
            comm,
            users,
            table: None,
            before_read: &|_| {},
            buffer: RefCell::new(buffer),
            errors: RefCell::default(),
            cmdline: OnceCell::new(),
            exe: OnceCell::new(),
            cgroup: OnceCell::new(),
            user: OnceCell::new(),
            parent_comm: OnceCell::new(),
        }
    }

    /// Takes the names of parents from here, where they are known.
    pub(crate) fn with_table(self, table: &'a RwLock<ProcessTable>) -> Self {
        Self {
            table: Some(table),
            ..self
        }
    }

    /// Calls this before each read.
    pub(crate) fn before_read(self, before_read: &'a dyn Fn(ProcFile)) -> Self {
        Self {
            before_read,
            ..self
        }
    }

    /// What could not be read, other than because the process has ended.
    pub(crate) fn into_errors(self) -> Vec<ScanError> {
        self.errors.into_inner()
    }

    fn read(&self, file: ProcFile) -> Option<Vec<u8>> {
        (self.before_read)(file);
        match read_text(self.handle, file, &mut self.buffer.borrow_mut()) {
            Ok(text) => Some(text.to_vec()),
            Err(error) => {
                if error.skip != Skip::Vanished {
                    self.errors.borrow_mut().push(error);
                }
                None
            }
        }
    }

    fn read_parent_comm(&self) -> Option<Vec<u8>> {
        let parent = self.parent?;
        if let Some(table) = self.table {
            let table = table.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = table.by_pid(parent) {
                return Some(known.image.comm.as_bytes().to_vec());
            }
        }
        let handle = open_process(self.source, parent).ok()?;
        let stat = read_stat(&handle, &mut self.buffer.borrow_mut())
            .ok()?
            .comm
            .to_vec();
        Some(stat)
    }
}

impl<S: ProcSource> FactSource for LiveFacts<'_, S> {
    fn comm(&self) -> &[u8] {
        self.comm
    }

    fn cmdline(&self) -> Option<&[u8]> {
        self.cmdline
            .get_or_init(|| self.read(ProcFile::Cmdline))
            .as_deref()
    }

    fn exe(&self) -> Option<&[u8]> {
        self.exe.get_or_init(|| self.read(ProcFile::Exe)).as_deref()
    }

    fn cgroup(&self) -> Option<&[u8]> {
        self.cgroup
            .get_or_init(|| self.read(ProcFile::Cgroup))
            .as_deref()
    }

    fn user(&self) -> Option<&str> {
        let name = || Some(self.users.name(self.handle.owner_uid().ok()?));
        self.user.get_or_init(name).as_deref()
    }

    fn parent_comm(&self) -> Option<&[u8]> {
        self.parent_comm
            .get_or_init(|| self.read_parent_comm())
            .as_deref()
    }
}

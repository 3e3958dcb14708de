//! Processes that hold what a case says, and what an independent reader finds of them.

use std::{
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use procfs::process::{Process, all_processes};

use super::case::{Case, KIB_HELD};
use crate::{failure::Failure, programs};

/// The file that is mapped.
pub(super) const FILE_BYTES: usize = (KIB_HELD as usize) << 10;

/// A process and its children, which go with this value.
pub(super) struct Holder {
    child: Child,
}

impl Holder {
    /// Starts it and waits until it holds everything.
    ///
    /// # Errors
    /// When it cannot be started or cannot take its memory.
    pub(super) fn start(program: &Path, case: &Case) -> Result<Self, Failure> {
        let failed = |what: &str| Failure::new(format!("{}: {what}", case.name));
        let mut command = Command::new(program);
        command
            .args([case.name, case.kind, &case.kib.to_string()])
            .arg((case.processes - 1).to_string());
        if case.kind == "file" {
            command.arg(programs::filled(case.name, FILE_BYTES)?);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| failed(&e.to_string()))?;
        let ready = child.stdout.take();
        let holder = Self { child };
        let mut byte = [0];
        ready
            .and_then(|mut it| it.read_exact(&mut byte).ok())
            .ok_or_else(|| failed("it could not take its memory"))?;
        Ok(holder)
    }

    /// Pids of the process and its children.
    fn pids(&self) -> Vec<i32> {
        let Ok(own) = i32::try_from(self.child.id()) else {
            return Vec::new();
        };
        let children = all_processes().into_iter().flatten().filter_map(|it| {
            let stat = it.ok()?.stat().ok()?;
            (stat.ppid == own).then_some(stat.pid)
        });
        [own].into_iter().chain(children).collect()
    }

    /// The sum of a line of `smaps_rollup` over all of them, in KiB, as the procfs crate reads it.
    pub(super) fn independent_kib(&self, keys: &[&str]) -> u64 {
        let of = |pid: &i32| Some(rollup(&Process::new(*pid).ok()?, keys)? >> 10);
        self.pids().iter().filter_map(of).sum()
    }
}

/// The sum of lines of a process's `smaps_rollup`, in bytes; `None` if it has none.
pub(super) fn rollup(process: &Process, keys: &[&str]) -> Option<u64> {
    let rollup = process.smaps_rollup().ok()?;
    let values = &rollup.memory_map_rollup.0.first()?.extension.map;
    Some(keys.iter().filter_map(|key| values.get(*key)).sum())
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

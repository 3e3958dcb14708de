//! The synthetic fleet: what it consists of, its start, and its certain end.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, PipeReader, PipeWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use super::processes;
use crate::{failure::Failure, programs};

/// The file that all members map as their shared libraries, in bytes.
const LIBRARY_BYTES: usize = 8 << 20;

/// Longest wait for the last members to end.
const PARTING: Duration = Duration::from_secs(10);

/// Members of one sort.
struct Kind {
    members: usize,
    /// Processes that each of these members consists of.
    processes: usize,
    /// What `member.c` is told.
    role: String,
}

/// A thousand is 200 with 20 MiB of their own, 55 that share 30 MiB copy-on-write, 20 with many
/// threads, 20 with many mappings, 20 that move, and small ones. A larger fleet has more small
/// ones, and again 2 % of it moves: 4 about all the time, the others twice a second.
fn muster(processes: usize) -> Vec<Kind> {
    let share = |per_thousand: usize| processes.min(1_000) * per_thousand / 1_000;
    let each = |members: usize, role: &str| Kind {
        members,
        processes: 1,
        role: role.to_owned(),
    };
    let sharers = share(55).max(1);
    let busy = share(4);
    let mut kinds = vec![
        Kind {
            members: 1,
            processes: sharers,
            role: format!("sharers 30720 {}", sharers - 1),
        },
        each(share(200), "plain 20480"),
        each(share(20), "threads 400 15"),
        each(share(20), "mappings 400 300"),
        each(busy, "moving 10 64"),
        each((processes / 50).saturating_sub(busy), "moving 500 16"),
    ];
    let special: usize = kinds.iter().map(|it| it.members * it.processes).sum();
    kinds.push(each(processes.saturating_sub(special), "plain 400"));
    kinds
}

/// Running processes that end, all of them, when this value is dropped or its program ends.
pub(super) struct Fleet {
    /// Members end when they find this closed.
    lifeline: Option<PipeWriter>,
    children: Vec<Child>,
    pids: HashSet<u32>,
}

impl Fleet {
    /// Starts the members and waits until all are ready.
    ///
    /// # Errors
    /// When a member cannot be started or gives up.
    pub(super) fn start(processes: usize) -> Result<Self, Failure> {
        let library = library().map_err(|e| Failure::new(format!("no library file: {e}")))?;
        let program = programs::compile("member")?;
        let pipes = || io::pipe().map_err(|e| Failure::new(format!("cannot make a pipe: {e}")));
        let (held, lifeline) = pipes()?;
        let (mut readiness, ready) = pipes()?;
        let mut fleet = Self {
            lifeline: Some(lifeline),
            children: Vec::with_capacity(processes),
            pids: HashSet::new(),
        };
        for kind in muster(processes) {
            for _ in 0..kind.members {
                let child = member(&program, &library, &kind, &held, &ready);
                fleet.children.push(child.map_err(|e| {
                    Failure::new(format!("cannot start a member of the fleet: {e}"))
                })?);
            }
        }
        drop(ready);
        let mut bytes = vec![0; processes];
        readiness.read_exact(&mut bytes).map_err(|_| {
            Failure::new("a member of the fleet has ended; is there enough memory?")
        })?;
        fleet.pids = processes::descendants_of(std::process::id())?;
        Ok(fleet)
    }

    /// The pids of all members.
    pub(super) fn pids(&self) -> &HashSet<u32> {
        &self.pids
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        for child in &mut self.children {
            // It ends by itself; this only hurries one that hangs.
            let _ = child.kill();
            let _ = child.wait();
        }
        // Sharers are children of a child, so there is nobody to wait for them but by looking.
        let begin = Instant::now();
        while self.pids.iter().any(|pid| processes::exists(*pid)) && begin.elapsed() < PARTING {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn member(
    program: &Path,
    library: &Path,
    kind: &Kind,
    held: &PipeReader,
    ready: &PipeWriter,
) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.arg(library).args(kind.role.split(' '));
    command
        .stdin(held.try_clone()?)
        .stdout(ready.try_clone()?)
        .spawn()
}

/// Makes the file that stands for the shared libraries. It is synced, as libraries are clean.
fn library() -> io::Result<PathBuf> {
    let directory = programs::directory().map_err(|e| io::Error::other(e.to_string()))?;
    let path = directory.join("library");
    if fs::metadata(&path).is_ok_and(|it| it.len() == LIBRARY_BYTES as u64) {
        return Ok(path);
    }
    let mut file = File::create(&path)?;
    file.write_all(&vec![0x5a; LIBRARY_BYTES])?;
    file.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_has_as_many_processes_as_asked_for_of_which_two_per_cent_move() {
        for processes in [50, 200, 1_000, 5_000] {
            let count = |role: &str| -> usize {
                muster(processes)
                    .iter()
                    .filter(|it| it.role.starts_with(role))
                    .map(|it| it.members * it.processes)
                    .sum()
            };
            assert_eq!(count(""), processes);
            assert_eq!(count("moving"), processes / 50);
        }
    }
}

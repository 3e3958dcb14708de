//! The synthetic fleet: what it consists of, its start, and its certain end.

use std::{
    collections::HashSet,
    io::{self, PipeReader, PipeWriter, Read as _},
    path::Path,
    process::{Child, Command},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    failure::Failure,
    processes::{self, ProcEntry},
    programs,
};

/// The file that all members map as their shared libraries, in bytes.
const LIBRARY_BYTES: usize = 8 << 20;

/// Longest wait for one more member to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

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
pub(crate) struct Fleet {
    /// Members end when they find this closed.
    lifeline: Option<PipeWriter>,
    children: Vec<Child>,
    pids: HashSet<u32>,
}

impl Fleet {
    /// Starts so many processes and waits until all are ready.
    ///
    /// # Errors
    /// When a member cannot be started, ends, or takes too long.
    pub(crate) fn start(processes: usize) -> Result<Self, Failure> {
        Self::of(&muster(processes))
    }

    fn of(kinds: &[Kind]) -> Result<Self, Failure> {
        let library = programs::filled("library", LIBRARY_BYTES)?;
        let program = programs::compile("member")?;
        let pipes = || io::pipe().map_err(|e| Failure::new(format!("cannot make a pipe: {e}")));
        let (held, lifeline) = pipes()?;
        let (readiness, ready) = pipes()?;
        let mut fleet = Self {
            lifeline: Some(lifeline),
            children: Vec::new(),
            pids: HashSet::new(),
        };
        for kind in kinds {
            for _ in 0..kind.members {
                let child = member(&program, &library, kind, &held, &ready);
                fleet.children.push(child.map_err(|e| {
                    Failure::new(format!("cannot start a member of the fleet: {e}"))
                })?);
            }
        }
        // The members alone hold these ends now, and so tell by them that they have ended.
        drop((held, ready));
        fleet.await_readiness(&told(readiness), kinds)?;
        fleet.pids = processes::families_of(fleet.children.iter().map(Child::id).collect())?;
        Ok(fleet)
    }

    /// Waits until every process has told that it is ready; `told` ends when nobody can any more.
    fn await_readiness(&mut self, told: &Receiver<usize>, kinds: &[Kind]) -> Result<(), Failure> {
        let wanted: usize = kinds.iter().map(|it| it.members * it.processes).sum();
        let mut ready = 0;
        loop {
            match told.recv_timeout(PATIENCE) {
                Ok(more) => ready += more,
                Err(RecvTimeoutError::Disconnected) if ready == wanted => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => {
                    let (lost, how) = (wanted - ready, self.first_failure(kinds));
                    return Err(Failure::new(format!(
                        "{lost} of {wanted} processes of the fleet ended before they were ready{how}; \
                         is there enough memory, and are so many processes allowed?"
                    )));
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Failure::new(format!(
                        "only {ready} of {wanted} processes of the fleet are ready, and no further \
                         one within a minute; is there enough memory?"
                    )));
                }
            }
        }
    }

    /// Lets all members end; says which did not end well, in a clause. A child of a member may
    /// have been it, of which nothing is known here.
    fn first_failure(&mut self, kinds: &[Kind]) -> String {
        drop(self.lifeline.take());
        let roles = kinds
            .iter()
            .flat_map(|it| std::iter::repeat_n(&it.role, it.members));
        let ends = self.children.iter_mut().zip(roles);
        ends.filter_map(|(child, role)| Some((child.wait().ok()?, role)))
            .find(|(status, _)| !status.success())
            .map_or_else(String::new, |(status, role)| {
                format!(", the first as `{role}` with {status}")
            })
    }

    /// All processes at this moment, with every member among them.
    ///
    /// # Errors
    /// When a member has ended, as figures of what is left would be of another fleet.
    pub(crate) fn seen(&self) -> Result<Vec<ProcEntry>, Failure> {
        let processes = processes::list()?;
        let alive = processes
            .iter()
            .filter(|process| !process.bare && self.pids.contains(&process.pid))
            .count();
        match self.pids.len() - alive {
            0 => Ok(processes),
            lost => Err(Failure::new(format!(
                "{lost} of {} members of the fleet have ended; was memory short?",
                self.pids.len()
            ))),
        }
    }

    /// The pids of all members.
    pub(crate) fn pids(&self) -> &HashSet<u32> {
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

/// Counts on a thread of its own, as a read has no limit of time.
fn told(mut readiness: PipeReader) -> Receiver<usize> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = [0; 256];
        // It also ends when nobody listens, or with the last member.
        while let Ok(more @ 1..) = readiness.read(&mut bytes) {
            if tell.send(more).is_err() {
                break;
            }
        }
    });
    told
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

    fn kind(members: usize, processes: usize, role: &str) -> Kind {
        Kind {
            members,
            processes,
            role: role.to_owned(),
        }
    }

    #[test]
    fn a_fleet_lives_until_its_value_goes() {
        let kinds = [
            kind(2, 1, "plain 400"),
            kind(1, 3, "sharers 400 2"),
            kind(1, 1, "moving 10 4"),
        ];
        let fleet = Fleet::of(&kinds).unwrap();
        let pids = fleet.pids().clone();
        assert_eq!(pids.len(), 6);
        assert!(pids.iter().all(|pid| processes::exists(*pid)));
        drop(fleet);
        assert!(!pids.iter().any(|pid| processes::exists(*pid)));
    }

    #[test]
    fn a_member_that_ends_at_its_start_is_named_and_not_waited_for() {
        // An exbibyte is more than an address space holds.
        let kinds = [
            kind(2, 1, "plain 400"),
            kind(1, 1, "plain 1125899906842624"),
        ];
        let failure = Fleet::of(&kinds).map(drop).unwrap_err().to_string();
        let expected = "1 of 3 processes of the fleet ended before they were ready, the first as \
                        `plain 1125899906842624` with exit status: 1; ";
        assert!(failure.starts_with(expected), "{failure}");
    }
}

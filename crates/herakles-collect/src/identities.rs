//! Whose each process is, where it is and what it runs, read beside a scan.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use std::vec::IntoIter;

use herakles_classify::{Variables, display_name};
use herakles_metrics::{ProcessKind, Snapshot};
use herakles_scan::ProcFs;
use herakles_stat::{Pid, ProcessKey};

use crate::inspect::Inspection;
use crate::users::Users;

/// A file of a process may be stuck; then it goes without.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many processes that are stuck are met at once; then the rest goes without, too.
const MOST_STUCK: usize = 8;

/// What a scan does not ask about a process.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Identity {
    /// Its parent.
    pub parent: Option<Pid>,
    /// User, unit, container and what it runs.
    pub variables: Variables,
    /// Its command line made printable: a blank between arguments, the program without its folders.
    /// It may hold secrets.
    pub cmdline: Option<String>,
}

/// The identities of all processes of a snapshot but kernel threads. What is known of a process is
/// not read again as long as it keeps its name.
#[derive(Debug)]
pub struct Identities {
    /// Where the names of users are.
    rootfs: PathBuf,
    known: HashMap<ProcessKey, Named>,
    /// Whose files have not come back.
    stuck: HashSet<ProcessKey>,
    answer: Sender<Answer>,
    answers: Receiver<Answer>,
}

#[derive(Clone, Debug)]
struct Named {
    name: Box<str>,
    identity: Identity,
}

/// Nothing of a process that has ended.
type Answer = (ProcessKey, Option<Named>);

impl Identities {
    /// Knows nobody yet. Users have the names of the system whose root is `rootfs`, as for
    /// [`Users::open`].
    pub fn new(rootfs: impl Into<PathBuf>) -> Self {
        let (answer, answers) = channel();
        Self {
            rootfs: rootfs.into(),
            known: HashMap::new(),
            stuck: HashSet::new(),
            answer,
            answers,
        }
    }

    /// Reads what is not known yet of the processes of a snapshot from the `/proc` at `root`, and
    /// forgets all others. What cannot be read, or hangs, is missing.
    pub fn follow(&mut self, root: &Path, snapshot: &Snapshot) {
        while let Ok(late) = self.answers.try_recv() {
            self.take(late);
        }
        let mut known = std::mem::take(&mut self.known);
        let mut stuck = std::mem::take(&mut self.stuck);
        let mut unknown = Vec::new();
        for process in snapshot.processes() {
            let key = process.key;
            if stuck.remove(&key) {
                self.stuck.insert(key);
                continue;
            }
            match known
                .remove(&key)
                .filter(|named| *named.name == *process.name)
            {
                Some(named) => drop(self.known.insert(key, named)),
                None if process.kind == ProcessKind::KernelThread => {}
                None => unknown.push((key, Box::from(&*process.name))),
            }
        }
        self.read(root, unknown);
    }

    /// Reads on threads of its own, one after the other: one that hangs is left behind, and the next
    /// goes on.
    fn read(&mut self, root: &Path, unknown: Vec<(ProcessKey, Box<str>)>) {
        let mut asked: HashSet<ProcessKey> = unknown.iter().map(|(key, _)| *key).collect();
        let Ok(proc) = ProcFs::open(root) else {
            return;
        };
        let queue = Arc::new(ReadQueue {
            proc,
            users: Users::open(&self.rootfs),
            unknown: Mutex::new(unknown.into_iter()),
        });
        for _ in 0..MOST_STUCK {
            if queue.is_empty() || !queue.start(self.answer.clone()) {
                break;
            }
            while !asked.is_empty() {
                let Ok(answer) = self.answers.recv_timeout(PATIENCE) else {
                    break;
                };
                asked.remove(&answer.0);
                self.take(answer);
            }
        }
        // Those that nobody has begun with are asked for in the next snapshot.
        for (key, _) in queue.lock().by_ref() {
            asked.remove(&key);
        }
        self.stuck.extend(asked);
    }

    fn take(&mut self, (key, named): Answer) {
        self.stuck.remove(&key);
        if let Some(named) = named {
            self.known.insert(key, named);
        }
    }

    /// That of one process.
    pub fn get(&self, key: ProcessKey) -> Option<&Identity> {
        self.known.get(&key).map(|named| &named.identity)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (ProcessKey, &Identity)> {
        self.known
            .iter()
            .map(|(key, named)| (*key, &named.identity))
    }
}

/// Who is to be read. Also one that comes back late takes the next from here.
struct ReadQueue {
    proc: ProcFs,
    users: Users,
    unknown: Mutex<IntoIter<(ProcessKey, Box<str>)>>,
}

impl ReadQueue {
    /// Starts a thread, if there is one to be had.
    fn start(self: &Arc<Self>, answer: Sender<Answer>) -> bool {
        let queue = Arc::clone(self);
        let work = move || {
            loop {
                let Some((key, name)) = queue.lock().next() else {
                    return;
                };
                let seen = Inspection::read(&queue.proc, key.pid, &queue.users).ok();
                let named = seen.map(|seen| Named {
                    name,
                    identity: identity(&seen),
                });
                if answer.send((key, named)).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().spawn(work).is_ok()
    }

    fn is_empty(&self) -> bool {
        self.lock().len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, IntoIter<(ProcessKey, Box<str>)>> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(seen: &Inspection) -> Identity {
    let facts = seen.facts();
    Identity {
        parent: seen.parent,
        variables: Variables::of(&facts),
        cmdline: facts.cmdline.map(printable).filter(|line| !line.is_empty()),
    }
}

/// A command line with blanks between its arguments, the program without its folders.
fn printable(cmdline: &[u8]) -> String {
    let arguments = cmdline
        .split(|byte| *byte == 0)
        .filter(|argument| !argument.is_empty());
    let mut line = Vec::new();
    for argument in arguments {
        if line.is_empty() {
            line.extend_from_slice(without_folders(argument));
        } else {
            line.push(b' ');
            line.extend_from_slice(argument);
        }
    }
    if line.is_empty() {
        String::new()
    } else {
        display_name(&line)
    }
}

/// The program, which may be followed by blanks where a process wrote over its arguments.
fn without_folders(program: &[u8]) -> &[u8] {
    let end = program
        .iter()
        .position(|byte| *byte == b' ')
        .unwrap_or(program.len());
    let slash = program
        .get(..end)
        .and_then(|path| path.iter().rposition(|byte| *byte == b'/'));
    slash
        .and_then(|at| program.get(at + 1..))
        .unwrap_or(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_shown_without_the_folders_of_its_program() {
        assert_eq!(
            printable(b"/usr/bin/python3\0/srv/a.py\0\0"),
            "python3 /srv/a.py"
        );
        assert_eq!(
            printable(b"\x1b[31mred\0a\nb"),
            "\u{fffd}[31mred a\u{fffd}b"
        );
        assert_eq!(printable(b"\0\0"), "");
        // One that a program has written over, with blanks instead of NULs.
        let title = "nginx: master process /usr/sbin/nginx";
        assert_eq!(printable(title.as_bytes()), title);
    }
}

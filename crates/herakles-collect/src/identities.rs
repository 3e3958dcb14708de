//! Whose each process is, where it is and what it runs, read beside a scan.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use herakles_classify::{Variables, display_name};
use herakles_metrics::{ProcessKind, Snapshot};
use herakles_scan::ProcFs;
use herakles_stat::{Pid, ProcessKey};

use crate::inspect::Inspection;
use crate::users::Users;

/// A file of a process may be stuck; then the rest goes without.
const PATIENCE: Duration = Duration::from_secs(2);

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
#[derive(Debug, Default)]
pub struct Identities {
    known: HashMap<ProcessKey, Named>,
}

#[derive(Clone, Debug)]
struct Named {
    name: Box<str>,
    identity: Identity,
}

impl Identities {
    /// Reads what is not known yet of the processes of a snapshot from the `/proc` at `root`, and
    /// forgets all others. What cannot be read, or hangs, is missing.
    pub fn follow(&mut self, root: &Path, snapshot: &Snapshot) {
        let mut before = std::mem::take(&mut self.known);
        let mut unknown = Vec::new();
        for process in snapshot.processes() {
            match before
                .remove(&process.key)
                .filter(|named| *named.name == *process.name)
            {
                Some(named) => drop(self.known.insert(process.key, named)),
                None if process.kind == ProcessKind::KernelThread => {}
                None => unknown.push((process.key, Box::from(&*process.name))),
            }
        }
        let read = read(root.to_owned(), unknown);
        while let Ok((key, named)) = read.recv_timeout(PATIENCE) {
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

/// Reads on a thread of its own, which is left behind if it hangs.
fn read(root: PathBuf, wanted: Vec<(ProcessKey, Box<str>)>) -> Receiver<(ProcessKey, Named)> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let Ok(proc) = ProcFs::open(&root) else {
            return;
        };
        let users = Users::open(Path::new("/"));
        for (key, name) in wanted {
            let Ok(seen) = Inspection::read(&proc, key.pid, &users) else {
                continue;
            };
            let identity = identity(&seen);
            if sender.send((key, Named { name, identity })).is_err() {
                return;
            }
        }
    });
    receiver
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

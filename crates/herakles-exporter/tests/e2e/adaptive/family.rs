//! Processes that hold memory, do nothing, and do something with it when told.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::tools;

/// What each process maps.
pub(super) const HELD_BYTES: u64 = 32 << 20;

/// Takes a name, maps memory of its own or a file, touches all of it, and forks some children, by
/// its arguments. Each then waits for the end of its standard input. By signal, one writes to all
/// of its memory, or returns it to the kernel.
const HOLDER: &str = r#"
import mmap, os, signal, sys

SIZE = 32 << 20
name, children, what = sys.argv[1:]
open("/proc/self/comm", "w").write(name)
is_file = what.startswith("/")
if is_file:
    held = mmap.mmap(os.open(what, os.O_RDONLY), SIZE, prot=mmap.PROT_READ)
else:
    held = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
if what in ("mergeable", "zeroes"):
    held.madvise(mmap.MADV_MERGEABLE)

def write(byte):
    for at in range(0, SIZE, 4096):
        held[at] = byte

def say(word):
    os.write(1, f"{word}\n".encode())

def overwrite(signal, frame):
    write(2)
    say("overwritten")

def give_back(signal, frame):
    held.madvise(mmap.MADV_DONTNEED)
    say("given back")

if is_file:
    sum(held[at] for at in range(0, SIZE, 4096))
else:
    write(0 if what == "zeroes" else 1)
signal.signal(signal.SIGUSR1, overwrite)
signal.signal(signal.SIGUSR2, give_back)
# The parent must not have to run when a child ends.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(int(children)):
    if os.fork() == 0:
        break
say(os.getpid())
os.read(0, 1)
os._exit(0)
"#;

/// What the processes of a family hold, [`HELD_BYTES`] of it.
#[derive(Clone, Copy)]
pub(super) enum Held<'a> {
    /// Anonymous memory; the children share it with their parent.
    Own,
    /// The same, of equal pages that KSM may merge.
    Mergeable,
    /// The same, of pages that have been written to, but hold nothing but zeroes.
    Zeroes,
    /// A file, mapped to be read.
    File(&'a Path),
}

/// A process that holds memory, and the children it has forked.
pub(super) struct Family {
    parent: Child,
    /// All wait for its end, also when the parent is gone.
    _stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    pub(super) pids: Vec<i32>,
}

impl Family {
    /// Starts a process with as many children; all hold the same memory, or map the same file.
    /// Nothing, with a word about it, where there is no Python. Tests that run at the same time
    /// need names of their own: what one family does has those of the same name read again.
    pub(super) fn start(name: &str, children: usize, held: Held<'_>) -> Option<Self> {
        let python = Command::new(tools::python()?);
        Some(Self::run(python, name, children, held))
    }

    /// Starts a process without children that belongs to a cgroup before it holds anything, by
    /// the group's `cgroup.procs`.
    pub(super) fn start_within(procs: &Path, name: &str, held: Held<'_>) -> Option<Self> {
        let mut python = Command::new("sh");
        python
            .args(["-c", r#"echo $$ >"$0" && exec "$@""#])
            .arg(procs)
            .arg(tools::python()?);
        Some(Self::run(python, name, 0, held))
    }

    fn run(mut python: Command, name: &str, children: usize, held: Held<'_>) -> Self {
        let mut parent = python
            .args(["-c", HOLDER, name, &children.to_string()])
            .arg(match held {
                Held::Own => Path::new("own"),
                Held::Mergeable => Path::new("mergeable"),
                Held::Zeroes => Path::new("zeroes"),
                Held::File(path) => path,
            })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let stdout = parent.stdout.take().expect("it is piped");
        let stdin = parent.stdin.take().expect("it is piped");
        let mut family = Self {
            _stdin: stdin,
            stdout: BufReader::new(stdout),
            pids: Vec::new(),
            parent,
        };
        for _ in 0..=children {
            let pid = family.line().parse().expect("a pid");
            family.pids.push(pid);
        }
        family
    }

    pub(super) fn parent(&self) -> i32 {
        i32::try_from(self.parent.id()).expect("a pid fits")
    }

    pub(super) fn children(&self) -> impl Iterator<Item = i32> {
        let parent = self.parent();
        self.pids.iter().copied().filter(move |&pid| pid != parent)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("python speaks");
        line.trim_end().to_owned()
    }

    /// Makes one of them do something, and waits until it is done.
    pub(super) fn ask(&mut self, pid: i32, signal: Signal, answer: &str) {
        kill(pid, signal);
        assert_eq!(self.line(), answer);
    }

    /// Ends one of them.
    pub(super) fn end(&mut self, pid: i32) {
        kill(pid, Signal::KILL);
        if pid == self.parent() {
            self.parent.wait().expect("it is our child");
        }
        self.pids.retain(|&other| other != pid);
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        // It may have been ended before. The others end with their standard input.
        let _ = self.parent.kill();
        let _ = self.parent.wait();
    }
}

fn kill(pid: i32, signal: Signal) {
    let pid = Pid::from_raw(pid).expect("a pid is not zero");
    kill_process(pid, signal).expect("it is ours");
}

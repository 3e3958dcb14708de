//! Memory that moves although its process does nothing: what adaptive reading must notice.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::{
    eventually,
    exporter::{Exporter, Options},
    exposition::Exposition,
    tools,
};

/// What each process maps.
const HELD_BYTES: u64 = 32 << 20;

/// Takes a name, maps memory of its own or a file, touches all of it, and forks some children, by
/// its arguments. Each then waits for the end of its standard input. By signal, one writes to all
/// of its memory, or returns it to the kernel.
const HOLDER: &str = r#"
import mmap, os, signal, sys

SIZE = 32 << 20
name, children, *file = sys.argv[1:]
open("/proc/self/comm", "w").write(name)
if file:
    held = mmap.mmap(os.open(file[0], os.O_RDONLY), SIZE, prot=mmap.PROT_READ)
else:
    held = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

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

if file:
    sum(held[at] for at in range(0, SIZE, 4096))
else:
    write(1)
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

/// A process that holds memory, and the children it has forked.
struct Family {
    parent: Child,
    /// All wait for its end, also when the parent is gone.
    _stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    pids: Vec<i32>,
}

impl Family {
    /// Starts a process with as many children; all hold the same memory, or map the same file.
    /// Nothing, with a word about it, where there is no Python. Tests that run at the same time
    /// need names of their own: what one family does has those of the same name read again.
    fn start(name: &str, children: usize, file: Option<&Path>) -> Option<Self> {
        let python = tools::python()?;
        let mut parent = Command::new(python)
            .args(["-c", HOLDER, name, &children.to_string()])
            .args(file)
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
        Some(family)
    }

    fn parent(&self) -> i32 {
        i32::try_from(self.parent.id()).expect("a pid fits")
    }

    fn children(&self) -> impl Iterator<Item = i32> {
        let parent = self.parent();
        self.pids.iter().copied().filter(move |&pid| pid != parent)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("python speaks");
        line.trim_end().to_owned()
    }

    /// Makes one of them do something, and waits until it is done.
    fn ask(&mut self, pid: i32, signal: Signal, answer: &str) {
        kill(pid, signal);
        assert_eq!(self.line(), answer);
    }

    /// Ends one of them.
    fn end(&mut self, pid: i32) {
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

/// RSS, PSS and USS in bytes.
type Memory = [u64; 3];

/// What the kernel says now.
fn truth(pid: i32) -> Memory {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("it lives");
    let bytes = |key: &str| {
        let value = rollup.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes = value.and_then(|value| value.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("no {key} in {rollup}"));
        kilobytes * 1024
    };
    let uss = bytes("Private_Clean:") + bytes("Private_Dirty:");
    [bytes("Rss:"), bytes("Pss:"), uss]
}

/// Whether RSS is right but for 64 kB and a hundredth, PSS and USS but for what a process may share
/// without being read again when others let go of it: the interpreter's libraries, which whoever
/// else runs Python at that moment takes and leaves.
fn is_near(exported: Memory, truth: Memory) -> bool {
    const UNNOTICED: u64 = 8 << 20;
    let allowed = truth.map(|bytes| (64 << 10) + bytes / 100);
    let off = |n: usize| exported[n].abs_diff(truth[n]);
    off(0) <= allowed[0] && [1, 2].iter().all(|&n| off(n) <= allowed[n] + UNNOTICED)
}

/// An exporter that reads nothing again only because time has passed, nor puts off a read because
/// the machine is busy: what is read again has been noticed.
fn exporters() -> [Exporter; 2] {
    // With taskstats, and by the fingerprint alone.
    ["auto", "off"].map(|taskstats| {
        Options::live()
            .args([
                "--scan.memory=adaptive",
                "--scan.memory-max-age=1h",
                "--scan.hold-ratio=1",
                "--scan.cpu-budget=256",
            ])
            .args([format!("--scan.taskstats={taskstats}")])
            .start()
    })
}

/// The memory that is exported of a process, and the age of its sample in seconds.
fn exported(exporter: &Exporter, pid: i32) -> Option<(Memory, f64)> {
    let response = exporter.get("/api/v1/snapshot");
    let snapshot: Value = serde_json::from_slice(&response.body).expect("it is JSON");
    let process = snapshot["processes"]
        .as_array()?
        .iter()
        .find(|process| process["pid"] == pid)?;
    let [rss, pss, uss] =
        ["rss_bytes", "pss_bytes", "uss_bytes"].map(|field| process[field].as_u64());
    let age = process["memory_sample_age_seconds"].as_f64()?;
    Some(([rss?, pss?, uss?], age))
}

/// Waits until the exported memory is what the kernel says and `expected` holds of it.
fn follows(exporter: &Exporter, pid: i32, what: &str, expected: impl Fn(Memory) -> bool) {
    let mut last = None;
    eventually(&format!("the exporter to see that {what}"), || {
        let (memory, _) = exported(exporter, pid)?;
        let truth = truth(pid);
        let is_right = is_near(memory, truth) && expected(memory) && expected(truth);
        if !is_right && last != Some((memory, truth)) {
            eprintln!("{pid}: exported {memory:?}, in truth {truth:?}");
            last = Some((memory, truth));
        }
        is_right.then_some(())
    });
}

/// Waits until a process is known and has been left alone for two refreshes: its sample is older
/// than they are apart.
fn settles(exporter: &Exporter, pid: i32, expected: impl Fn(Memory) -> bool) {
    follows(exporter, pid, "it is there", expected);
    eventually("its sample to be used again", || {
        let (_, age) = exported(exporter, pid)?;
        (age > 2.0).then_some(())
    });
}

fn shares_nearly_all([rss, pss, uss]: Memory) -> bool {
    rss > HELD_BYTES && pss < HELD_BYTES && uss < HELD_BYTES / 2
}

fn owns_nearly_all([_, pss, uss]: Memory) -> bool {
    pss > HELD_BYTES && uss > HELD_BYTES
}

#[test]
fn adaptive_who_does_nothing_owns_what_its_sharers_leave() {
    for exporter in exporters() {
        // The one that stays is the parent, or a child that init adopts.
        for parent_stays in [true, false] {
            let Some(mut family) = Family::start("hk-heir", 4, None) else {
                return;
            };
            let stays = if parent_stays {
                family.parent()
            } else {
                family.children().next().expect("there are children")
            };
            settles(&exporter, stays, shares_nearly_all);
            for pid in family.pids.clone() {
                if pid != stays {
                    family.end(pid);
                }
            }
            follows(&exporter, stays, "it owns what it held", owns_nearly_all);
        }
    }
}

#[test]
fn adaptive_who_does_nothing_owns_what_a_sharer_has_copied() {
    for exporter in exporters() {
        let Some(mut family) = Family::start("hk-writer", 1, None) else {
            return;
        };
        let parent = family.parent();
        let child = family.children().next().expect("there is one");
        settles(&exporter, parent, shares_nearly_all);
        family.ask(child, Signal::USR1, "overwritten");
        follows(&exporter, child, "it has its own copy", owns_nearly_all);
        follows(&exporter, parent, "it keeps the old", owns_nearly_all);
    }
}

#[test]
fn adaptive_a_second_reader_of_a_file_halves_the_first_until_it_ends() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let bytes = usize::try_from(HELD_BYTES).expect("it is small");
    fs::write(file.path(), vec![b'x'; bytes]).expect("there is space");
    for exporter in exporters() {
        let Some(first) = Family::start("hk-reader", 0, Some(file.path())) else {
            return;
        };
        settles(&exporter, first.parent(), owns_nearly_all);
        let Some(mut second) = Family::start("hk-reader", 0, Some(file.path())) else {
            return;
        };
        follows(
            &exporter,
            first.parent(),
            "two map the file",
            shares_nearly_all,
        );
        settles(&exporter, first.parent(), shares_nearly_all);
        second.end(second.parent());
        follows(
            &exporter,
            first.parent(),
            "it maps the file alone",
            owns_nearly_all,
        );
    }
}

#[test]
fn adaptive_memory_given_back_is_gone() {
    for exporter in exporters() {
        let Some(mut family) = Family::start("hk-giver", 0, None) else {
            return;
        };
        let pid = family.parent();
        settles(&exporter, pid, owns_nearly_all);
        family.ask(pid, Signal::USR2, "given back");
        follows(&exporter, pid, "it holds nothing", |[rss, _, _]| {
            rss < HELD_BYTES
        });
    }
}

#[test]
fn adaptive_who_does_nothing_alone_is_left_alone() {
    for exporter in exporters() {
        let Some(family) = Family::start("hk-alone", 0, None) else {
            return;
        };
        let pid = family.parent();
        settles(&exporter, pid, owns_nearly_all);
        // Other tests start and end relatives of its parent, for which it may rightly be read.
        eventually("two refreshes that leave it alone", || {
            let reused = reuses(&exporter.metrics());
            let (memory, age) = exported(&exporter, pid)?;
            exporter.wait_for_next_refresh();
            let (later, later_age) = exported(&exporter, pid)?;
            let is_left_alone = later_age > age && reuses(&exporter.metrics()) > reused;
            if is_left_alone {
                assert_eq!(later, memory, "another sample of the same age");
            }
            is_left_alone.then_some(())
        });
    }
}

/// How many samples have been used again.
fn reuses(metrics: &Exposition) -> f64 {
    let reads = "herakles_exporter_memory_reads_total";
    metrics
        .value(reads, &[("result", "reused")])
        .expect("it is counted")
}

//! Processes that hold memory and sleep, and those that change it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::Memory;

/// A Python that runs one of the scripts beside this file.
pub(crate) fn python(script: &str) -> Command {
    let mut python = Command::new("python3");
    python.arg(format!(
        "{}/tests/idle/{script}",
        env!("CARGO_MANIFEST_DIR")
    ));
    python
}

/// A process that sleeps until it is dropped.
pub(crate) struct Sleeper {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it has said when it was ready.
    word: String,
}

impl Sleeper {
    fn spawn(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.process_group(0).spawn().expect("it is installed");
        let stdout = child.stdout.take().expect("piped");
        Self {
            child,
            stdout: BufReader::new(stdout),
            word: String::new(),
        }
    }

    /// Starts a program that says `ready` and a word, and then waits for its input.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut sleeper = Self::spawn(command);
        let line = sleeper.line();
        let word = line.strip_prefix("ready ");
        sleeper.word = word.expect("it is ready").to_owned();
        sleeper
    }

    /// A small process with 64 MB of memory that it has not touched.
    pub(crate) fn dd() -> Self {
        let mut dd = Command::new("dd");
        let sleeper = Self::spawn(dd.arg("bs=64M").stderr(Stdio::null()));
        while sleeper.find_buffer().is_none() {
            std::thread::yield_now();
        }
        sleeper
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn word(&self) -> &str {
        &self.word
    }

    /// Sends a line, and waits for the answer.
    pub(crate) fn ask(&mut self, answer: &str) {
        let stdin = self.child.stdin.as_mut().expect("piped");
        stdin.write_all(b"go\n").expect("it reads");
        assert_eq!(self.line(), answer);
    }

    /// Where the memory of [`dd`](Self::dd) begins, and how big it is.
    pub(crate) fn buffer(&self) -> (u64, u64) {
        self.find_buffer().expect("it has one")
    }

    fn find_buffer(&self) -> Option<(u64, u64)> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.pid())).expect("it lives");
        let spans = maps.lines().filter_map(|line| {
            let (begin, end) = line.split_once(' ')?.0.split_once('-')?;
            let at = |hex| u64::from_str_radix(hex, 16).ok();
            let begin = at(begin)?;
            Some((begin, at(end)? - begin))
        });
        let mut big = spans.filter(|(_, size)| (64 << 20..65 << 20).contains(size));
        big.next()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it writes");
        line.trim_end().to_owned()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // A relative would outlive it.
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

/// RSS and PSS as the kernel says now.
pub(crate) fn truth(pid: u32) -> Memory {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("it lives");
    ["Rss:", "Pss:"].map(|key| {
        let value = rollup.lines().find_map(|line| line.strip_prefix(key));
        let kib = value.and_then(|value| value.trim().strip_suffix(" kB"));
        1024 * kib.and_then(|kib| kib.parse::<u64>().ok()).expect("kB")
    })
}

/// Writes a byte into each `step` bytes of the memory of [`Sleeper::dd`]; says why not.
pub(crate) fn poke(small: &Sleeper, step: u64) -> bool {
    let (begin, size) = small.buffer();
    let numbers = [u64::from(small.pid()), begin, size, step];
    let done = python("poke.py")
        .args(numbers.map(|number| number.to_string()))
        .status();
    let is_done = done.expect("python3 is installed").success();
    if !is_done {
        eprintln!("left out: process_vm_writev is not for us");
    }
    is_done
}

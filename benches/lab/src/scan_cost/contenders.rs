//! The ways to scan that take turns: the floor, the engine in its modes, and what others do.

use std::{
    ffi::CStr,
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::refresh::{Refresh, Refresher};
use crate::{
    clock::{Cost, measure},
    failure::Failure,
    processes::ProcEntry,
    programs,
};

/// The files that every contender reads of every process.
const FILES: [&str; 3] = ["stat", "statm", "smaps_rollup"];

/// What scans all processes when it is its turn.
pub(super) trait Contender {
    /// Scans once. `processes` were there a moment ago; only the floors rely on that.
    fn scan(&mut self, processes: &[ProcEntry]) -> Result<Scanned, Failure>;
}

/// The result of one scan.
pub(super) struct Scanned {
    pub(super) cost: Cost,
    /// Of the engine: what the scan was a part of.
    pub(super) refresh: Option<Refresh>,
}

impl From<Cost> for Scanned {
    fn from(cost: Cost) -> Self {
        Self {
            cost,
            refresh: None,
        }
    }
}

impl Contender for Refresher {
    fn scan(&mut self, _: &[ProcEntry]) -> Result<Scanned, Failure> {
        let refresh = self.refresh()?;
        Ok(Scanned {
            cost: refresh.of_scan(),
            refresh: Some(refresh),
        })
    }
}

/// Opens, reads once and closes, in C, in a process of its own.
pub(super) struct FloorInC {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl FloorInC {
    pub(super) fn start() -> Result<Self, Failure> {
        let broken = |e| Failure::new(format!("cannot start the floor: {e}"));
        let mut child = Command::new(programs::compile("floor")?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(broken)?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::new("the floor has no pipes"));
        };
        Ok(Self {
            child,
            orders,
            answers: BufReader::new(answers),
        })
    }

    fn ask(&mut self, processes: &[ProcEntry]) -> Option<Cost> {
        let mut order = String::new();
        for process in processes {
            let sign = if process.bare { "-" } else { "" };
            order.push_str(&format!("{sign}{} ", process.pid));
        }
        order.push('\n');
        self.orders.write_all(order.as_bytes()).ok()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).ok()?;
        let mut nanoseconds = answer.split_ascii_whitespace().map(str::parse);
        let mut next = || Some(Duration::from_nanos(nanoseconds.next()?.ok()?));
        Some(Cost {
            cpu: next()?,
            wall: next()?,
            ..Cost::default()
        })
    }
}

impl Contender for FloorInC {
    fn scan(&mut self, processes: &[ProcEntry]) -> Result<Scanned, Failure> {
        let cost = self.ask(processes);
        Ok(cost
            .ok_or_else(|| Failure::new("the floor has ended"))?
            .into())
    }
}

impl Drop for FloorInC {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same as [`FloorInC`] in Rust: shows that the floor does not depend on the language.
pub(super) struct FloorInRust;

impl Contender for FloorInRust {
    fn scan(&mut self, processes: &[ProcEntry]) -> Result<Scanned, Failure> {
        let mut buffer = [0; 16_384];
        let ((), cost) = measure(|| {
            for process in processes {
                let files = if process.bare {
                    &FILES[..1]
                } else {
                    &FILES[..]
                };
                for file in files {
                    read_once(process.pid, file, &mut buffer);
                }
            }
        });
        Ok(cost.into())
    }
}

/// A process that has ended has no file to read, and the next round will not name it.
fn read_once(pid: u32, file: &str, buffer: &mut [u8]) -> Option<usize> {
    let mut path = [0; 64];
    write!(&mut path[..], "/proc/{pid}/{file}\0").ok()?;
    let path = CStr::from_bytes_until_nul(&path).ok()?;
    let file = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    rustix::io::read(&file, buffer).ok()
}

/// The `procfs` crate, as a program that trusts it would use it.
pub(super) struct ProcfsCrate;

impl Contender for ProcfsCrate {
    fn scan(&mut self, _: &[ProcEntry]) -> Result<Scanned, Failure> {
        let (sum, cost) = measure(|| -> procfs::ProcResult<u64> {
            let mut sum = 0;
            for process in procfs::process::all_processes()?.flatten() {
                let Ok(stat) = process.stat() else { continue };
                sum += stat.utime + stat.stime;
                let Ok(statm) = process.statm() else { continue };
                sum += statm.resident;
                let Ok(rollup) = process.smaps_rollup() else {
                    continue;
                };
                let of_all = rollup.memory_map_rollup.iter();
                sum += of_all
                    .filter_map(|it| it.extension.map.get("Pss"))
                    .sum::<u64>();
            }
            Ok(sum)
        });
        let sum = sum.map_err(|e| Failure::new(format!("the procfs crate failed: {e}")))?;
        std::hint::black_box(sum);
        Ok(cost.into())
    }
}

/// The standard library alone: every file by lines, every line by words.
pub(super) struct Lines;

impl Contender for Lines {
    fn scan(&mut self, _: &[ProcEntry]) -> Result<Scanned, Failure> {
        let (sum, cost) = measure(|| -> std::io::Result<u64> {
            let mut sum = 0;
            for entry in fs::read_dir("/proc")?.flatten() {
                let path = entry.path();
                let name = entry.file_name();
                if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
                    continue;
                }
                for name in FILES {
                    let Ok(file) = File::open(path.join(name)) else {
                        continue;
                    };
                    for line in BufReader::new(file).lines().map_while(Result::ok) {
                        let mut words = line.split_whitespace();
                        sum += words.nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
                    }
                }
            }
            Ok(sum)
        });
        let sum = sum.map_err(|e| Failure::new(format!("cannot list /proc: {e}")))?;
        std::hint::black_box(sum);
        Ok(cost.into())
    }
}

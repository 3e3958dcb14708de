//! Reading `stat`, `statm` and `smaps_rollup` of 1,000 recorded processes: by the library that scans,
//! by the whole engine that makes a snapshot of them, by the procfs crate, and line by line.
//!
//! `cargo bench -p herakles-benches --bench scan`; with `-- ratios` only the ratios. With the word
//! `live` behind `--` the same on the live `/proc`, and the sysinfo crate, which knows no other.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed benchmark")]

use std::cell::RefCell;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::Path;

use herakles_benches::Bench;
use herakles_collect::{Collector, MemoryMode, Options};
use herakles_scan::testing::StatLine;
use herakles_scan::{
    Buffers, MemorySource, ProcFs, ProcSource as _, open_process, read_memory, read_stat,
    read_statm,
};
use procfs::WithCurrentSystemInfo as _;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

const PROCESSES: u32 = 1_000;

/// A `/proc` of processes that are in all but their names what this one is.
fn record(root: &Path) {
    for file in ["stat", "uptime", "meminfo"] {
        fs::copy(Path::new("/proc").join(file), root.join(file)).unwrap();
    }
    for pid in 1..=PROCESSES {
        let process = root.join(pid.to_string());
        fs::create_dir(&process).unwrap();
        for file in ["statm", "smaps_rollup", "cmdline", "cgroup"] {
            let own = fs::read(Path::new("/proc/self").join(file)).unwrap();
            fs::write(process.join(file), own).unwrap();
        }
        let stat = StatLine::new(pid, format!("worker-{}", pid % 97));
        fs::write(process.join("stat"), stat.to_bytes()).unwrap();
        symlink("/usr/bin/worker", process.join("exe")).unwrap();
    }
}

/// Bytes of RSS that were read, and whether they came by `smaps_rollup` too.
#[derive(Clone, Copy)]
enum Depth {
    Resident,
    Rollup,
}

/// Processes that were read, as all contestants must find as many in a recorded tree.
type Count = u32;

/// By the library.
struct Ours {
    proc: ProcFs,
    pids: Vec<herakles_stat::Pid>,
    buffers: Buffers,
}

impl Ours {
    fn open(root: &Path) -> Self {
        Self {
            proc: ProcFs::open(root).unwrap(),
            pids: Vec::new(),
            buffers: Buffers::default(),
        }
    }

    fn scan(&mut self, depth: Depth) -> Count {
        self.proc.pids(&mut self.pids).unwrap();
        let (proc, buffers) = (&self.proc, &mut self.buffers);
        let read = |&pid: &herakles_stat::Pid| {
            let process = open_process(proc, pid).ok()?;
            black_box(read_stat(&process, &mut buffers.io).ok()?.cpu.user);
            black_box(read_statm(&process, &mut buffers.io).ok()?.resident_pages);
            if let Depth::Rollup = depth {
                black_box(read_memory(&process, MemorySource::SmapsRollup, buffers).ok()?);
            }
            Some(())
        };
        count(self.pids.iter().filter_map(read))
    }
}

/// By the engine, on one thread, to the finished snapshot.
fn engine(root: &Path, depth: Depth) -> Collector<ProcFs> {
    let mut options = Options::default();
    options.memory = match depth {
        Depth::Resident => MemoryMode::Rss,
        Depth::Rollup => MemoryMode::Exact,
    };
    options.threads = NonZeroUsize::new(1);
    options.host = false;
    options.fds = false;
    Collector::open(root, options).unwrap()
}

fn by_procfs(root: &Path, depth: Depth) -> Count {
    let processes = procfs::process::all_processes_with_root(root).unwrap();
    let read = |process: procfs::ProcResult<procfs::process::Process>| {
        let process = process.ok()?;
        let stat = process.stat().ok()?;
        black_box((stat.utime, stat.rss_bytes().get()));
        black_box(process.statm().ok()?.resident);
        if let Depth::Rollup = depth {
            black_box(process.smaps_rollup().ok()?);
        }
        Some(())
    };
    count(processes.filter_map(read))
}

/// As most exporters do it.
fn by_lines(root: &Path, depth: Depth) -> Count {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        entry.file_name().to_str()?.parse::<u32>().ok()?;
        let process = entry.path();
        let words = |file: &str, field: usize| {
            let text = fs::read_to_string(process.join(file)).ok()?;
            text.split_whitespace().nth(field)?.parse::<u64>().ok()
        };
        // Of a name with a space another field, which costs the same.
        black_box(words("stat", 21));
        black_box(words("statm", 1)?);
        if let Depth::Rollup = depth {
            let mut sum = 0;
            for line in BufReader::new(File::open(process.join("smaps_rollup")).ok()?).lines() {
                let line = line.ok()?;
                let mut words = line.split_whitespace();
                if let Some("Rss:" | "Pss:" | "Private_Clean:" | "Private_Dirty:") = words.next() {
                    sum += words.next()?.parse::<u64>().ok()?;
                }
            }
            black_box(sum);
        }
        Some(())
    };
    count(fs::read_dir(root).unwrap().filter_map(read))
}

fn by_sysinfo(system: &mut System) -> Count {
    let what = ProcessRefreshKind::nothing()
        .with_memory()
        .with_cpu()
        .without_tasks();
    let refreshed = system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
    Count::try_from(refreshed).unwrap()
}

fn count(read: impl Iterator<Item = ()>) -> Count {
    Count::try_from(read.count()).unwrap()
}

fn compare(bench: &mut Bench, task: &str, root: &Path, depth: Depth, system: Option<System>) {
    let ours = RefCell::new(Ours::open(root));
    let engine = RefCell::new(engine(root, depth));
    let system = system.map(RefCell::new);
    let scan = || {
        black_box(ours.borrow_mut().scan(depth));
    };
    let collect = || drop(black_box(engine.borrow_mut().scan().unwrap()));
    let procfs = || {
        black_box(by_procfs(root, depth));
    };
    let lines = || {
        black_box(by_lines(root, depth));
    };
    let sysinfo = || {
        let system = system.as_ref();
        black_box(system.map(|it| by_sysinfo(&mut it.borrow_mut())));
    };
    let mut contestants: Vec<herakles_benches::Contestant<'_>> = vec![
        ("herakles-scan", &scan),
        ("herakles-collect", &collect),
        ("procfs", &procfs),
        ("lines()", &lines),
    ];
    if system.is_some() {
        contestants.push(("sysinfo", &sysinfo));
    }
    bench.compare(task, &contestants);
}

fn main() {
    let mut bench = Bench::from_arguments();
    let depths = [
        ("stat and statm", Depth::Resident),
        ("stat, statm and smaps_rollup", Depth::Rollup),
    ];
    if bench.has("live") {
        let proc = Path::new("/proc");
        for (files, depth) in depths {
            // It reads no more than the first two, and no less.
            let system = matches!(depth, Depth::Resident).then(System::new);
            compare(&mut bench, &format!("live {files}"), proc, depth, system);
        }
        return bench.finish();
    }
    let tree = tempfile::tempdir().unwrap();
    record(tree.path());
    for (files, depth) in depths {
        let found = [
            Ours::open(tree.path()).scan(depth),
            by_procfs(tree.path(), depth),
            by_lines(tree.path(), depth),
        ];
        assert_eq!(found, [PROCESSES; 3]);
        let task = format!("{files} of 1,000 recorded processes");
        compare(&mut bench, &task, tree.path(), depth, None);
    }
    bench.finish();
}

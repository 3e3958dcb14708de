//! Adds real files of this kernel to the corpora of the parsers, without what is private in them.
//!
//! `cargo xtask corpus` makes processes of many shapes and takes the files of each, and those of the
//! host; `cargo xtask corpus CASE PID` takes those of one process.

mod disguise;
mod places;
mod stat_line;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use self::disguise::Disguise;
use crate::{failure::Failure, workspace};

/// The program that becomes a process of a shape.
const SHAPES_PROGRAM: &str = "xtask/src/corpus/shapes.py";

/// The interpreter of the distribution: others may start by way of programs of their own, and map
/// what no two hosts have alike.
const PYTHON: &str = "/usr/bin/python3";

/// What it can become, as far as memory is of interest.
const SHAPES_OF_MEMORY: [&str; 13] = [
    "forked",
    "freed",
    "huge",
    "hugetlb",
    "leaderless",
    "locked",
    "many",
    "merged",
    "names",
    "shared",
    "swapped",
    "threads",
    "zombie",
];

/// And as far as it is not.
const OTHER_SHAPES: [&str; 3] = ["parent", "real_time", "stopped"];

/// The files that are taken, and the crates whose parsers read them.
const FILES: [(&str, &str); 5] = [
    ("smaps_rollup", "herakles-smaps"),
    ("smaps", "herakles-smaps"),
    ("stat", STAT),
    ("statm", STAT),
    ("io", STAT),
];

/// Files of the host, as the corpus calls them, in which nothing is private.
const HOST_FILES: [(&str, &str); 4] = [
    ("meminfo", "/proc/meminfo"),
    ("stat", "/proc/stat"),
    ("loadavg", "/proc/loadavg"),
    ("pressure", "/proc/pressure/cpu"),
];

/// The crate that reads them.
const HOST: &str = "herakles-collect";

/// The crate that reads what is not memory.
const STAT: &str = "herakles-stat";

/// Takes the files of one process.
///
/// # Errors
/// That there is no such process, or a file that cannot be written.
pub(crate) fn take(case: &str, pid: u32) -> Result<(), Failure> {
    take_files(&FILES, case, pid)
}

/// Makes a process of each shape and takes its files.
///
/// # Errors
/// That the program of the shapes failed; as [`take`].
pub(crate) fn take_shapes() -> Result<(), Failure> {
    for shape in SHAPES_OF_MEMORY {
        take_shape(&FILES, shape)?;
    }
    let not_of_memory: Vec<_> = FILES
        .into_iter()
        .filter(|(_, owner)| *owner == STAT)
        .collect();
    for shape in OTHER_SHAPES {
        take_shape(&not_of_memory, shape)?;
    }
    take("kthreadd", 2)?;
    take_host("machine")?;
    println!("now name the new cases in the READMEs of the corpora, and");
    println!("UPDATE_EXPECT=1 cargo test -p herakles-smaps -p herakles-stat -p {HOST} corpus");
    Ok(())
}

fn take_files(files: &[(&str, &str)], case: &str, pid: u32) -> Result<(), Failure> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let read = |file: &str| fs::read(process.join(file)).unwrap_or_default();
    let (stat, smaps) = (read("stat"), read("smaps"));
    if stat.is_empty() {
        return Err(Failure::new(format!("there is no process {pid}")));
    }
    let kernel = kernel()?;
    let mut disguise = Disguise::of_process(&smaps);
    for (file, owner) in files {
        let bytes = match *file {
            "smaps" => disguise.smaps(&smaps),
            "smaps_rollup" => disguise.smaps(&read(file)),
            "stat" => disguise.stat(&stat)?,
            file => read(file),
        };
        // Without memory an empty smaps is what there is, and a rollup cannot be read.
        if bytes.is_empty() && *file != "smaps" {
            continue;
        }
        keep(owner, &kernel, &format!("{case}.{file}"), &bytes)?;
    }
    println!("{kernel}/{case}: taken from {pid}");
    Ok(())
}

fn take_host(case: &str) -> Result<(), Failure> {
    let kernel = kernel()?;
    for (file, path) in HOST_FILES {
        // Not every kernel tells of pressure.
        if let Ok(bytes) = fs::read(path) {
            keep(HOST, &kernel, &format!("{case}.{file}"), &bytes)?;
        }
    }
    println!("{kernel}/{case}: taken from this host");
    Ok(())
}

/// Writes a file into the corpus of a crate.
fn keep(owner: &str, kernel: &str, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let directory = workspace::root().join(format!("crates/{owner}/tests/corpus/{kernel}"));
    let path = directory.join(name);
    fs::create_dir_all(&directory)
        .and_then(|()| fs::write(&path, bytes))
        .map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))
}

/// The first two numbers of the kernel's version.
fn kernel() -> Result<String, Failure> {
    let release = workspace::read(Path::new("/proc/sys/kernel/osrelease"))?;
    let mut version = release.trim_end().split(['.', '-']);
    match (version.next(), version.next()) {
        (Some(major), Some(minor)) => Ok(format!("{major}.{minor}")),
        _ => Err(Failure::new(format!("`{release}` is no release of Linux"))),
    }
}

fn take_shape(files: &[(&str, &str)], shape: &str) -> Result<(), Failure> {
    let mut process = Command::new(PYTHON)
        .args(["-I", "-S"])
        .arg(workspace::root().join(SHAPES_PROGRAM))
        .arg(shape)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| Failure::new(format!("cannot start {PYTHON}: {e}")))?;
    let answer = first_line(&mut process);
    let taken = match answer.strip_prefix("no: ") {
        Some(reason) => {
            println!("{shape}: left out, {reason}");
            Ok(())
        }
        None => answer
            .parse()
            .map_err(|_| Failure::new(format!("{SHAPES_PROGRAM} {shape} has failed")))
            .and_then(|pid| take_files(files, &shape.replace('_', "-"), pid)),
    };
    // Its input ends, and so does it.
    drop(process.stdin.take());
    process
        .wait()
        .map_err(|e| Failure::new(format!("cannot wait for {shape}: {e}")))?;
    taken
}

fn first_line(process: &mut Child) -> String {
    let mut line = String::new();
    if let Some(output) = process.stdout.as_mut() {
        // Nothing was said if it cannot be read.
        let _ = BufReader::new(output).read_line(&mut line);
    }
    line.trim_end().to_owned()
}

//! Records of processes that exit.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use herakles_taskstats::{Error, ExitRecord, ExitRecords};

use crate::as_nobody;

/// The line, if this test has the right to open it.
#[expect(clippy::print_stderr, reason = "who runs the tests should know")]
fn line() -> Option<ExitRecords> {
    match ExitRecords::open() {
        Ok(line) => Some(line),
        Err(Error::Denied | Error::Namespace | Error::Unsupported) => {
            eprintln!("skipped: exit records need CAP_NET_ADMIN and the initial namespaces");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Runs a program to its end and returns its records.
fn records_of(line: &mut ExitRecords, command: &mut Command) -> Vec<ExitRecord> {
    let mut out = Vec::new();
    line.drain(&mut out, 1 << 20).expect("a line");
    out.clear();
    let mut child = command.stdin(Stdio::null()).spawn().expect("installed");
    let pid = child.id();
    child.wait().expect("our child");
    line.drain(&mut out, 1 << 20).expect("a line");
    out.retain(|record| record.pid.as_u32() == pid);
    out
}

fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg("-c").arg(script);
    command
}

#[test]
fn a_process_is_told_of_once_with_all_it_used() {
    let Some(mut line) = line() else { return };
    let burn = "import time\nwhile time.process_time() < 0.3: pass";
    let began = Instant::now();
    let records = records_of(&mut line, &mut python(burn));
    let [record] = records[..] else {
        panic!("{records:?}");
    };
    let used = record.user + record.system;
    assert!(used >= Duration::from_millis(300), "{record:?}");
    assert!(used <= record.lived, "{record:?}");
    assert!(record.lived <= began.elapsed());
    assert_eq!(record.comm(), b"python3");
    assert_eq!(
        record.parent.map(|it| it.as_u32()),
        Some(std::process::id())
    );
    assert!(record.minor_faults > 100);
}

#[test]
fn what_its_threads_wrote_is_what_proc_says_in_whole_kibibytes() {
    let Some(mut line) = line() else { return };
    // The main thread and another write; then it tells what the kernel says of both.
    let script = "
import os, tempfile, threading
def write():
    with tempfile.TemporaryFile() as file:
        file.write(bytes(100_000)); file.flush(); os.fsync(file.fileno())
thread = threading.Thread(target=write); thread.start(); thread.join(); write()
said = dict(line.split(': ') for line in open('/proc/self/io').read().splitlines())
os._exit(int(said['write_bytes']) // 1024 % 256)
";
    let mut out = Vec::new();
    line.drain(&mut out, 1 << 20).expect("a line");
    out.clear();
    let mut child = python(script).spawn().expect("installed");
    let status = child.wait().expect("our child");
    line.drain(&mut out, 1 << 20).expect("a line");
    let record = out.iter().find(|it| it.pid.as_u32() == child.id());
    let written = record.expect("it is told of").io.write;
    assert_eq!(written % 1024, 0);
    assert_eq!(i32::try_from(written / 1024 % 256).ok(), status.code());
}

#[test]
fn threads_are_summed_and_the_process_told_of_once() {
    let Some(mut line) = line() else { return };
    // Some end before, some with the process.
    let script = "
import threading, time, os
def burn():
    while time.thread_time() < 0.05: pass
early = [threading.Thread(target=burn) for _ in range(4)]
for thread in early: thread.start()
for thread in early: thread.join()
for _ in range(3): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
burn()
os._exit(0)
";
    // Where all threads end at once, one may be told of after the last.
    let record = (0..10).find_map(|_| records_of(&mut line, &mut python(script)).pop());
    let record = record.expect("one of ten is complete");
    let used = record.user + record.system;
    assert!(used >= Duration::from_millis(250), "{record:?}");
    assert_eq!(record.comm(), b"python3");
}

#[test]
fn children_that_nobody_waits_for_are_told_of_too() {
    let Some(mut line) = line() else { return };
    let script = "
import signal, os, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    while time.process_time() < 0.1: pass
    os._exit(0)
try: os.wait()
except ChildProcessError: pass
";
    let mut out = Vec::new();
    line.drain(&mut out, 1 << 20).expect("a line");
    out.clear();
    let mut child = python(script).spawn().expect("installed");
    child.wait().expect("our child");
    line.drain(&mut out, 1 << 20).expect("a line");
    // Where python3 is a script itself, it has other children before.
    let of_its_child = |it: &&ExitRecord| {
        it.parent.map(|it| it.as_u32()) == Some(child.id()) && it.comm() == b"python3"
    };
    let records: Vec<&ExitRecord> = out.iter().filter(of_its_child).collect();
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(records[0].user + records[0].system >= Duration::from_millis(100));
}

#[test]
fn what_the_list_has_no_room_for_is_counted() {
    let Some(mut line) = line() else { return };
    for _ in 0..3 {
        Command::new("true").status().expect("installed");
    }
    let mut out = Vec::new();
    let losses = line.drain(&mut out, 1).expect("a line");
    assert_eq!(out.len(), 1);
    assert!(losses.dropped >= 2, "{losses:?}");
}

#[test]
fn arrivals_wait_for_an_exit() {
    let Some(mut line) = line() else { return };
    let arrivals = line.arrivals().expect("a descriptor");
    Command::new("true").status().expect("installed");
    assert!(arrivals.wait(Duration::from_secs(60)).expect("a line"));
    line.drain(&mut Vec::new(), 0).expect("a line");
}

#[test]
fn without_the_right_there_are_no_records() {
    as_nobody(|| {
        let error = ExitRecords::open().expect_err("nobody has no rights");
        assert!(
            matches!(error, Error::Denied | Error::Unsupported),
            "{error}"
        );
    });
}

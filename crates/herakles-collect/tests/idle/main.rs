//! Live processes that sleep while others change their memory.
//!
//! taskstats tells nothing of it, so what is shown is right only if the scan looks at them.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test without its processes has failed; one that cannot run says why"
)]

mod process;

use std::fs::File;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use herakles_collect::{Collector, IdleDetection, MemoryMode, Options};
use herakles_plan::{PlanLimits, Ratio};
use herakles_scan::ProcFs;
use rustix::fs::{FallocateFlags, fallocate};

use process::{Sleeper, poke, python};

const MIB: u64 = 1 << 20;
const HELD: u64 = 64 * MIB;

/// RSS and PSS in bytes.
type Memory = [u64; 2];

/// Scans that read nothing again only for its age, and put nothing off.
struct Scans(Collector<ProcFs>);

impl Scans {
    /// `None` where taskstats does not tell who is idle: there everybody is looked at.
    fn begin() -> Option<Self> {
        let mut options = Options::default();
        options.memory = MemoryMode::Adaptive(PlanLimits {
            memory_max_age: Duration::from_secs(24 * 3600),
            hold_ratio: Ratio::new(1.0).expect("a ratio"),
            max_hold: None,
            cpu_budget: None,
        });
        options.idle_detection = IdleDetection::Auto;
        options.threads = NonZeroUsize::new(1);
        let collector = Collector::open("/proc", options).expect("there is a /proc");
        if !collector.detects_idle() {
            eprintln!("left out: taskstats needs CAP_NET_ADMIN and the first pid namespace");
            return None;
        }
        Some(Self(collector))
    }

    /// What one scan shows of a process, and how old its sample is.
    fn scan(&mut self, pid: u32) -> (Memory, Duration) {
        let scan = self.0.scan().expect("a scan");
        let processes = scan.snapshot.processes().iter();
        let mut its = processes.filter(|it| it.key.pid.as_u32() == pid);
        let it = its.next().expect("it lives");
        let memory =
            [it.memory.rss_bytes, it.memory.pss_bytes].map(|bytes| bytes.expect("it is read"));
        let age = it.memory.sample_age_seconds.expect("it is read");
        (memory, Duration::from_secs_f64(age))
    }

    /// Scans until the process is left alone, and returns what is shown of it then.
    fn settle(&mut self, pid: u32) -> Memory {
        loop {
            let begin = Instant::now();
            let (memory, age) = self.scan(pid);
            if age > begin.elapsed() {
                return memory;
            }
        }
    }

    /// Scans until what is shown is what the kernel says, and returns how many scans that took.
    fn follow(&mut self, pid: u32) -> u32 {
        let mut scans = 1;
        loop {
            let (shown, _) = self.scan(pid);
            let truth = process::truth(pid);
            if is_near(shown, truth) {
                return scans;
            }
            assert!(scans <= 10, "{shown:?} are shown, in truth {truth:?}");
            scans += 1;
        }
    }
}

/// RSS but for 64 kB and a hundredth; PSS also but for the libraries that others take and leave.
fn is_near(shown: Memory, truth: Memory) -> bool {
    let allowed = [64 << 10, 8 * MIB];
    let off = |n: usize| shown[n].abs_diff(truth[n]) <= allowed[n] + truth[n] / 100;
    off(0) && off(1)
}

#[test]
fn a_mapped_file_that_another_truncates_is_gone_in_the_next_scan() {
    let Some(mut scans) = Scans::begin() else {
        return;
    };
    let file = tempfile::NamedTempFile::new().expect("a file");
    file.as_file().set_len(HELD).expect("it can be grown");
    let held = Sleeper::start(python("mapped.py").arg(file.path()));
    assert!(scans.settle(held.pid())[0] > HELD);
    file.as_file().set_len(0).expect("it can be cut");
    assert_eq!(scans.follow(held.pid()), 1);
}

#[test]
fn a_hole_that_another_punches_into_shared_memory_shows_in_the_next_scan() {
    let Some(mut scans) = Scans::begin() else {
        return;
    };
    let held = Sleeper::start(&mut python("mapped.py"));
    let memory = format!("/proc/{}/fd/{}", held.pid(), held.word());
    let memory = File::options().write(true).open(memory).expect("ours");
    assert!(scans.settle(held.pid())[0] > HELD);
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(&memory, hole, 0, HELD).expect("it is in memory");
    assert_eq!(scans.follow(held.pid()), 1);
}

#[test]
fn a_big_one_that_a_relative_with_its_memory_fills_grows_in_the_next_scan() {
    let Some(mut scans) = Scans::begin() else {
        return;
    };
    let mut held = Sleeper::start(&mut python("relative.py"));
    assert!(scans.settle(held.pid())[0] < HELD);
    held.ask("grown");
    assert!(process::truth(held.pid())[0] > HELD);
    assert_eq!(scans.follow(held.pid()), 1);
}

#[test]
fn a_small_one_that_another_writes_into_grows_within_ten_scans() {
    let Some(mut scans) = Scans::begin() else {
        return;
    };
    let small = Sleeper::dd();
    assert!(scans.settle(small.pid())[0] < 8 * MIB);
    if !poke(&small, 4096) {
        return;
    }
    assert!(process::truth(small.pid())[0] > HELD);
    assert!(scans.follow(small.pid()) <= 10);
}

/// As khugepaged does, which would take its time.
#[test]
fn a_small_one_whose_sparse_memory_becomes_huge_pages_grows_in_the_next_scan() {
    let Some(mut scans) = Scans::begin() else {
        return;
    };
    let small = Sleeper::dd();
    if !poke(&small, 2 << 20) {
        return;
    }
    scans.follow(small.pid());
    assert!(scans.settle(small.pid())[0] < 8 * MIB);
    let (begin, size) = small.buffer();
    let done = python("collapse.py")
        .args([u64::from(small.pid()), begin, size].map(|number| number.to_string()))
        .status();
    let is_done = done.expect("python3 is installed").success();
    if !is_done || process::truth(small.pid())[0] < HELD / 2 {
        eprintln!("left out: the kernel makes no huge pages of another's memory (before 6.1?)");
        return;
    }
    assert_eq!(scans.follow(small.pid()), 1);
}

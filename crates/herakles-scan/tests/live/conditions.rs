//! Processes in unusual conditions: zombies, kernel threads, those that are gone.

use herakles_scan::{
    Buffers, MemorySource, ProcFile, ProcFsHandle, ReadBuf, Skip, live_thread, open_process,
    read_memory, read_stat, read_statm, read_text,
};
use herakles_stat::{Pid, Stat, State};

use crate::child::Running;
use crate::{live, opened, this_process};

const SOURCES: [MemorySource; 2] = [MemorySource::SmapsRollup, MemorySource::Smaps];

/// Reads `stat` until the kernel has brought the process where it should be.
fn wait_for(process: &ProcFsHandle, condition: impl Fn(&Stat<'_>) -> bool) {
    let mut buf = ReadBuf::default();
    while !condition(&read_stat(process, &mut buf).expect("not reaped")) {
        std::thread::yield_now();
    }
}

#[test]
fn any_name_is_read_as_it_is() {
    // What the shell's printf is given, and what it writes.
    for (printf, comm) in [
        (r"a b) (c", &b"a b) (c"[..]),
        (r"x\042y\134\134z", br#"x"y\\z"#),
        (r"new\012line", b"new\nline"),
        (r"\377\376", b"\xff\xfe"),
        (r"123456789012345", b"123456789012345"),
        (r")", b")"),
        (r"(", b"("),
        (r") R 1 1 1", b") R 1 1 1"),
        (r"\000", b""),
    ] {
        let child = Running::shell(&format!("printf '{printf}' > /proc/self/comm"));
        let mut buf = ReadBuf::default();
        let process = opened(child.pid());
        let stat = read_stat(&process, &mut buf).expect("readable");
        assert_eq!(stat.comm, comm, "{printf}");
        assert_eq!(
            (stat.pid, stat.parent),
            (child.pid(), Some(this_process())),
            "{printf}"
        );
        assert!(stat.start_time > 0 && stat.threads == 1, "{printf}");
    }
}

#[test]
fn a_zombie_has_cpu_but_no_memory() {
    let mut child = Running::shell("");
    let process = opened(child.pid());
    child.kill();
    wait_for(&process, |stat| stat.is_zombie());
    let mut buffers = Buffers::default();
    assert_eq!(
        read_statm(&process, &mut buffers.io)
            .expect("zeros")
            .resident_pages,
        0
    );
    for source in SOURCES {
        let error = read_memory(&process, source, &mut buffers).expect_err("it has none");
        assert_eq!(error.skip, Skip::Zombie, "{source}");
    }
}

#[test]
fn a_reaped_process_has_vanished_from_every_file() {
    let mut child = Running::shell("");
    let process = opened(child.pid());
    child.end();
    let mut buffers = Buffers::default();
    for file in ProcFile::ALL {
        let error = read_text(&process, file, &mut buffers.io).expect_err("gone");
        assert_eq!(error.skip, Skip::Vanished, "{file}");
    }
    for source in SOURCES {
        let error = read_memory(&process, source, &mut buffers).expect_err("gone");
        assert_eq!(error.skip, Skip::Vanished, "{source}");
    }
    // Pids go round; that this one is taken again within a moment is out of the question.
    let error = open_process(&live(), child.pid()).expect_err("gone");
    assert_eq!(error.skip, Skip::Vanished);
}

#[test]
fn a_process_without_its_first_thread_is_read_by_another() {
    let child = Running::python(
        "
import ctypes, platform, sys, threading
def live_on():
    print('ready', flush=True)
    sys.stdin.read()
held = bytearray(b'x' * (8 << 20))
threading.Thread(target=live_on).start()
ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[platform.machine()], 0)
",
    );
    let process = opened(child.pid());
    wait_for(&process, |stat| stat.leader_exited());
    let mut buffers = Buffers::default();
    assert_eq!(
        read_statm(&process, &mut buffers.io)
            .expect("zeros")
            .resident_pages,
        0
    );
    for source in SOURCES {
        let usage = read_memory(&process, source, &mut buffers).expect("by the other thread");
        assert!(usage.uss_bytes() > 8 << 20, "{source}");
    }
    let thread = live_thread(&process, &mut buffers.io)
        .expect("listed")
        .expect("one lives");
    assert!(
        read_statm(&thread, &mut buffers.io)
            .expect("real")
            .resident_pages
            > 0
    );
    let cmdline = read_text(&thread, ProcFile::Cmdline, &mut buffers.io).expect("readable");
    assert!(
        cmdline.windows(4).any(|part| part == b"\0-c\0"),
        "the arguments are there"
    );
}

#[test]
fn a_kernel_thread_is_no_error_of_ours() {
    let kthreadd = Pid::new(2).expect("not zero");
    let Ok(process) = open_process(&live(), kthreadd) else {
        return;
    };
    let mut buffers = Buffers::default();
    // In a container pid 2 is anybody.
    if read_stat(&process, &mut buffers.io).is_ok_and(|stat| stat.is_kernel_thread()) {
        for source in SOURCES {
            let error = read_memory(&process, source, &mut buffers).expect_err("it has none");
            assert_eq!(error.skip, Skip::KernelThread, "{source}");
        }
    }
}

#[test]
fn both_memory_files_of_a_quiet_process_agree() {
    // Most of it is its own: what it shares moves with others who come and go.
    let child = Running::shell("held=$(head -c 16000000 /dev/zero | tr '\\0' x)");
    let process = opened(child.pid());
    wait_for(&process, |stat| stat.state == State::Sleeping);
    let mut buffers = Buffers::default();
    let rollup = read_memory(&process, SOURCES[0], &mut buffers).expect("our child");
    let summed = read_memory(&process, SOURCES[1], &mut buffers).expect("our child");
    assert_eq!(summed.rss_bytes, rollup.rss_bytes);
    assert_eq!(summed.swap_bytes, rollup.swap_bytes);
    for (summed, rollup) in [
        (summed.pss_bytes, rollup.pss_bytes),
        (summed.uss_bytes(), rollup.uss_bytes()),
    ] {
        assert!(
            rollup > 16_000_000 && summed.abs_diff(rollup) < 2_000_000,
            "{summed} {rollup}"
        );
    }
}

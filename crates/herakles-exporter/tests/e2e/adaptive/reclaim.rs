//! Pages that are taken from a process from outside.
//!
//! The memory is a file's: it can be taken also where there is no swap.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{self, Command},
};

use tempfile::NamedTempFile;

use crate::harness::tools::{self, not_here};

use super::{
    Memory,
    family::{Family, HELD_BYTES, Held},
    owns_nearly_all,
    watch::{exporters, follows, settles, stays, truth},
};

/// A file on a disk, where the build is: pages of one that is kept in memory go nowhere without
/// swap. It is all hole, so that none of them is dirty, or in memory before it is mapped.
fn file() -> NamedTempFile {
    let file = NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary file");
    file.as_file().set_len(HELD_BYTES).expect("it can be grown");
    file
}

fn has_lost_its_pages([rss, ..]: Memory) -> bool {
    rss < HELD_BYTES
}

/// Whether the kernel has done what it was asked for. It says nothing where it did not.
fn is_taken_from(pid: i32) -> bool {
    let is_taken = has_lost_its_pages(truth(pid));
    if !is_taken {
        not_here("the kernel keeps pages of files here (is the build on a tmpfs?)");
    }
    is_taken
}

/// A cgroup whose memory can be reclaimed by a word to a file.
struct Cgroup {
    directory: PathBuf,
    reclaim: (&'static str, &'static str),
}

impl Cgroup {
    /// Makes one below the root of the hierarchy, or says why not.
    fn make() -> Option<Self> {
        // Of version 2, which takes the bytes that are wanted, and of version 1, which takes all.
        let kinds = [
            ("/sys/fs/cgroup", ("memory.reclaim", "32M")),
            ("/sys/fs/cgroup/memory", ("memory.force_empty", "0")),
        ];
        let name = format!("hk-reclaim-{}", process::id());
        let made = kinds.into_iter().find_map(|(root, reclaim)| {
            let directory = Path::new(root).join(&name);
            fs::create_dir(&directory).ok()?;
            let cgroup = Self { directory, reclaim };
            // Dropped, it is removed.
            let can_reclaim = cgroup.directory.join(reclaim.0).exists();
            can_reclaim.then_some(cgroup)
        });
        if made.is_none() {
            not_here("no cgroup can be made here whose memory can be reclaimed");
        }
        made
    }

    fn procs(&self) -> PathBuf {
        self.directory.join("cgroup.procs")
    }

    /// Takes as much from its processes as can be taken.
    fn reclaim(&self) {
        let (file, word) = self.reclaim;
        // That there was less to take than wanted is no failure here.
        let result = fs::write(self.directory.join(file), word);
        let is_done = result
            .as_ref()
            .map_or_else(|e| e.kind() == io::ErrorKind::WouldBlock, |()| true);
        assert!(is_done, "{file}: {result:?}");
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.directory);
    }
}

/// Pages a mapping of another process out, by its pid and the mapped file.
const PAGER: &str = r#"
import ctypes, os, sys

PIDFD_OPEN, PROCESS_MADVISE, MADV_PAGEOUT = 434, 440, 21
pid, file = int(sys.argv[1]), sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *args):
    result = libc.syscall(number, *map(ctypes.c_size_t, args))
    if result < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    return result

[mapping] = [line for line in open(f"/proc/{pid}/maps") if line.rstrip("\n").endswith(file)]
begin, end = (int(at, 16) for at in mapping.split()[0].split("-"))
range = (ctypes.c_size_t * 2)(begin, end - begin)
pidfd = call(PIDFD_OPEN, pid, 0)
call(PROCESS_MADVISE, pidfd, ctypes.addressof(range), 1, MADV_PAGEOUT, 0)
"#;

/// Pages out what `pid` maps of `file`, or says why not.
fn page_out(pid: i32, file: &Path) -> bool {
    let Some(python) = tools::python() else {
        return false;
    };
    let output = Command::new(python)
        .args(["-c", PAGER, &pid.to_string()])
        .arg(file)
        .output()
        .expect("python starts");
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        not_here(&format!("process_madvise: {}", reason.trim_end()));
        return false;
    }
    is_taken_from(pid)
}

#[test]
fn adaptive_who_does_nothing_loses_what_the_kernel_reclaims() {
    for exporter in exporters() {
        let Some(cgroup) = Cgroup::make() else {
            return;
        };
        let file = file();
        let held = Held::File(file.path());
        let Some(family) = Family::start_within(&cgroup.procs(), "hk-reclaimed", held) else {
            return;
        };
        let pid = family.parent();
        settles(&exporter, pid, owns_nearly_all);
        cgroup.reclaim();
        if !is_taken_from(pid) {
            return;
        }
        follows(&exporter, pid, "it is reclaimed", has_lost_its_pages);
        stays(&exporter, pid);
    }
}

#[test]
fn adaptive_who_does_nothing_loses_what_another_pages_out() {
    // The kernel does not count these pages as reclaimed, so only a look finds them missing.
    for exporter in exporters() {
        let file = file();
        let Some(family) = Family::start("hk-paged-out", 0, Held::File(file.path())) else {
            return;
        };
        let pid = family.parent();
        settles(&exporter, pid, owns_nearly_all);
        if !page_out(pid, file.path()) {
            return;
        }
        follows(&exporter, pid, "it is paged out", has_lost_its_pages);
        stays(&exporter, pid);
    }
}

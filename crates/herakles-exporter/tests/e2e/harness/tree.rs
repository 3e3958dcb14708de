//! Recorded trees made up for one test: as many processes as wanted, of any name.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::recorded_proc;

/// A directory that looks like `/proc`.
pub(crate) struct Tree {
    directory: TempDir,
}

/// Whether PSS and USS may be read by others than root.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Memory {
    Open,
    Closed,
}

impl Tree {
    /// A host with pid 1 and no other process.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let tree = Self { directory };
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(tree.root(), open).expect("the directory is ours");
        for file in ["stat", "meminfo", "loadavg", "uptime", "version"] {
            fs::copy(recorded_proc().join(file), tree.root().join(file)).expect("it can be copied");
        }
        tree.process(1, b"systemd", 9 << 10, Memory::Open);
        tree
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Adds a process that holds `pss_kib`, its memory readable or not.
    pub(crate) fn process(&self, pid: u32, comm: &[u8], pss_kib: u64, memory: Memory) {
        let write = |file: &str, text: &[u8]| {
            let path = self.of(pid).join(file);
            fs::write(path, text).expect("it can be written");
        };
        fs::create_dir(self.of(pid)).expect("a new pid");
        let parent = u32::from(pid > 1);
        let start = 1000 + u64::from(pid);
        let stat = format!(
            ") S {parent} {pid} {pid} 0 -1 4194304 1000 0 2 0 {ticks} 40 0 0 20 0 2 0 {start} \
             100000000 {pages} 18446744073709551615 1 1 0 0 0 0 0 4096 0 1 0 0 17 0 0 0 0 0 0 0 0 0 0 \
             0 0 0 0\n",
            ticks = pid % 977,
            pages = pss_kib / 4 + 800,
        );
        let stat = [format!("{pid} (").as_bytes(), comm, stat.as_bytes()].concat();
        write("stat", &stat);
        write("comm", &[comm, b"\n"].concat());
        write("cmdline", &[comm, b"\0--password=hunter2\0"].concat());
        write("cgroup", b"0::/system.slice/made-up.service\n");
        let pages = pss_kib / 4 + 800;
        write(
            "statm",
            format!("{} {pages} 300 1 0 400 0\n", 2 * pages).as_bytes(),
        );
        write("smaps_rollup", rollup(pss_kib).as_bytes());
        if memory == Memory::Closed {
            let closed = fs::Permissions::from_mode(0o000);
            let path = self.of(pid).join("smaps_rollup");
            fs::set_permissions(path, closed).expect("the file is ours");
        }
    }

    fn of(&self, pid: u32) -> PathBuf {
        self.root().join(pid.to_string())
    }
}

fn rollup(pss_kib: u64) -> String {
    format!(
        "00400000-7ffff7fff000 ---p 00000000 00:00 0                              [rollup]\n\
         Rss:            {rss} kB\nPss:            {pss_kib} kB\nPss_Anon:       {anon} kB\n\
         Pss_File:       {file} kB\nPss_Shmem:             0 kB\nShared_Clean:       3200 kB\n\
         Shared_Dirty:          0 kB\nPrivate_Clean:         0 kB\nPrivate_Dirty:  {uss} kB\n\
         Swap:                 64 kB\nSwapPss:              64 kB\nLocked:                0 kB\n",
        rss = pss_kib + 3200,
        anon = pss_kib * 7 / 10,
        file = pss_kib - pss_kib * 7 / 10,
        uss = pss_kib * 9 / 10,
    )
}

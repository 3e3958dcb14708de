//! User names by id, for rules that ask for them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;

use crate::open::{WITHOUT_WAITING, open};

/// No passwd file is longer: beyond it something else is there.
const MAX_BYTES: u64 = 16 << 20;

/// The names of one `etc/passwd`; a directory service is not asked, it could block a scan.
#[derive(Clone, Debug, Default)]
pub struct Users {
    names: HashMap<u32, Box<str>>,
    rootfs: PathBuf,
    /// The file as it was read: device, inode, size, and time of the last change.
    version: Option<[i128; 4]>,
}

impl Users {
    /// The users of the system whose root is `rootfs`: `/`, or where a container has the host's.
    /// A missing or unreadable file knows nobody.
    pub fn open(rootfs: &Path) -> Self {
        let passwd = passwd(rootfs);
        Self {
            version: passwd.as_ref().and_then(version),
            names: passwd.map(read).unwrap_or_default(),
            rootfs: rootfs.to_owned(),
        }
    }

    /// The same file as it is now, if it has changed since it was read.
    pub(crate) fn renewed(&self) -> Option<Self> {
        let version = passwd(&self.rootfs).as_ref().and_then(version);
        (version != self.version).then(|| Self::open(&self.rootfs))
    }

    /// The user's name, or the id in decimal.
    pub fn name(&self, uid: u32) -> String {
        self.names
            .get(&uid)
            .map_or_else(|| uid.to_string(), ToString::to_string)
    }
}

/// Opens `etc/passwd`, where links lead as for a process whose root is `rootfs`.
fn passwd(rootfs: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | WITHOUT_WAITING;
    let root = rustix::fs::open(rootfs, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let within = ResolveFlags::IN_ROOT;
    let file = match openat2(&root, "etc/passwd", flags, Mode::empty(), within) {
        Ok(file) => File::from(file),
        // Before Linux 5.6, and in some containers.
        Err(Errno::NOSYS | Errno::PERM) => open(&rootfs.join("etc/passwd")).ok()?,
        Err(_) => return None,
    };
    // Not a device, which could give anything.
    file.metadata().ok()?.is_file().then_some(file)
}

fn version(passwd: &File) -> Option<[i128; 4]> {
    let file = passwd.metadata().ok()?;
    let changed = i128::from(file.ctime()) * 1_000_000_000 + i128::from(file.ctime_nsec());
    Some([
        file.dev().into(),
        file.ino().into(),
        file.len().into(),
        changed,
    ])
}

fn read(passwd: File) -> HashMap<u32, Box<str>> {
    let mut text = Vec::new();
    if passwd.take(MAX_BYTES).read_to_end(&mut text).is_err() {
        text.clear();
    }
    parse(&text)
}

fn parse(text: &[u8]) -> HashMap<u32, Box<str>> {
    let mut names = HashMap::new();
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        // Comments, and what NIS puts in place of users; as the C library reads it.
        let line = line.trim_start();
        if line.starts_with(['#', '+', '-']) {
            continue;
        }
        let mut fields = line.split(':');
        if let (Some(name), Some(uid)) = (fields.next(), fields.nth(1))
            && !name.is_empty()
            && let Ok(uid) = uid.parse()
        {
            // The first entry of an id names it, as in getpwuid(3).
            names.entry(uid).or_insert_with(|| name.into());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn users(passwd: &[u8]) -> Users {
        Users {
            names: parse(passwd),
            ..Users::default()
        }
    }

    #[test]
    fn the_first_name_of_an_id_counts_and_unknown_ids_are_numbers() {
        let users =
            users(b"#old:x:0:0\n+nis:x:33:33\n root:x:0:0::/root:/bin/sh\ntoor:x:0:0\n\xff:x:5:5\nbroken\nwww:x:33:\n:x:7:7");
        assert_eq!(users.name(0), "root");
        assert_eq!(users.name(33), "www");
        assert_eq!(users.name(5), "5");
        assert_eq!(users.name(7), "7");
        assert_eq!(users.name(1000), "1000");
    }

    /// As on NixOS and Guix, whose files in `etc` are links.
    #[test]
    fn links_lead_within_the_given_root() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["etc", "store"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        fs::write(root.path().join("store/passwd"), "lpd:x:7:7\n").unwrap();
        std::os::unix::fs::symlink("/store/passwd", root.path().join("etc/passwd")).unwrap();
        assert_eq!(Users::open(root.path()).name(7), "lpd");
    }

    #[test]
    fn the_log_of_the_kernel_names_nobody() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        std::os::unix::fs::symlink("/proc/kmsg", root.path().join("etc/passwd")).unwrap();
        let log = open(&root.path().join("etc/passwd"));
        // Only root may open it.
        let names = log.map(read).unwrap_or_default();
        assert!(names.is_empty());
    }

    #[test]
    fn a_file_that_changed_is_read_again_and_one_that_is_gone_knows_nobody() {
        let root = tempfile::tempdir().unwrap();
        let passwd = root.path().join("etc/passwd");
        let before = Users::open(root.path());
        assert_eq!(before.name(7), "7");
        assert!(before.renewed().is_none());

        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(&passwd, "lpd:x:7:7\n").unwrap();
        let there = before.renewed().unwrap();
        assert_eq!(there.name(7), "lpd");
        assert!(there.renewed().is_none());

        fs::write(&passwd, "printer:x:7:7\n").unwrap();
        assert_eq!(there.renewed().unwrap().name(7), "printer");
        fs::remove_file(&passwd).unwrap();
        assert_eq!(there.renewed().unwrap().name(7), "7");
    }
}

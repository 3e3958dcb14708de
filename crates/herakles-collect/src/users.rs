//! User names by id, for rules that ask for them.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::open::open;

/// No passwd file is longer: beyond it something else is there.
const MAX_BYTES: u64 = 16 << 20;

/// The names of one `etc/passwd`; a directory service is not asked, it could block a scan.
#[derive(Clone, Debug, Default)]
pub struct Users {
    names: HashMap<u32, Box<str>>,
    passwd: PathBuf,
    /// The file as it was read: device, inode, size, and time of the last change.
    version: Option<[i128; 4]>,
}

impl Users {
    /// The users of the system whose root is `rootfs`: `/`, or where a container has the host's.
    /// A missing or unreadable file knows nobody.
    pub fn open(rootfs: &Path) -> Self {
        let passwd = rootfs.join("etc/passwd");
        Self {
            version: version(&passwd),
            names: read(&passwd),
            passwd,
        }
    }

    /// The same file as it is now, if it has changed since it was read.
    pub(crate) fn renewed(&self) -> Option<Self> {
        let version = version(&self.passwd);
        (version != self.version).then(|| Self {
            names: read(&self.passwd),
            passwd: self.passwd.clone(),
            version,
        })
    }

    /// The user's name, or the id in decimal.
    pub fn name(&self, uid: u32) -> String {
        self.names
            .get(&uid)
            .map_or_else(|| uid.to_string(), ToString::to_string)
    }
}

fn version(passwd: &Path) -> Option<[i128; 4]> {
    let file = fs::metadata(passwd).ok().filter(fs::Metadata::is_file)?;
    let changed = i128::from(file.ctime()) * 1_000_000_000 + i128::from(file.ctime_nsec());
    Some([
        file.dev().into(),
        file.ino().into(),
        file.len().into(),
        changed,
    ])
}

fn read(passwd: &Path) -> HashMap<u32, Box<str>> {
    let mut text = Vec::new();
    // Not a device, which could give anything, and without waiting for what has no end.
    let regular = fs::metadata(passwd).is_ok_and(|file| file.is_file());
    if let Some(file) = regular.then(|| open(passwd).ok()).flatten()
        && file.take(MAX_BYTES).read_to_end(&mut text).is_err()
    {
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

    #[test]
    fn the_log_of_the_kernel_names_nobody() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        std::os::unix::fs::symlink("/proc/kmsg", root.path().join("etc/passwd")).unwrap();
        assert_eq!(Users::open(root.path()).name(7), "7");
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

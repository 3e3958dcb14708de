//! Reading files so that one can tell later whether they have changed.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// No configuration, certificate or key is longer: beyond it something else was named by mistake.
const MAX_BYTES: u64 = 1 << 20;

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    fn now(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().as_ref().map(Self::of)
    }
}

/// The files that one reading took in, those that are missing too.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Each with its stamp from before it was read.
    seen: Vec<(PathBuf, Option<Stamp>)>,
}

impl Files {
    /// Reads a regular file of at most [`MAX_BYTES`]; nothing else is opened, as a pipe could hang.
    pub(super) fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let metadata = fs::metadata(path);
        let stamp = metadata.as_ref().ok().map(Stamp::of);
        self.seen.push((path.to_owned(), stamp));
        if !metadata?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut bytes = Vec::new();
        // The kernel's log counts as regular, and its end never comes.
        let without_waiting = OFlags::NONBLOCK.bits().cast_signed();
        let file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(without_waiting)
            .open(path)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            let sentence = format!("it has more than {MAX_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, sentence));
        }
        Ok(bytes)
    }

    pub(super) fn read_text(&mut self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text"))
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.seen.iter().map(|(path, _)| path.clone()).collect()
    }

    /// Whether any of them is no longer what was read.
    pub(super) fn have_changed(&self) -> bool {
        self.seen
            .iter()
            .any(|(path, stamp)| Stamp::now(path) != *stamp)
    }

    /// Whether users outside the file's group may read it.
    pub(super) fn is_open_to_others(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o007 != 0)
    }
}

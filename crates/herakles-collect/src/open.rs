//! Opening a file that may be none: a pipe nobody writes to, the kernel's log.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// With these neither opening nor reading waits: what has nothing to give is an error or empty.
pub(crate) const WITHOUT_WAITING: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// Opens a file for reading, which must not keep a scan waiting.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(WITHOUT_WAITING.bits().cast_signed())
        .open(path)
}

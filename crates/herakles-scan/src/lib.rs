//! List, open and read `/proc`, with bounded cost and typed reasons for what cannot be read.
//!
//! [`ProcFs`] is a `/proc`; [`ProcSource`] and [`ProcHandle`] are what a scan needs of it, so
//! that tests can put a `MemProc` (feature `testing`) in its place, which fails, hangs and dies
//! on demand. On top there is one function for each file: [`read_stat`], [`read_statm`],
//! [`read_memory`], [`read_text`]. Their [`ScanError`] says what an errno means for that very
//! file. All read into buffers of the caller.
//!
//! ```
//! use herakles_scan::{
//!     Buffers, MemorySource, ProcFs, ProcSource, open_process, read_memory, read_stat,
//! };
//! use std::path::Path;
//!
//! let proc = ProcFs::open(Path::new("/proc"))?;
//! let mut pids = Vec::new();
//! proc.pids(&mut pids)?;
//! let memory_source = MemorySource::probe(&proc, &pids);
//!
//! let mut buffers = Buffers::default();
//! for pid in pids {
//!     let Ok(process) = open_process(&proc, pid) else { continue };
//!     let Ok(stat) = read_stat(&process, &mut buffers.io) else { continue };
//!     let name = String::from_utf8_lossy(stat.comm).into_owned();
//!     match read_memory(&process, memory_source, &mut buffers) {
//!         Ok(memory) => println!("{pid} {name}: {} bytes of its own", memory.uss_bytes()),
//!         Err(error) => println!("{pid} {name}: {}", error.skip),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod buffer;
mod capabilities;
mod descriptors;
mod error;
mod file;
mod memory;
mod mount;
mod procfs;
mod read;
mod source;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod units;

pub use access::Access;
pub use buffer::{Buffers, ReadBuf};
pub use capabilities::Capabilities;
pub use descriptors::{count_fds, peek_fds, read_max_fds};
pub use error::{Errno, Malformed, ScanError, Skip};
pub use file::ProcFile;
pub use memory::{MemorySource, peek_memory, read_memory};
pub use mount::{HidePid, MountOptions};
pub use procfs::{ProcFs, ProcFsHandle, RootError, RootErrorKind};
pub use read::{
    Glance, find_named, glance, live_thread, open_process, peek_stat, peek_statm, read_io,
    read_stat, read_statm, read_text,
};
pub use source::{ProcHandle, ProcSource};
pub use units::KernelUnits;

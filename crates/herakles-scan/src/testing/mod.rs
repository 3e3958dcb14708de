//! Processes in memory, for tests: they fail, hang, panic and die on demand.
//!
//! [`MemProc`] is the source; [`MemProc::process`] adds a process, complete and healthy, and
//! returns a [`MemProcess`] that changes it.
//!
//! ```
//! use herakles_scan::testing::{Mishap, MemProc, pid};
//! use herakles_scan::{Buffers, MemorySource, ProcFile, Skip, open_process, read_memory};
//!
//! let proc = MemProc::new();
//! proc.process(42).name("postgres").cpu(150, 50).memory_kib(2048, 1024, 512);
//! proc.process(43).fail(ProcFile::SmapsRollup, Mishap::Errno(13));
//!
//! let mut buffers = Buffers::default();
//! let mut memory = |id| {
//!     let process = open_process(&proc, pid(id))?;
//!     read_memory(&process, MemorySource::SmapsRollup, &mut buffers)
//! };
//! assert_eq!(memory(42)?.pss_bytes, 1024 * 1024);
//! assert!(matches!(memory(43).unwrap_err().skip, Skip::Denied(_)));
//! # Ok::<(), herakles_scan::ScanError>(())
//! ```

mod mishap;
mod process;
mod source;
mod stat_line;

pub use mishap::{Gate, Mishap};
pub use process::MemProcess;
pub use source::{MemHandle, MemProc};
pub use stat_line::StatLine;

use herakles_stat::Pid;

/// The pid with this number.
///
/// # Panics
/// If there can be none.
#[expect(
    clippy::expect_used,
    reason = "a mistake in a test should end the test"
)]
pub fn pid(id: u32) -> Pid {
    Pid::new(id).expect("a pid is above 0 and fits pid_t")
}

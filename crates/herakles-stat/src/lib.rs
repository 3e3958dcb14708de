//! Parse `/proc/<pid>/stat` and `/proc/<pid>/statm` into typed values.
//!
//! [`Stat`] is one line of `stat`, [`Statm`] one line of `statm`; [`ProcessKey`] is the
//! identity of a process. Nothing here does I/O or allocates.

mod identity;

pub use identity::{CpuTicks, Pid, ProcessKey};

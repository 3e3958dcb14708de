//! Parse `/proc/<pid>/smaps_rollup` and `/proc/<pid>/smaps` into [`MemoryUsage`].
//!
//! Nothing here does I/O or allocates.

mod usage;

pub use usage::MemoryUsage;

//! Parse `/proc/<pid>/smaps_rollup` and `/proc/<pid>/smaps` into [`MemoryUsage`].
//!
//! [`parse_rollup`] reads the sums that the kernel makes (since Linux 4.14); [`SmapsSum`] makes
//! the same sums from `smaps`, fed in pieces, so that a fixed buffer serves a file of any size.
//! Nothing here does I/O or allocates. All values are in bytes: the kernel's `kB` means 1,024.
//!
//! ```
//! let rollup = b"\
//! 562a502c0000-7ffc38ab6000 ---p 00000000 00:00 0                          [rollup]
//! Rss:                1704 kB
//! Pss:                 326 kB
//! Shared_Clean:       1544 kB
//! Shared_Dirty:          0 kB
//! Private_Clean:        48 kB
//! Private_Dirty:       112 kB
//! Swap:                  0 kB
//! ";
//! let usage = herakles_smaps::parse_rollup(rollup)?;
//! assert_eq!(usage.rss_bytes, 1704 * 1024);
//! assert_eq!(usage.uss_bytes(), 160 * 1024);
//! # Ok::<(), herakles_smaps::ParseError>(())
//! ```

#![deny(clippy::indexing_slicing)]

mod columns;
mod error;
mod key;
mod line;
mod rollup;
mod sum;
mod tally;
mod usage;

pub use error::{ParseError, ParseErrorKind};
pub use key::Key;
pub use rollup::parse_rollup;
pub use sum::SmapsSum;
pub use usage::MemoryUsage;

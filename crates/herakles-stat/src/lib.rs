//! Parse `/proc/<pid>/stat`, `/proc/<pid>/statm` and `/proc/<pid>/io` into typed values.
//!
//! [`Stat`] is one line of `stat`, [`Statm`] one line of `statm`, [`IoBytes`] two of `io`;
//! [`ProcessKey`] is the identity of a process. Nothing here does I/O or allocates: bytes come in, borrowed values
//! go out. What depends on the machine enters as a value: [`TicksPerSecond`] turns clock ticks
//! into time, [`PageSize`] turns pages into bytes.
//!
//! ```
//! use herakles_stat::{PageSize, Stat, State, TicksPerSecond};
//!
//! // A process may call itself anything: the name ends at the last parenthesis of the line.
//! let line = b"4242 (a b) (c) S 1 4242 4242 0 -1 4194304 102 0 3 0 150 50 0 0 20 0 4 0 73838 \
//!              3133440 403 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n";
//! let stat = Stat::parse(line)?;
//! assert_eq!(stat.comm, b"a b) (c");
//! assert_eq!(stat.state, State::Sleeping);
//!
//! let hundred = TicksPerSecond::new(100).expect("not zero");
//! assert_eq!(hundred.seconds(stat.cpu.total()), 2.0);
//! let page = PageSize::new(4096).expect("a power of two");
//! assert_eq!(page.bytes(stat.rss_pages), 403 * 4096);
//! # Ok::<(), herakles_stat::ParseError>(())
//! ```

#![deny(clippy::indexing_slicing)]

mod error;
mod fields;
mod identity;
mod io;
mod stat;
mod statm;
mod units;

pub use error::{ParseError, ParseErrorKind};
pub use identity::{CpuTicks, Pid, ProcessKey};
pub use io::IoBytes;
pub use stat::{Stat, State};
pub use statm::Statm;
pub use units::{PageSize, TicksPerSecond};

//! Turn successive CPU ticks into seconds, usage and per-class counters.
//!
//! A [`CpuTracker`] takes one [`UsageSample`] per process and scan, and answers with a
//! [`CpuReading`]; it keeps the counters of each class of processes, which only grow, whoever
//! exits or moves to another class.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use herakles_cpu::{CpuTracker, Usage, UsageSample};
//! use herakles_stat::{CpuTicks, Pid, ProcessKey, TicksPerSecond};
//!
//! let hz = TicksPerSecond::new(100).ok_or("no ticks")?;
//! let mut tracker = CpuTracker::new(hz, 5_000);
//! let postgres = ProcessKey { pid: Pid::new(42).ok_or("no pid")?, start_time: 900 };
//! let used = |user| Usage { cpu: CpuTicks { user, system: 0 }, ..Usage::ZERO };
//! let mut read = UsageSample {
//!     key: postgres,
//!     parent: Pid::new(1),
//!     zombie: false,
//!     class: "db/postgres",
//!     own: used(7_000),
//!     reaped: Usage::ZERO,
//!     io: None,
//!     at: Instant::now(),
//! };
//! assert_eq!(tracker.observe(read).usage, None); // nothing to compare with yet
//! tracker.finish();
//!
//! read.own = used(7_150);
//! read.at += Duration::from_secs(1);
//! assert_eq!(tracker.observe(read).usage, Some(1.5)); // one and a half cores
//! tracker.finish();
//!
//! // Older than the exporter, so only its growth counts.
//! assert_eq!(tracker.class("db/postgres"), Some(used(150)));
//! # Ok::<(), &str>(())
//! ```
//!
//! # What is counted
//!
//! Let T be the sum of `utime + stime + cutime + cstime` over all living processes. The classes
//! together grow by what T grows, to the tick:
//!
//! - A process's own growth goes to its class of that moment. One that is older than the
//!   exporter counts from its first sight, a younger one from its start.
//! - When a process is reaped, all it ever used moves into `cutime` and `cstime` of its parent.
//!   What was seen of it while it lived has been counted then: this *debt* is subtracted from
//!   what the parent absorbed, and only the rest, which nobody saw, is credited to the parent's
//!   class. If the parent is gone as well, the debt goes to the nearest living ancestor that
//!   absorbed something, and up to init, as a subreaper may have adopted the child.
//! - A debt that nobody paid after two reads of the debtor is written off: the kernel discards
//!   the time of children of a process that ignores SIGCHLD or sets SA_NOCLDWAIT.
//! - A scan takes time. If a process was read, then exited, then its parent was read, the same
//!   ticks show twice. As much of what a process absorbed as its descendants read before it may
//!   account for is held back until the next scan tells who is gone. Reading parents first
//!   avoids the delay.
//! - Page faults are accounted in the same way by `cminflt` and `cmajflt`.
//! - So are bytes of storage, where they are read. `io` has one counter for a process and the
//!   children it waited for; but who absorbed no page fault since its last read absorbed nothing.
//!
//! # What is lost, misplaced or counted twice
//!
//! Lost: the last ticks, since they were last seen, of children whose parent does not reap them;
//! and if such a parent exits together with them, as many ticks of what its own parent absorbs
//! in that moment. Misplaced: the last ticks of orphans, in the class of init or of a subreaper.
//!
//! Counted twice: what was seen of a process that went into an ancestor of which nothing is
//! known. That is one whose `stat` has never been read, or a subreaper that adopted the
//! process, reaped it and exited between two scans.

mod tracker;
mod usage;

pub use tracker::CpuTracker;
pub use usage::{CpuReading, Exit, Usage, UsageSample};

//! Scan all processes of a Linux host into snapshots of memory and CPU by subgroup.
//!
//! A [`Collector`] scans a `/proc`: each [`scan`](Collector::scan) gives a
//! [`Snapshot`](herakles_metrics::Snapshot) of all processes, classified by rules, with their RSS,
//! PSS, USS and CPU, [`ScanStats`] on what it took, and [`Notice`]s worth telling a person. What it
//! does is up to [`Options`]; the defaults are those of the Herakles exporter. It reads on threads
//! of its own, which it gives up if a read hangs, and neither logs nor knows a network.
//!
//! ```
//! use herakles_collect::{Collector, Options};
//!
//! let mut collector = Collector::open("/proc", Options::default())?;
//! let scan = collector.scan()?;
//! let mut subgroups: Vec<_> = scan.snapshot.subgroups().iter().collect();
//! subgroups.sort_by_key(|subgroup| std::cmp::Reverse(subgroup.memory.uss_bytes));
//! for subgroup in subgroups.iter().take(5) {
//!     println!("{}: {:?} bytes of their own", subgroup.class, subgroup.memory.uss_bytes);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! CPU usage is a difference: the first scan has none. Counters start at 0 when the collector is
//! opened, and only grow.

mod accounts;
mod adaptive;
mod collector;
mod exact;
mod exits;
mod facts;
mod fault;
mod host;
mod host_facts;
mod identities;
mod idle;
mod idle_looks;
mod image;
mod inspect;
mod memory_pass;
mod memory_reader;
mod notice;
mod open;
mod open_error;
mod options;
mod own_usage;
mod phase;
mod process_sample;
mod process_table;
mod rule_counts;
mod scan;
mod stats;
mod survey;
#[cfg(test)]
mod tests;
mod thread_time;
mod users;
mod worker_pool;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use host::fuzzing;

pub use collector::Collector;
pub use exits::ExitsError;
pub use fault::{Fault, FaultFile, FaultKind, Faults};
pub use host_facts::{BootClock, HostFacts};
pub use identities::{Identities, Identity};
pub use inspect::Inspection;
pub use notice::Notice;
pub use open_error::OpenError;
pub use options::{BufferSizes, ExitSource, IdleDetection, MemoryMode, NameFilter, Options};
pub use own_usage::OwnUsage;
pub use phase::ScanPhase;
pub use rule_counts::{RuleCount, RuleCounts};
pub use scan::{Scan, ScanFailure};
pub use stats::ScanStats;
pub use users::Users;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct EmbeddingPage;

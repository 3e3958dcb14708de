//! Snapshot of all processes and its Prometheus exposition.
//!
//! [`Snapshot`] is what one scan found: processes, sums by subgroup, the host. A
//! [`SnapshotBuilder`] aggregates, filters and bounds it; [`render`] writes it once per refresh in
//! OpenMetrics 1.0.0 and text format 0.0.4, [`render_live`] adds what is live at each scrape.
//! [`FAMILIES`] is the one table of its metric families; what a running exporter adds of itself is
//! in [`exporter`]. [`SharedSnapshot`] brings snapshots
//! into a prometheus-client registry of your own, [`SnapshotJson`] into JSON.
//!
//! No I/O and no clock here: times and facts come in as values.
//!
//! ```
//! use herakles_classify::{Class, display_name};
//! use herakles_metrics::{
//!     ProcessKind, ProcessMemory, Scope, Selection, SeriesLimits, SnapshotBuilder,
//!     SubgroupRecord, SubgroupShare, TextFormat, render,
//! };
//! use herakles_stat::{Pid, ProcessKey};
//!
//! let mut builder = SnapshotBuilder::new(1_763_000_000.0);
//! let class = Class::new("db", "postgres");
//! let postgres = builder.subgroup(SubgroupRecord::new(class, 1_762_990_000.0));
//! let key = ProcessKey { pid: Pid::new(4242).unwrap(), start_time: 77 };
//! let mut process =
//!     builder.process(postgres, key, display_name(b"postgres"), ProcessKind::User);
//! process.start_time_seconds = Some(1_762_995_000.0);
//! process.memory = ProcessMemory::resident(Some(8 << 20));
//! process.cpu_seconds = Some(1.5);
//! builder.push(process, &SubgroupShare::default());
//!
//! let snapshot = builder.finish(&SeriesLimits::default(), &mut Selection::default());
//! let mut text = String::new();
//! render(&snapshot, TextFormat::Text, Scope::Service, &mut text);
//! assert!(text.contains(
//!     "herakles_process_memory_rss_bytes\
//!      {group=\"db\",subgroup=\"postgres\",name=\"postgres\",pid=\"4242\"} 8388608\n"
//! ));
//! ```

mod attribution;
mod builder;
mod collector;
pub mod exporter;
mod families;
mod host;
mod input;
mod json;
mod limits;
mod memory_reads;
mod process;
mod sample;
mod samples;
mod select;
mod snapshot;
mod status;
mod sums;
mod text;
mod unclassified;

pub use attribution::Attribution;
pub use builder::SnapshotBuilder;
pub use collector::SharedSnapshot;
pub use families::{FAMILIES, Family, FamilyKind, Unit};
pub use host::{HostCpu, HostMemory, HostRecord, MemoryTotals, Pressure};
pub use input::{SubgroupCounters, SubgroupRecord, SubgroupSlot};
pub use json::SnapshotJson;
pub use limits::{Filter, ProcessSeries, Quantities, SeriesLimits};
pub use memory_reads::MemoryReads;
pub use process::{Activity, MemorySample, Process, ProcessKind, ProcessMemory, SubgroupShare};
pub use select::Selection;
pub use snapshot::{ProcessStates, Ranking, Snapshot, Subgroup, SubgroupMemory};
pub use text::{PIECE, Scope, TextFormat, render, render_live, render_pieces};
pub use unclassified::Unclassified;

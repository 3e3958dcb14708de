//! Snapshot of all processes and its Prometheus exposition.
//!
//! [`Snapshot`] is what one scan found: processes, sums by subgroup, the host. A
//! [`SnapshotBuilder`] aggregates, filters and bounds it; [`render`] writes it once per refresh in
//! OpenMetrics 1.0.0 and text format 0.0.4, [`render_live`] adds what is live at each scrape.
//! [`FAMILIES`] is the one table of all metric families. [`SnapshotCollector`] brings a snapshot
//! into a prometheus-client registry of your own, [`SnapshotJson`] into JSON.
//!
//! No I/O and no clock here: times and facts come in as values.
//!
//! ```
//! use std::sync::Arc;
//!
//! use herakles_classify::{Class, display_name};
//! use herakles_metrics::{
//!     Limits, ProcessKind, ProcessRecord, Rendered, Scope, Selection, SnapshotBuilder,
//!     SubgroupCounters, SubgroupRecord, render,
//! };
//! use herakles_stat::{Pid, ProcessKey};
//!
//! let mut builder = SnapshotBuilder::new(1_763_000_000.0);
//! let postgres = builder.subgroup(SubgroupRecord {
//!     class: Class { group: "db".into(), subgroup: "postgres".into() },
//!     visible: true,
//!     stays: false,
//!     counters: SubgroupCounters::default(),
//!     created_seconds: 1_762_990_000.0,
//! });
//! builder.push(ProcessRecord {
//!     key: ProcessKey { pid: Pid::new(4242).unwrap(), start_time: 77 },
//!     name: display_name(b"postgres").into(),
//!     subgroup: postgres,
//!     kind: ProcessKind::User,
//!     start_time_seconds: Some(1_762_995_000.0),
//!     threads: 1,
//!     rss_bytes: Some(8 << 20),
//!     memory: None,
//!     cpu_seconds: Some(1.5),
//!     cpu_usage_ratio: None,
//!     rss_age: None,
//!     name_passes: true,
//!     over_limit: false,
//! });
//!
//! let snapshot = Arc::new(builder.finish(&Limits::default(), &mut Selection::default()));
//! let mut rendered = Rendered::default();
//! render(&snapshot, Scope::Service, &mut rendered)?;
//! assert!(rendered.text().contains(
//!     "herakles_process_memory_rss_bytes\
//!      {group=\"db\",subgroup=\"postgres\",name=\"postgres\",pid=\"4242\"} 8388608\n"
//! ));
//! # Ok::<(), std::fmt::Error>(())
//! ```

mod builder;
mod collector;
mod exposition;
mod families;
mod host;
mod input;
mod json;
mod limits;
mod select;
mod snapshot;
mod status;
mod sums;

pub use builder::SnapshotBuilder;
pub use collector::SnapshotCollector;
pub use exposition::{Rendered, Scope, render, render_live};
pub use families::{FAMILIES, Family, Kind, Unit};
pub use host::{HostCpu, HostMemory, HostRecord, Pressure};
pub use input::{
    MemorySample, ProcessKind, ProcessRecord, SubgroupCounters, SubgroupRecord, SubgroupSlot,
};
pub use json::SnapshotJson;
pub use limits::{Filter, Limits, ProcessSeries, Quantities};
pub use select::Selection;
pub use snapshot::{Process, ProcessStates, Ranking, Snapshot, Subgroup, SubgroupMemory};
pub use status::{
    BuildLabels, CacheUpdates, ConfigLabels, ExporterStatus, ExpositionBytes, MemoryReads, Reload,
    SelfUsage,
};

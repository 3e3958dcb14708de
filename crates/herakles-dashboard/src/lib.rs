//! Pages that show what a snapshot and its history say.
//!
//! A [`View`] is what the pages are drawn from: a [`Snapshot`](herakles_metrics::Snapshot), the
//! [`History`] that was fed with the ones before, and a few facts of whoever serves them. It gives
//! the [`overview`](View::overview), the page of a [`subgroup`](View::subgroup) and of a
//! [`process`](View::process) as complete HTML documents with SVG inside. [`Page::at`] says which
//! of them a path asks for, [`Query::parse`] what its query does.
//!
//! Everything here is a function of its arguments: no clock, no file, no server. The pages need
//! [`STYLE`] at [`STYLE_PATH`], work without script, and are more convenient with [`SCRIPT`] at
//! [`SCRIPT_PATH`]; they are made for the [`CONTENT_SECURITY_POLICY`]. All text that a process can
//! choose is escaped and kept apart from the writing direction around it.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use herakles_dashboard::{History, Query, View};
//! use herakles_metrics::exporter::ExporterStatus;
//! use herakles_metrics::{Limits, Selection, SnapshotBuilder};
//!
//! let builder = SnapshotBuilder::new(1_763_000_000.0);
//! let snapshot = builder.finish(&Limits::default(), &mut Selection::default());
//! let mut history = History::new(Duration::from_secs(3600));
//! history.record(&snapshot, Instant::now());
//!
//! let view = View {
//!     snapshot: &snapshot,
//!     history: &history,
//!     exporter: &ExporterStatus::default(),
//!     host_name: "db-17",
//!     telemetry_path: "/metrics",
//!     refresh_every: Duration::from_secs(30),
//!     troubles: &[],
//! };
//! assert!(view.overview(&Query::default()).starts_with("<!DOCTYPE html>"));
//! ```

mod chart;
mod colour;
mod frame;
mod history;
mod host_bar;
pub mod human;
mod link;
mod members;
mod names;
mod order;
mod overview;
mod process_list;
mod process_page;
mod subgroup_page;
mod treemap;

pub use frame::{CONTENT_SECURITY_POLICY, SCRIPT, SCRIPT_PATH, STYLE, STYLE_PATH, Trouble, View};
pub use history::{Growth, History, Line, Point};
pub use link::{Extent, Page, Query};
pub use names::{NamedProcesses, is_generic};
pub use order::Order;
pub use process_page::{Ancestor, ProcessDetails};
pub use subgroup_page::RuleLine;

//! Pages, and a table for terminals, that show what a snapshot and its history say.
//!
//! A [`View`] is what the pages are drawn from: a [`Snapshot`](herakles_metrics::Snapshot), the
//! [`History`] that was fed with the ones before, and a few facts of whoever serves them. It gives
//! the [`overview`](View::overview), the page of a [`subgroup`](View::subgroup) and of a
//! [`process`](View::process) as [`HtmlPage`]s, complete HTML documents with SVG inside. [`PagePath::at`]
//! says which of them a path asks for, [`Query::parse`] what its query does.
//!
//! [`Terminal`] writes the same answer as text, fitted to a [`Screen`].
//!
//! Everything here is a function of its arguments: no clock, no file, no server. The pages need
//! [`STYLE`] at [`STYLE_PATH`], work without script, and are more convenient with [`SCRIPT`] at
//! [`SCRIPT_PATH`]; they are made for the [`CONTENT_SECURITY_POLICY`]. All text that a process can
//! choose is escaped and kept apart from the writing direction around it.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use herakles_dashboard::{History, Query, Rights, View};
//! use herakles_metrics::exporter::ExporterStatus;
//! use herakles_metrics::{Selection, SeriesLimits, SnapshotBuilder};
//!
//! let builder = SnapshotBuilder::new(1_763_000_000.0);
//! let snapshot = builder.finish(&SeriesLimits::default(), &mut Selection::default());
//! let mut history = History::new(Duration::from_secs(3600));
//! history.record(&snapshot, Instant::now());
//!
//! let view = View {
//!     snapshot: &snapshot,
//!     history: &history,
//!     exporter: &ExporterStatus::default(),
//!     host_name: "db-17",
//!     links: &[],
//!     refresh_every: Duration::from_secs(30),
//!     unhealthy: None,
//!     rights: Rights::Full,
//! };
//! assert!(view.overview(&Query::default()).to_string().starts_with("<!DOCTYPE html>"));
//! ```

mod chart;
mod colour;
mod figure;
mod frame;
mod history;
mod host_bar;
pub mod human;
mod link;
mod members;
mod names;
mod order;
mod overview;
mod page;
mod process_list;
mod process_page;
mod subgroup_page;
mod terminal;
mod treemap;

pub use frame::{
    CONTENT_SECURITY_POLICY, Link, Rights, SCRIPT, SCRIPT_PATH, STYLE, STYLE_PATH, View,
};
pub use history::{Growth, History, Line, Point};
pub use link::{Extent, PagePath, Query};
pub use names::NamedProcesses;
pub use order::Order;
pub use page::HtmlPage;
pub use process_page::{AncestorLink, ProcessDetails};
pub use subgroup_page::RuleLine;
pub use terminal::{Colour, ProcessText, Screen, Terminal};

//! What a running exporter says of itself, live at each scrape: the `herakles_exporter_*` families
//! and the standard `process_*` ones.
//!
//! Of use to `herakles-exporter` itself. Whoever shows a [`Snapshot`](crate::Snapshot) in a program
//! of another name has families of its own for this.

use crate::families::{self, Family};

mod table;

pub use crate::status::{
    BuildLabels, CacheUpdates, ConfigLabels, ExporterStatus, ExpositionBytes, Reload, SelfUsage,
};
pub use table::FAMILIES;

impl ExporterStatus {
    /// Number of series the live part has in OpenMetrics, where a counter has a `_created` series
    /// too.
    pub fn series(&self) -> usize {
        let samples = |family: &Family| families::status_samples(family, self).len();
        let series = |family: &Family| samples(family) * family.kind.series(self.created);
        FAMILIES.iter().map(series).sum()
    }
}

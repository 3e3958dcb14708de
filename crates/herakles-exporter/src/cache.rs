//! What scrapes are served from: the last good snapshot and its expositions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use herakles_collect::RuleCounts;
use herakles_metrics::{ExpositionBytes, Snapshot};
use herakles_web::{Coding, Exposition, Format};

use crate::attribution::Attribution;

/// One refresh's result, rendered and compressed once.
pub(crate) struct CachedRefresh {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) rule_counts: RuleCounts,
    pub(crate) openmetrics: Exposition,
    pub(crate) text: Exposition,
    /// What became of the CPU time since the refresh before.
    pub(crate) attribution: Option<Attribution>,
    /// When the scan ended, on the clock that never jumps.
    pub(crate) taken: Instant,
}

impl CachedRefresh {
    pub(crate) fn exposition(&self, format: Format) -> &Exposition {
        match format {
            Format::OpenMetrics1_0_0 => &self.openmetrics,
            Format::Text0_0_4 => &self.text,
        }
    }

    pub(crate) fn age(&self) -> Duration {
        self.taken.elapsed()
    }

    pub(crate) fn sizes(&self) -> ExpositionBytes {
        ExpositionBytes {
            openmetrics: self.openmetrics.len(Coding::Identity),
            openmetrics_gzip: self.openmetrics.len(Coding::Gzip),
            text: self.text.len(Coding::Identity),
            text_gzip: self.text.len(Coding::Gzip),
        }
    }
}

/// The current [`CachedRefresh`]. A reader takes a reference and never waits; the refresh replaces
/// it whole, so nobody sees half of one.
#[derive(Default)]
pub(crate) struct Cache {
    current: ArcSwapOption<CachedRefresh>,
}

impl Cache {
    pub(crate) fn load(&self) -> Option<Arc<CachedRefresh>> {
        self.current.load_full()
    }

    pub(crate) fn publish(&self, cached: CachedRefresh) {
        self.current.store(Some(Arc::new(cached)));
    }
}

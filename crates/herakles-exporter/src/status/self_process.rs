//! The exporter's own `process_*` values, for scrapes.

use std::time::{Duration, Instant};

use herakles_collect::OwnUsage;
use herakles_metrics::exporter::SelfUsage;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// The values for scrapes, which come on threads that must not touch files.
#[derive(Default)]
pub(crate) struct CachedUsage {
    last: Mutex<Option<(Instant, SelfUsage, OwnUsage)>>,
}

impl CachedUsage {
    /// As they are now, or were a second ago: any number of scrapes costs no more than that.
    pub(crate) async fn read(&self) -> SelfUsage {
        const KEPT: Duration = Duration::from_secs(1);
        let mut last = self.last.lock().await;
        if let Some((at, usage, _)) = &*last
            && at.elapsed() < KEPT
        {
            return *usage;
        }
        let reader = last.take().map(|(_, _, reader)| reader);
        let read = spawn_blocking(|| {
            let mut reader = reader.unwrap_or_default();
            (reader.read(), reader)
        });
        let Ok((usage, reader)) = read.await else {
            return SelfUsage::default();
        };
        *last = Some((Instant::now(), usage, reader));
        usage
    }
}

//! What an exporter takes while a crowd is there.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use super::crowd::Crowd;
use crate::{failure::Failure, service::Service};

/// From one look to the next.
const LOOKS: Duration = Duration::from_millis(100);

/// Longest wait for a crowd to be closed.
const LONGEST: Duration = Duration::from_secs(60);

/// Scrapers that were closed may be about to connect anew, or to find that they were.
const TO_AND_FRO: usize = 3;

/// What was found.
#[derive(Debug)]
pub(super) struct Looks {
    pub(super) rss_before_kib: u64,
    rss_most_kib: u64,
    pub(super) most_connections: usize,
    /// How long the last one of the crowd kept its place.
    pub(super) closed_after: Option<Duration>,
}

impl Looks {
    /// Lets the crowd begin and looks until it is closed.
    ///
    /// # Errors
    /// When the exporter has ended.
    pub(super) fn during(
        service: &Service,
        crowd: &Crowd,
        begin: impl FnOnce(),
    ) -> Result<Self, Failure> {
        let look = || {
            let rss = service.status_kib("VmRSS:");
            rss.zip(sockets(service.pid()))
                .ok_or_else(|| Failure::new("the exporter has ended"))
        };
        let (rss_before_kib, sockets_before) = look()?;
        let mut looks = Self {
            rss_before_kib,
            rss_most_kib: rss_before_kib,
            most_connections: sockets_before,
            closed_after: None,
        };
        begin();
        let began = Instant::now();
        while began.elapsed() < crowd.stays() || looks.closed_after.is_none() {
            if began.elapsed() > crowd.stays() + LONGEST {
                break;
            }
            thread::sleep(LOOKS);
            let (rss_kib, sockets) = look()?;
            looks.rss_most_kib = looks.rss_most_kib.max(rss_kib);
            looks.most_connections = looks.most_connections.max(sockets);
            if sockets > sockets_before + TO_AND_FRO {
                looks.closed_after = None;
            } else if looks.closed_after.is_none() {
                looks.closed_after = Some(began.elapsed().saturating_sub(crowd.comes_for()));
            }
        }
        Ok(looks)
    }

    pub(super) fn rss_growth_kib(&self) -> u64 {
        self.rss_most_kib.saturating_sub(self.rss_before_kib)
    }
}

/// The sockets that a process has open; `None` if it has ended.
fn sockets(pid: u32) -> Option<usize> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let sockets = targets.filter(|target| target.to_string_lossy().starts_with("socket:"));
    Some(sockets.count())
}

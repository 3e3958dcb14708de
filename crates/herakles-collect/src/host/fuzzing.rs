//! What the fuzz targets reach: the host's files as texts.

use std::time::{Duration, Instant};

use herakles_metrics::HostRecord;

use super::cpu::{self, HostClock};
use super::meminfo::Meminfo;
use super::{loads, pressure};

/// What is told after reading `earlier` and, `later` seconds on, `text`, each as every one of the
/// host's files.
pub fn host_files(earlier: &[u8], text: &[u8], later: u16) -> [HostRecord; 2] {
    let mut clock = HostClock::default();
    let begin = Instant::now();
    [(earlier, 0), (text, later)].map(|(text, seconds)| {
        let now = begin + Duration::from_secs(seconds.into());
        let ticks = cpu::parse(text);
        let (totals, _) = pressure::parse(text);
        let mut host = HostRecord::default();
        let (memory, _) = Meminfo::parse(text);
        host.totals = memory.totals;
        host.memory = memory.categories;
        host.cpu = ticks.map(|ticks| clock.follow(ticks, now, 100.0));
        host.load = loads(text);
        host.cpu_pressure = totals.seconds();
        host
    })
}

//! The exporter's own `process_*` values, from the live /proc whatever root is scanned.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use herakles_metrics::exporter::SelfUsage;
use procfs::WithCurrentSystemInfo;
use procfs::process::{LimitValue, Process, Stat};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// The values for scrapes, which come on threads that must not touch files.
#[derive(Default)]
pub(crate) struct OwnUsage {
    last: Mutex<Option<(Instant, SelfUsage)>>,
}

impl OwnUsage {
    /// As they are now, or were a second ago: any number of scrapes costs no more than that.
    pub(crate) async fn read(&self) -> SelfUsage {
        const KEPT: Duration = Duration::from_secs(1);
        let mut last = self.last.lock().await;
        match *last {
            Some((at, usage)) if at.elapsed() < KEPT => usage,
            _ => {
                let usage = spawn_blocking(read).await.unwrap_or_default();
                *last = Some((Instant::now(), usage));
                usage
            }
        }
    }
}

/// Reads three small files of this process, none of which can wait for anything. A value whose
/// file cannot be read is absent.
pub(crate) fn read() -> SelfUsage {
    let Ok(process) = Process::myself() else {
        return SelfUsage::default();
    };
    let mut own = SelfUsage {
        open_fds: process.fd_count().ok().map(|count| count as u64),
        max_fds: process
            .limits()
            .ok()
            .and_then(|it| match it.max_open_files.soft_limit {
                LimitValue::Value(count) => Some(count),
                LimitValue::Unlimited => None,
            }),
        ..SelfUsage::default()
    };
    if let Ok(stat) = process.stat() {
        let ticks = procfs::ticks_per_second() as f64;
        own.cpu_seconds = Some((stat.utime + stat.stime) as f64 / ticks);
        own.resident_memory_bytes = Some(stat.rss_bytes().get());
        own.virtual_memory_bytes = Some(stat.vsize);
        own.start_time_seconds = start_time(&stat);
    }
    own
}

/// Told once: the kernel's boot time moves with the clock, and would make it another start.
fn start_time(stat: &Stat) -> Option<f64> {
    static KNOWN: OnceLock<f64> = OnceLock::new();
    if let Some(known) = KNOWN.get() {
        return Some(*known);
    }
    let since_boot = stat.starttime as f64 / procfs::ticks_per_second() as f64;
    let boot = procfs::boot_time_secs().ok()?;
    Some(*KNOWN.get_or_init(|| boot as f64 + since_boot))
}

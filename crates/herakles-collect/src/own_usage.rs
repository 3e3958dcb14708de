//! What the process that scans uses itself.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use herakles_metrics::exporter::SelfUsage;
use herakles_scan::{KernelUnits, ProcFs, ProcSource, ReadBuf, count_fds, read_max_fds, read_stat};
use herakles_stat::Pid;

use crate::BootClock;

/// Reads what this process uses itself, from the live `/proc` whatever else is scanned.
///
/// Three small files, none of which can wait for anything.
#[derive(Debug)]
pub struct OwnUsage {
    live: Option<(ProcFs, Pid, KernelUnits)>,
    buffer: ReadBuf,
    /// Told once: a boot time that follows the clock would make it another start.
    start_seconds: Option<f64>,
}

impl Default for OwnUsage {
    /// Holds `/proc` open, so that it stays readable whatever is mounted there later.
    fn default() -> Self {
        let root = Path::new("/proc");
        let live = || {
            // Its pid there, which is another one if that is the host's.
            let own = fs::read_link(root.join("self")).ok()?;
            let pid = Pid::from_name(own.as_os_str().as_bytes())?;
            Some((ProcFs::open(root).ok()?, pid, KernelUnits::here().ok()?))
        };
        Self {
            live: live(),
            buffer: ReadBuf::default(),
            start_seconds: None,
        }
    }
}

impl OwnUsage {
    /// The values now. One whose file cannot be read is absent.
    pub fn read(&mut self) -> SelfUsage {
        let mut own = SelfUsage::default();
        let Some((proc, pid, units)) = &self.live else {
            return own;
        };
        let Ok(handle) = proc.open(*pid) else {
            return own;
        };
        // Kernels before 6.2 do not count them.
        let counted = count_fds(&handle).ok().filter(|count| *count > 0);
        own.open_fds = counted.or_else(|| Some(fs::read_dir("/proc/self/fd").ok()?.count() as u64));
        own.max_fds = read_max_fds(&handle, &mut self.buffer).ok().flatten();
        if let Ok(stat) = read_stat(&handle, &mut self.buffer) {
            let ticks = units.ticks_per_second;
            own.cpu_seconds = Some(ticks.seconds(stat.cpu.total()));
            own.resident_memory_bytes = Some(units.page_size.bytes(stat.rss_pages));
            own.virtual_memory_bytes = Some(stat.virtual_bytes);
            if self.start_seconds.is_none() {
                let boot = BootClock::live(Path::new("/proc")).boot_seconds();
                self.start_seconds = boot.map(|boot| boot + ticks.seconds(stat.start_time));
            }
            own.start_time_seconds = self.start_seconds;
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use procfs::process::Process;

    use super::*;

    #[test]
    fn it_is_what_another_parser_reads() {
        let mut usage = OwnUsage::default();
        let own = usage.read();
        let other = Process::myself().unwrap();
        let stat = other.stat().unwrap();
        // Other tests in this process may open files at the same time.
        assert!(own.open_fds.unwrap() > 3);
        let limit = other.limits().unwrap().max_open_files.soft_limit;
        assert_eq!(
            format!("{limit:?}"),
            format!("Value({})", own.max_fds.unwrap())
        );
        assert!(own.virtual_memory_bytes.unwrap() > own.resident_memory_bytes.unwrap());
        assert!(own.resident_memory_bytes.unwrap() > 1 << 20);
        let ticks = procfs::ticks_per_second() as f64;
        assert!(own.cpu_seconds.unwrap() <= (stat.utime + stat.stime) as f64 / ticks);
        let boot = procfs::boot_time_secs().unwrap() as f64;
        let start = boot + stat.starttime as f64 / ticks;
        // The kernel tells the boot in whole seconds.
        assert!((own.start_time_seconds.unwrap() - start).abs() < 2.0);
        assert_eq!(usage.read().start_time_seconds, own.start_time_seconds);
    }
}

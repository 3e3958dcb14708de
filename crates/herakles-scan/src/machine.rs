use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::time::Duration;

use herakles_stat::{PageSize, TicksPerSecond};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::retry_on_intr;

use crate::ProcFs;

/// The units in which this kernel counts, fixed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The clock ticks of `stat`.
    pub ticks_per_second: TicksPerSecond,
    /// The pages of `stat` and `statm`.
    pub page_size: PageSize,
}

impl Machine {
    /// The units of the machine we run on, from the kernel's auxiliary vector.
    ///
    /// # Errors
    /// `Unsupported` if the kernel states units that cannot be.
    pub fn here() -> io::Result<Self> {
        let ticks = u32::try_from(rustix::param::clock_ticks_per_second()).ok();
        let page = u32::try_from(rustix::param::page_size()).ok();
        let machine = || {
            Some(Self {
                ticks_per_second: TicksPerSecond::new(ticks?)?,
                page_size: PageSize::new(page?)?,
            })
        };
        machine().ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}

impl ProcFs {
    /// When the machine booted, as time since the Unix epoch: `btime` of `<root>/stat`, in whole
    /// seconds. It moves when the wall clock is set.
    ///
    /// # Errors
    /// Those of opening and reading, `InvalidData` if there is no such line.
    pub fn boot_time(&self) -> io::Result<Duration> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let stat = retry_on_intr(|| openat(self.root(), c"stat", flags, Mode::empty()))?;
        // By lines: the line of interrupts may have hundreds of kilobytes.
        for line in BufReader::new(File::from(stat)).lines() {
            if let Some(seconds) = line?.strip_prefix("btime ") {
                return seconds
                    .parse()
                    .map(Duration::from_secs)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
            }
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "stat has no line btime",
        ))
    }
}

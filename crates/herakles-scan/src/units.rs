//! The units in which the kernel counts.

use std::io;

use herakles_stat::{PageSize, TicksPerSecond};

/// The units in which this kernel counts, fixed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelUnits {
    /// The clock ticks of `stat`.
    pub ticks_per_second: TicksPerSecond,
    /// The pages of `stat` and `statm`.
    pub page_size: PageSize,
}

impl KernelUnits {
    /// The units of the machine we run on, from the kernel's auxiliary vector.
    ///
    /// # Errors
    /// `Unsupported` if the kernel states units that cannot be.
    pub fn here() -> io::Result<Self> {
        let ticks = u32::try_from(rustix::param::clock_ticks_per_second()).ok();
        let page = u32::try_from(rustix::param::page_size()).ok();
        let units = || {
            Some(Self {
                ticks_per_second: TicksPerSecond::new(ticks?)?,
                page_size: PageSize::new(page?)?,
            })
        };
        units().ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}

//! What a tick and a page are on this machine.

use std::num::NonZeroU32;
use std::time::Duration;

/// Clock ticks in a second: `CLK_TCK`, 100 on every supported platform.
///
/// ```
/// # use std::time::Duration;
/// # use herakles_stat::TicksPerSecond;
/// let hundred = TicksPerSecond::new(100).expect("not zero");
/// assert_eq!(hundred.duration(250), Duration::from_millis(2_500));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicksPerSecond(NonZeroU32);

impl TicksPerSecond {
    /// The rate, or `None` for 0.
    pub const fn new(ticks: u32) -> Option<Self> {
        match NonZeroU32::new(ticks) {
            Some(ticks) => Some(Self(ticks)),
            None => None,
        }
    }

    /// The rate as a number.
    pub const fn as_u32(self) -> u32 {
        self.0.get()
    }

    /// The time that `ticks` take, exact to the nanosecond below.
    pub fn duration(self, ticks: u64) -> Duration {
        let rate = u64::from(self.0.get());
        let nanos = ticks % rate * 1_000_000_000 / rate;
        Duration::from_secs(ticks / rate) + Duration::from_nanos(nanos)
    }

    /// The time that `ticks` take, in seconds.
    pub fn seconds(self, ticks: u64) -> f64 {
        ticks as f64 / f64::from(self.0.get())
    }
}

/// Bytes in a page of memory: 4,096 on x86_64, up to 65,536 on aarch64.
///
/// ```
/// # use herakles_stat::PageSize;
/// let page = PageSize::new(65_536).expect("a power of two");
/// assert_eq!(page.bytes(3), 196_608);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(NonZeroU32);

impl PageSize {
    /// The size, or `None` for what is no power of two.
    pub const fn new(bytes: u32) -> Option<Self> {
        match NonZeroU32::new(bytes) {
            Some(bytes) if bytes.is_power_of_two() => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The size in bytes.
    pub const fn as_u32(self) -> u32 {
        self.0.get()
    }

    /// The bytes in `pages` pages; saturates, which no machine's memory reaches.
    pub const fn bytes(self, pages: u64) -> u64 {
        pages.saturating_mul(self.0.get() as u64)
    }
}

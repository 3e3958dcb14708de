//! The machine whose processes are scanned.

use std::fs;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use herakles_scan::{KernelUnits, ProcFs};
use herakles_stat::{PageSize, Stat, TicksPerSecond};
use rustix::time::{ClockId, clock_gettime};

use crate::open::open;

/// What a collector needs to know of the machine whose processes its source lists.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HostFacts {
    /// The clock ticks of `stat`.
    pub ticks_per_second: TicksPerSecond,
    /// The pages of `statm`.
    pub page_size: PageSize,
    /// Processes that started before this tick after boot contribute only their growth to the
    /// counters.
    pub counts_from: u64,
    /// When the machine booted.
    pub boot: BootClock,
    /// Whether taskstats speaks of the same processes by the same pids.
    pub taskstats_answers: bool,
    /// Where the host's own files (`meminfo` and the like) are; `None`: nowhere.
    pub files: Option<PathBuf>,
}

impl HostFacts {
    /// The facts for an opened `/proc`: those of this machine, or of a recorded tree.
    ///
    /// # Errors
    /// Those of [`KernelUnits::here`].
    pub fn of(proc: &ProcFs, root: &Path) -> io::Result<Self> {
        let boot = if proc.is_procfs() {
            BootClock::live(root)
        } else {
            BootClock::recorded(root)
        };
        let counts_from = if proc.is_procfs() {
            own_start()
        } else {
            u64::MAX
        };
        Ok(Self {
            counts_from,
            taskstats_answers: proc.is_our_pid_namespace(),
            files: Some(root.to_owned()),
            ..Self::new(KernelUnits::here()?, boot)
        })
    }

    /// The facts for another source of processes: nothing is known but its units and its clock,
    /// and processes contribute only their growth.
    pub fn new(units: KernelUnits, boot: BootClock) -> Self {
        Self {
            ticks_per_second: units.ticks_per_second,
            page_size: units.page_size,
            counts_from: u64::MAX,
            boot,
            taskstats_answers: false,
            files: None,
        }
    }
}

/// When this process started, in ticks after boot. If that cannot be read every process counts
/// as older: growth is lost then, nothing invented.
fn own_start() -> u64 {
    let line = fs::read("/proc/self/stat").unwrap_or_default();
    Stat::parse(&line).map_or(u64::MAX, |stat| stat.start_time)
}

/// When a machine booted, as Unix time.
///
/// The difference between two clocks moves by some milliseconds from look to look, and by a
/// second where the kernel rounds (`btime`); start times that moved with it would make new series.
/// So what was measured first holds, until the wall clock has been set by more than
/// [`REBASE_SECONDS`](Self::REBASE_SECONDS).
#[derive(Clone, Debug)]
pub struct BootClock {
    source: BootSource,
    held: Option<f64>,
}

#[derive(Clone, Debug)]
enum BootSource {
    /// The clocks of this machine, whose procfs is here.
    Live(PathBuf),
    /// `btime` of the file `stat` in this tree.
    Recorded(PathBuf),
    Fixed(Option<f64>),
}

impl BootClock {
    /// A step of the wall clock beyond this is followed, in seconds.
    pub const REBASE_SECONDS: f64 = 5.0;

    /// The boot of this machine, by its own clocks: `btime` of `/proc/stat` may be a container's.
    /// A procfs without `stat` (mounted with `subset=pid`, or in a container that hides it) gives
    /// no boot time: the clock of what it shows need not be ours.
    pub fn live(root: &Path) -> Self {
        Self::new(BootSource::Live(root.join("stat")))
    }

    /// The boot that a recorded tree tells, `btime` of its `stat`, if it does.
    pub fn recorded(root: &Path) -> Self {
        Self::new(BootSource::Recorded(root.join("stat")))
    }

    /// A boot at this Unix time, in seconds, or an unknown one.
    pub fn fixed(seconds: Option<f64>) -> Self {
        Self::new(BootSource::Fixed(seconds))
    }

    fn new(source: BootSource) -> Self {
        Self { source, held: None }
    }

    /// Looks at the clocks again: the boot as Unix time in seconds, `None` if it is unknown.
    pub fn boot_seconds(&mut self) -> Option<f64> {
        let measured = match &self.source {
            BootSource::Live(stat) => {
                // Whose clock it is does not change.
                let is_ours = self.held.is_some() || open(stat).is_ok();
                is_ours.then(|| seconds(ClockId::Realtime) - seconds(ClockId::Boottime))
            }
            BootSource::Recorded(stat) => btime(stat),
            BootSource::Fixed(boot) => *boot,
        };
        let holds = |held: &f64| {
            measured.is_none_or(|measured| (measured - held).abs() <= Self::REBASE_SECONDS)
        };
        self.held = self.held.filter(holds).or(measured);
        self.held
    }

    /// The time since boot, which no setting of the wall clock moves; `None` for a recorded tree.
    pub(crate) fn since_boot(&self) -> Option<Duration> {
        let now = matches!(self.source, BootSource::Live(_)).then(|| seconds(ClockId::Boottime));
        Duration::try_from_secs_f64(now?).ok()
    }
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// No `stat` is longer, on however many processors: beyond it something else is there.
const MAX_BYTES: u64 = 8 << 20;

/// The line `btime` of a file `stat`, in whole seconds since the Unix epoch; none that has yet to come.
fn btime(stat: &Path) -> Option<f64> {
    // By lines: the line of interrupts may have hundreds of kilobytes.
    let lines = BufReader::new(open(stat).ok()?.take(MAX_BYTES)).split(b'\n');
    // What cannot be read, such as a directory, cannot be read again and again.
    let mut lines = lines.map_while(Result::ok);
    let value = lines.find_map(|line| Some(line.strip_prefix(b"btime ")?.to_vec()))?;
    let boot: u64 = std::str::from_utf8(&value).ok()?.trim().parse().ok()?;
    Some(boot as f64).filter(|boot| *boot <= seconds(ClockId::Realtime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_time_is_held_against_jitter_and_follows_a_clock_that_is_set() {
        let root = tempfile::tempdir().unwrap();
        let mut clock = BootClock::recorded(root.path());
        assert_eq!(clock.boot_seconds(), None);
        let mut boot_after = |stat: &str| {
            fs::write(root.path().join("stat"), stat).unwrap();
            clock.boot_seconds()
        };
        assert_eq!(boot_after("cpu 1\nbtime 1000\n"), Some(1000.0));
        assert_eq!(boot_after("btime 1001\n"), Some(1000.0));
        assert_eq!(boot_after("btime 995\n"), Some(1000.0));
        assert_eq!(boot_after("btime 605800\nprocesses 3\n"), Some(605_800.0));
        // A damaged file is no reason to forget.
        assert_eq!(boot_after("btime -5\n"), Some(605_800.0));
        assert_eq!(boot_after("btime 99999999999\n"), Some(605_800.0));
        assert_eq!(boot_after("btime 18446744073709551615\n"), Some(605_800.0));
        fs::remove_file(root.path().join("stat")).unwrap();
        fs::create_dir(root.path().join("stat")).unwrap();
        assert_eq!(clock.boot_seconds(), Some(605_800.0));
    }

    #[test]
    fn the_live_boot_is_that_of_the_kernel_or_unknown_without_its_stat() {
        let mut live = BootClock::live(Path::new("/proc"));
        let kernel = btime(Path::new("/proc/stat")).unwrap();
        assert!((live.boot_seconds().unwrap() - kernel).abs() < 5.0);
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(BootClock::live(empty.path()).boot_seconds(), None);
    }
}

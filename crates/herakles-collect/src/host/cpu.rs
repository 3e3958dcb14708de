//! The line `cpu` of `/proc/stat` (`fs/proc/stat.c`), as counters that never fall.

use std::time::{Duration, Instant};

use herakles_metrics::HostCpu;

use super::line::{OddLine, count, lines};

/// The modes of the line, in its order; what comes after them is part of the first two.
const MODES: usize = 8;

/// A counter that stays behind for longer than this has begun anew.
const STAYS_BEHIND: Duration = Duration::from_secs(60);

/// Modes that every kernel tells; those before 2.6.11 tell no more.
const OLDEST_MODES: usize = 4;

/// Reads the first line of the file, in clock ticks; `None` if there is none. A mode that is no
/// count costs itself only.
pub(super) fn parse(text: &[u8]) -> Option<[Result<u64, OddLine>; MODES]> {
    let line = lines(text).find_map(|line| line.strip_prefix("cpu "))?;
    let fields = line.split_ascii_whitespace().map(count);
    let mut ticks = [Ok(0); MODES];
    let mut told = 0;
    for (mode, field) in ticks.iter_mut().zip(fields) {
        *mode = field;
        told += 1;
    }
    (told >= OLDEST_MODES).then_some(ticks)
}

/// The counters as they are told: one that steps back, as idle and iowait do, is held until it is
/// passed, or goes on from where it was when it has begun anew.
#[derive(Debug, Default)]
pub(super) struct HostClock {
    modes: [Mode; MODES],
}

#[derive(Clone, Copy, Debug, Default)]
struct Mode {
    told: u64,
    /// Added to what the kernel says, since it has begun anew.
    base: u64,
    behind_since: Option<Instant>,
}

impl HostClock {
    /// Takes what the kernel said at this moment, and gives what is told.
    pub(super) fn follow(
        &mut self,
        ticks: [Result<u64, OddLine>; MODES],
        now: Instant,
        ticks_per_second: f64,
    ) -> HostCpu {
        let mut seconds = [None; MODES];
        for ((mode, ticks), seconds) in self.modes.iter_mut().zip(ticks).zip(&mut seconds) {
            let told = ticks.ok().map(|ticks| mode.follow(ticks, now));
            *seconds = told.map(|ticks| ticks as f64 / ticks_per_second);
        }
        let [user, nice, system, idle, iowait, irq, softirq, steal] = seconds;
        let mut cpu = HostCpu::default();
        cpu.user_seconds = user;
        cpu.nice_seconds = nice;
        cpu.system_seconds = system;
        cpu.idle_seconds = idle;
        cpu.iowait_seconds = iowait;
        cpu.irq_seconds = irq;
        cpu.softirq_seconds = softirq;
        cpu.steal_seconds = steal;
        cpu
    }
}

impl Mode {
    fn follow(&mut self, ticks: u64, now: Instant) -> u64 {
        let value = ticks.saturating_add(self.base);
        if value >= self.told {
            self.told = value;
            self.behind_since = None;
            return value;
        }
        let since = *self.behind_since.get_or_insert(now);
        if now.saturating_duration_since(since) > STAYS_BEHIND {
            self.base = self.told - ticks.min(self.told);
            self.behind_since = None;
        }
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(begin: Instant, seconds: u64) -> Instant {
        begin + Duration::from_secs(seconds)
    }

    #[test]
    fn a_step_back_is_held_until_it_is_passed() {
        let (mut idle, begin) = (Mode::default(), Instant::now());
        let told: Vec<u64> = [(0, 1000), (1, 990), (2, 999), (3, 1001), (4, 1100)]
            .map(|(second, ticks)| idle.follow(ticks, at(begin, second)))
            .into();
        assert_eq!(told, [1000, 1000, 1000, 1001, 1100]);
    }

    #[test]
    fn a_counter_that_has_begun_anew_goes_on_from_where_it_was() {
        let (mut idle, begin) = (Mode::default(), Instant::now());
        let told: Vec<u64> = [(0, 1000), (1, 10), (61, 70), (62, 71), (63, 80), (64, 79)]
            .map(|(second, ticks)| idle.follow(ticks, at(begin, second)))
            .into();
        assert_eq!(told, [1000, 1000, 1000, 1000, 1009, 1009]);
    }
}

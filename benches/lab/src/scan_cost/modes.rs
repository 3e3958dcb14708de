//! The ways of the engine to read memory, on a beat that is faster than the usual one.

use std::time::Duration;

use herakles_collect::{IdleDetection, MemoryMode, Options};
use herakles_plan::{PlanLimits, Ratio};

/// `memory_max_age` in refreshes: so many samples grow too old in each.
pub(crate) const MAX_AGE_REFRESHES: u32 = 10;

/// The engine that reads every process every time.
pub(super) fn exact() -> Options {
    let mut options = Options::default();
    options.memory = MemoryMode::Exact;
    options
}

/// The engine that reads what may have moved, scanning at this interval.
pub(super) fn adaptive(interval: Duration, idle: IdleDetection) -> Options {
    let mut options = Options::default();
    options.memory = MemoryMode::Adaptive(limits(interval));
    options.idle_detection = idle;
    options.interval = interval;
    options
}

/// The flags of an exporter that reads every process every time.
pub(super) fn exact_flags(interval: Duration) -> Vec<String> {
    vec![
        "--scan.memory=exact".to_owned(),
        format!("--scan.cache-ttl={}s", interval.as_secs()),
    ]
}

/// The flags of an exporter that reads what may have moved.
pub(crate) fn adaptive_flags(interval: Duration, taskstats: &str) -> Vec<String> {
    let limits = limits(interval);
    let mut flags = vec![
        "--scan.memory=adaptive".to_owned(),
        format!("--scan.taskstats={taskstats}"),
        format!("--scan.cache-ttl={}s", interval.as_secs()),
        format!("--scan.memory-max-age={}s", limits.memory_max_age.as_secs()),
        format!("--scan.hold-ratio={:.4}", limits.hold_ratio.as_f64()),
    ];
    let budget = limits.cpu_budget.map(Ratio::as_f64);
    flags.extend(budget.map(|ratio| format!("--scan.cpu-budget={ratio:.3}")));
    flags
}

/// The default limits. A round stands for a refresh at the default interval, so the bounds on the
/// share of time are scaled as the time is.
fn limits(interval: Duration) -> PlanLimits {
    let haste = Options::default().interval.as_secs_f64() / interval.as_secs_f64();
    let usual = PlanLimits::default();
    let scaled = |ratio: Ratio| Ratio::new((ratio.as_f64() * haste).min(1.0)).unwrap_or(ratio);
    PlanLimits {
        memory_max_age: interval * MAX_AGE_REFRESHES,
        hold_ratio: scaled(usual.hold_ratio),
        cpu_budget: usual.cpu_budget.map(scaled),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_usual_interval_the_usual_limits_hold() {
        let interval = Options::default().interval;
        assert_eq!(limits(interval), PlanLimits::default());
    }

    #[test]
    fn a_faster_beat_may_use_more_of_the_time_but_never_more_than_all() {
        let limits = limits(Duration::from_secs(1));
        assert_eq!(limits.memory_max_age, Duration::from_secs(10));
        assert_eq!(limits.cpu_budget.map(Ratio::as_f64), Some(0.6));
        assert_eq!(
            adaptive_flags(Duration::from_millis(100), "off")
                .last()
                .unwrap(),
            "--scan.cpu-budget=1.000"
        );
    }
}

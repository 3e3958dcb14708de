//! Decide which processes' memory to read, reuse, defer or skip.
//!
//! Reading `smaps_rollup` is nearly all that a scan of `/proc` costs, and it holds up the process
//! that is read. A [`Planner`] keeps the last [`Sample`] of every process and has it read again
//! only if it may have changed, within [`PlanLimits`]. It does no I/O and has no clock.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use herakles_plan::{Fingerprint, Moment, Observation, PlanLimits, Planner, Ratio, Reason, Resident};
//! use herakles_smaps::MemoryUsage;
//! use herakles_stat::{Pid, ProcessKey};
//!
//! let limits = PlanLimits {
//!     memory_max_age: Duration::from_secs(300),
//!     hold_ratio: Ratio::new(0.001).ok_or("not a ratio")?,
//!     max_hold: Some(Duration::from_secs(1)),
//!     cpu_budget: Ratio::new(0.02),
//! };
//! let start = Instant::now();
//! let mut planner = Planner::new(limits, start);
//! let key = ProcessKey { pid: Pid::new(42).ok_or("no pid")?, start_time: 900 };
//! let mut seen = Observation {
//!     key,
//!     parent: Pid::new(1),
//!     program: 7,
//!     image: 0,
//!     fingerprint: Fingerprint {
//!         minor_faults: 1_000,
//!         resident: Resident { all_bytes: 4 << 20, shared_bytes: 1 << 20 },
//!         ..Default::default()
//!     },
//! };
//! let refresh = |seconds| Moment {
//!     now: start + Duration::from_secs(seconds),
//!     next: start + Duration::from_secs(seconds + 30),
//!     ksm_pages: None,
//! };
//! let mut reads = Vec::new();
//!
//! planner.observe(&seen, start);
//! planner.plan(&refresh(0), &mut reads);
//! assert_eq!(reads[0].reason, Reason::New);
//! let mut usage = MemoryUsage::default();
//! (usage.rss_bytes, usage.pss_bytes) = (4 << 20, 3 << 20);
//! planner.record(key, &usage, start, Duration::from_micros(80));
//! planner.finish();
//!
//! planner.observe(&seen, start + Duration::from_secs(1));
//! planner.plan(&refresh(1), &mut reads);
//! assert!(reads.is_empty()); // nothing has moved
//! assert_eq!(planner.finish().reused, 1);
//! assert_eq!(planner.sample(key).ok_or("no sample")?.usage.pss_bytes, 3 << 20);
//! # Ok::<(), &str>(())
//! ```
//!
//! # A refresh
//!
//! 1. [`observe`](Planner::observe) every process, or say that it is [`idle`](Planner::idle) and, if
//!    you have looked, what is [`resident`](Planner::resident) of it.
//! 2. [`plan`](Planner::plan), make the reads, and [`record`](Planner::record) each or say that it
//!    [`failed`](Planner::failed). Once more, for what follows from the results.
//! 3. [`finish`](Planner::finish), and take the [`sample`](Planner::sample)s.
//!
//! # Which processes are due
//!
//! In this order: those without a sample, or with another program since (exec); those whose
//! [`Fingerprint`] has moved; those that may share memory with a process that came, went or
//! changed what it shares; all, if KSM has moved pages; and each once per `memory_max_age`, in the
//! refresh that is nearest to that age at the latest. Before that, each refresh renews the oldest
//! samples until it has done its share of the work, so that no refresh pays for all at once.
//!
//! # What forbids a read
//!
//! `max_hold`, if the process is so big that the read would hold it up for longer; `hold_ratio`,
//! if it was held up too recently for that; `cpu_budget`, if there are more important reads to
//! spend it on. Each is counted in the [`PlanSummary`], and the sample gets older. A sample older than
//! twice `memory_max_age` goes to the front of the queue, so that no process starves.

mod budget;
mod candidate;
mod cost;
mod limits;
mod observation;
mod planner;
mod record;
mod records;
mod renewal_queue;
mod sample;
mod sharers;

pub use limits::{PlanLimits, Ratio};
pub use observation::{
    Bound, Decision, Fingerprint, Moment, Observation, PlanSummary, Read, Reason, Resident, Sample,
};
pub use planner::Planner;

//! Adaptive memory reading: the planner decides, the workers read.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use herakles_metrics::ProcessKind;
use herakles_plan::{Decision, Moment, Observation, PlanLimits, Planner, Read};
use herakles_scan::{ProcSource, ReadBuf, ScanError, peek_stat};
use herakles_stat::{Pid, ProcessKey};

use crate::idle::IdleDetector;
use crate::memory_pass::{Attempt, MemoryPass, ReadContext, StatmReads, Target, vanished};
use crate::process_sample::{Memory, ProcessSample};
use crate::survey::Early;
use crate::worker_pool::Lost;

/// Where the kernel says how many pages it has merged with others of the same content, and with
/// the zero page, where `use_zero_pages` is set (since Linux 6.6).
const KSM_PAGES: [&str; 2] = [
    "/sys/kernel/mm/ksm/pages_sharing",
    "/sys/kernel/mm/ksm/ksm_zero_pages",
];

/// The planner and what it has been told.
pub(crate) struct Adaptive {
    planner: Planner,
    /// Where taskstats tells which processes are idle.
    idle: Option<IdleDetector>,
    reads: Vec<Read>,
    /// Whose size has been logged.
    named: HashSet<ProcessKey>,
    /// Whose last read hung, for the planner to forget.
    hung: HashSet<ProcessKey>,
    /// Who has called exec, and by when: an older sample is of the program before.
    execd: HashMap<ProcessKey, Instant>,
}

impl Adaptive {
    pub(crate) fn new(limits: PlanLimits, idle: Option<IdleDetector>) -> Self {
        Self {
            planner: Planner::new(limits, Instant::now()),
            idle,
            reads: Vec::new(),
            named: HashSet::new(),
            hung: HashSet::new(),
            execd: HashMap::new(),
        }
    }

    /// Goes by other limits, and by another detector, from now on.
    pub(crate) fn adopt(&mut self, limits: PlanLimits, idle: Option<IdleDetector>) {
        self.planner.apply(limits);
        self.idle = idle;
    }

    pub(crate) fn take_idle_detector(&mut self) -> Option<IdleDetector> {
        self.idle.take()
    }

    pub(crate) fn idle_detector(&mut self) -> Option<&mut IdleDetector> {
        self.idle.as_mut()
    }

    #[cfg(test)]
    pub(crate) fn detect_idle_by(&mut self, detector: IdleDetector) {
        self.idle = Some(detector);
    }

    /// What is resident of a process; `None` if it has to be observed, as the planner knows
    /// nothing of it.
    pub(crate) fn rss_bytes(&self, key: ProcessKey) -> Option<u64> {
        self.planner.rss_bytes(key)
    }

    pub(crate) fn detects_idle(&self) -> bool {
        self.idle.is_some()
    }

    /// Who is to be read along with the survey that comes.
    pub(crate) fn early(&mut self, interval: Duration) -> Early {
        let now = Instant::now();
        let mut reads = std::mem::take(&mut self.reads);
        self.planner.plan_ahead(now, now + interval, &mut reads);
        let mut keys: Vec<ProcessKey> = reads.iter().map(|read| read.key).collect();
        keys.sort_unstable();
        self.reads = reads;
        Early {
            keys,
            allowance: self.planner.allowance(),
            spent_nanos: AtomicU64::new(0),
        }
    }

    /// Brings the memory of everybody in `seen`, which is sorted by identity, up to date, as far
    /// as it is due and allowed. Those in `left_out` get none.
    pub(crate) fn read<S: ProcSource>(
        &mut self,
        seen: &mut [ProcessSample],
        left_out: &HashSet<ProcessKey>,
        mut context: ReadContext<'_, S>,
    ) {
        self.observe(seen, left_out, &mut context);
        let now = Instant::now();
        let moment = Moment {
            now,
            next: now + context.interval,
            ksm_pages: ksm_pages(),
        };
        // What was read earlier is shown also while too many readers are stuck.
        while !context.workers.stuck().are_too_many() {
            let mut reads = std::mem::take(&mut self.reads);
            self.planner.plan(&moment, &mut reads);
            let done = reads.is_empty();
            if !done {
                self.pass(&reads, seen, &mut context);
            }
            self.reads = reads;
            if done {
                break;
            }
        }
        self.finish(seen, &mut context);
    }

    fn observe<S>(
        &mut self,
        seen: &mut [ProcessSample],
        left_out: &HashSet<ProcessKey>,
        context: &mut ReadContext<'_, S>,
    ) {
        for it in seen {
            if it.kind != ProcessKind::User || left_out.contains(&it.key) {
                continue;
            }
            if it.execd {
                self.execd.insert(it.key, it.at);
            }
            // The planner forgets whom it does not hear of, so that a process whose read hung is
            // a new one when its reader has come back.
            if self.hung.remove(&it.key) || context.workers.stuck().hold(it.key) {
                continue;
            }
            if it.idle || it.statm_error.is_some() {
                self.planner.idle(it.key);
                if let Some(resident) = it.fresh_resident() {
                    self.planner.resident(it.key, resident);
                }
                continue;
            }
            let observation = Observation {
                key: it.key,
                parent: it.parent,
                program: program(it),
                image: it.image.number(),
                fingerprint: it.fingerprint,
            };
            self.planner.observe(&observation, it.at);
            if let Some(attempt) = Attempt::of_survey(it) {
                self.settle(attempt, it, context);
            }
        }
    }

    fn pass<S: ProcSource>(
        &mut self,
        reads: &[Read],
        seen: &mut [ProcessSample],
        context: &mut ReadContext<'_, S>,
    ) {
        let may_confirm = self.idle.is_some();
        let target = |read: &Read| Target {
            key: read.key,
            is_proven_later: may_confirm && find(seen, read.key).is_some_and(|it| it.idle),
        };
        let targets: Vec<Target> = reads.iter().map(target).collect();
        let pass = MemoryPass {
            source: Arc::clone(context.source),
            targets: targets.clone(),
            memory_source: context.memory_source,
            statm: StatmReads::BesideEach,
            allowance: self.planner.allowance(),
            spent_nanos: AtomicU64::new(0),
            stuck: context.workers.stuck().clone(),
            buffers: context.buffers,
        };
        let work = reads.iter().map(|read| read.predicted).sum();
        let width = context.workers.width(work);
        let mut unproven = Vec::new();
        for (item, result) in context.workers.run(pass, width) {
            let Some(&Target {
                key,
                is_proven_later,
            }) = targets.get(item)
            else {
                continue;
            };
            match result {
                Err((lost, _)) => {
                    if lost == Lost::Hung {
                        self.hung.insert(key);
                    }
                    context.stats.lost(lost, Some(context.memory_source.file()));
                    self.planner.failed(key, Instant::now(), Duration::ZERO);
                }
                Ok(attempt) if is_proven_later => unproven.push((key, attempt)),
                Ok(attempt) => {
                    if let Some(it) = find_mut(seen, key) {
                        self.settle(attempt, it, context);
                    }
                }
            }
        }
        let mut pids: Vec<Pid> = unproven.iter().map(|(key, _)| key.pid).collect();
        pids.sort_unstable();
        let mut confirmed = Vec::new();
        if let Some(idle_detector) = &mut self.idle {
            idle_detector.confirm(&pids, &mut confirmed);
        }
        let mut buf = ReadBuf::new(0);
        for (key, mut attempt) in unproven {
            if confirmed.binary_search(&key.pid).is_err()
                && let Err(error) = make_sure(&**context.source, key, &mut buf)
            {
                attempt.usage = attempt.usage.map(|_| Err(error));
            }
            if let Some(it) = find_mut(seen, key) {
                self.settle(attempt, it, context);
            }
        }
    }

    /// Takes what became of a read of the process.
    fn settle<S>(
        &mut self,
        attempt: Attempt,
        it: &mut ProcessSample,
        context: &mut ReadContext<'_, S>,
    ) {
        if let Some(statm) = attempt.statm {
            it.take_statm(&statm, context.page_size);
            if let Some(resident) = it.fresh_resident() {
                self.planner.resident(it.key, resident);
            }
        }
        let stats = &mut *context.stats;
        match attempt.usage {
            None => {}
            Some(Ok(usage)) => {
                self.planner
                    .record(it.key, &usage, attempt.at, attempt.took);
                stats.memory(Ok(()));
            }
            Some(Err(error)) => {
                self.planner.failed(it.key, attempt.at, attempt.took);
                stats.memory(Err(&error));
                it.fail_memory(error);
            }
        }
    }

    fn finish<S>(&mut self, seen: &mut [ProcessSample], context: &mut ReadContext<'_, S>) {
        let did = self.planner.finish();
        let reads = &mut context.stats.reads;
        reads.fresh = did.fresh;
        reads.reused = did.reused;
        reads.deferred_hold = did.deferred_hold;
        reads.deferred_budget = did.deferred_budget;
        reads.skipped_size = did.skipped_size;
        context.stats.has_standing_refusals = did.unreadable > 0;
        let planner = &self.planner;
        self.named.retain(|key| planner.decision(*key).is_some());
        self.hung.retain(|key| planner.decision(*key).is_some());
        self.execd.retain(|key, at| {
            let sample = planner.sample(*key);
            sample.is_some_and(|it| it.taken_at < *at)
        });
        for it in seen.iter_mut().filter(|it| it.kind == ProcessKind::User) {
            let sample = self.planner.sample(it.key);
            if let Some(sample) = sample.filter(|_| !self.execd.contains_key(&it.key)) {
                it.memory = Memory::Sample(sample);
            }
            if self.planner.decision(it.key) == Some(Decision::TooBig) && self.named.insert(it.key)
            {
                context.stats.too_big.push(it.key);
            }
        }
    }
}

fn find(seen: &[ProcessSample], key: ProcessKey) -> Option<&ProcessSample> {
    let index = seen.binary_search_by_key(&key, |it| it.key).ok()?;
    seen.get(index)
}

fn find_mut(seen: &mut [ProcessSample], key: ProcessKey) -> Option<&mut ProcessSample> {
    let index = seen.binary_search_by_key(&key, |it| it.key).ok()?;
    seen.get_mut(index)
}

/// Makes sure that the pid is still this process's.
fn make_sure<S: ProcSource>(
    source: &S,
    key: ProcessKey,
    buf: &mut ReadBuf,
) -> Result<(), ScanError> {
    if peek_stat(source, key.pid, buf)?.key() == key {
        Ok(())
    } else {
        Err(vanished(key))
    }
}

/// A number for the program that runs: processes of one program may share memory.
fn program(seen: &ProcessSample) -> u64 {
    let mut hasher = DefaultHasher::new();
    seen.image.comm.as_bytes().hash(&mut hasher);
    hasher.finish()
}

/// `None` where the kernel has no KSM.
fn ksm_pages() -> Option<u64> {
    let counts = KSM_PAGES.iter().filter_map(|path| {
        let count = fs::read_to_string(path).ok()?;
        count.trim().parse::<u64>().ok()
    });
    counts.reduce(u64::wrapping_add)
}

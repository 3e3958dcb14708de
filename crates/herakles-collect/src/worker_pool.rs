//! Worker threads that can be given up.
//!
//! A read of another process's memory files waits for that process's mmap lock, possibly for
//! ever. Work therefore runs on detached threads of a rayon pool: an item that does not come
//! back in time costs its thread, which is replaced, and nothing else.

mod stuck;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use herakles_stat::ProcessKey;

use crate::thread_time::thread_cpu;

pub(crate) use stuck::StuckThreads;

/// Work on many independent items.
pub(crate) trait Task: Send + Sync + 'static {
    /// What one item yields.
    type Output: Send + 'static;
    /// Buffers a worker reuses from item to item and from run to run.
    type Scratch: Send + 'static;

    /// The number of items.
    fn len(&self) -> usize;

    /// Buffers for one more worker.
    fn scratch(&self) -> Self::Scratch;

    /// Works on one item. What is [noted](Note::note) before a step that may hang is what
    /// remains of the item if it does.
    fn run(
        &self,
        item: usize,
        scratch: &mut Self::Scratch,
        note: &Note<'_, Self::Output>,
    ) -> Self::Output;
}

/// Why an item has no complete output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It did not come back in time.
    Hung,
    /// It panicked.
    Panicked,
}

/// One item's result: its output, or why it is lost and what it had noted by then.
pub(crate) type Done<T> = (usize, Result<T, (Lost, Option<T>)>);

/// Where a running item leaves what is already known.
pub(crate) struct Note<'a, T>(&'a Slot<T>);

impl<T> Note<'_, T> {
    /// Keeps `output` and the identity it belongs to in case the next step never returns.
    pub(crate) fn note(&self, key: ProcessKey, output: T) {
        self.keep(key, Some(output));
    }

    /// Keeps the identity whose file is being read, where there is no output yet.
    pub(crate) fn reading(&self, key: ProcessKey) {
        self.keep(key, None);
    }

    /// Brings what was noted up to date, if anything was.
    pub(crate) fn amend(&self, change: impl FnOnce(&mut T)) {
        let mut state = self.0.lock();
        let current = state.current.as_mut();
        if let Some(noted) = current.and_then(|it| it.noted.as_mut()) {
            change(noted);
        }
    }

    fn keep(&self, key: ProcessKey, output: Option<T>) {
        if let Some(current) = &mut self.0.lock().current {
            current.key = Some(key);
            current.noted = output;
        }
    }
}

struct Current<T> {
    item: usize,
    since: Instant,
    key: Option<ProcessKey>,
    noted: Option<T>,
}

impl<T> Current<T> {
    fn new(item: usize) -> Self {
        Self {
            item,
            since: Instant::now(),
            key: None,
            noted: None,
        }
    }
}

struct SlotState<T> {
    done: Vec<Done<T>>,
    current: Option<Current<T>>,
    given_up: bool,
    /// The worker left its loop: nothing will be added.
    finished: bool,
}

struct Slot<T> {
    state: Mutex<SlotState<T>>,
}

impl<T> Slot<T> {
    fn new(share: usize) -> Self {
        let state = SlotState {
            done: Vec::with_capacity(share),
            current: None,
            given_up: false,
            finished: false,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, SlotState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The worker threads of all scans.
pub(crate) struct WorkerPool<S> {
    /// `None` while no threads are to be had.
    pool: Option<rayon::ThreadPool>,
    threads: usize,
    patience: Duration,
    /// Somebody waits for the results: all threads work.
    is_waited_for: bool,
    stuck: StuckThreads,
    scratch: Arc<Mutex<Vec<S>>>,
    cpu_nanos: Arc<AtomicU64>,
}

impl<S: Send + 'static> WorkerPool<S> {
    /// So much work is worth a thread, where nobody waits for it: a second one costs a few per cent
    /// more CPU for everything, and saves nothing but time.
    const WORTH_A_THREAD: Duration = Duration::from_secs(1);

    /// Starts `threads` threads. An item that takes longer than `patience` is given up.
    pub(crate) fn new(
        threads: usize,
        patience: Duration,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        Ok(Self {
            pool: Some(pool(threads)?),
            threads,
            patience,
            is_waited_for: true,
            stuck: StuckThreads::default(),
            scratch: Arc::default(),
            cpu_nanos: Arc::default(),
        })
    }

    /// From now on nobody waits for the results: an item has more time, and threads are spared.
    pub(crate) fn take_time(&mut self, patience: Duration) {
        self.patience = patience;
        self.is_waited_for = false;
    }

    /// The threads that are worth their cost for so much work, unless there are fewer.
    pub(crate) fn width(&self, work: Duration) -> usize {
        if self.is_waited_for {
            return self.threads;
        }
        let further = work.as_nanos() / Self::WORTH_A_THREAD.as_nanos();
        usize::try_from(further)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    }

    /// The threads that have not come back.
    pub(crate) fn stuck(&self) -> &StuckThreads {
        &self.stuck
    }

    /// Drops the buffers that are kept; new ones are made as the tasks say.
    pub(crate) fn forget_scratch(&self) {
        lock(&self.scratch).clear();
    }

    /// The CPU time all workers have used so far.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu_nanos.load(Ordering::Relaxed))
    }

    /// Runs all items of `task` on at most `width` threads and returns their results in the
    /// order of the items. Those that no thread is left for have none.
    pub(crate) fn run<T>(&mut self, task: T, width: usize) -> Vec<Done<T::Output>>
    where
        T: Task<Scratch = S>,
    {
        let width = width.min(self.threads).min(task.len()).max(1);
        let share = task.len().div_ceil(width);
        let (leave, left) = channel();
        let job = Arc::new(Job {
            next: AtomicUsize::new(0),
            scratch: Arc::clone(&self.scratch),
            stuck: self.stuck.clone(),
            cpu_nanos: Arc::clone(&self.cpu_nanos),
            leave,
            task,
        });
        if self.pool.is_none() {
            self.pool = pool(self.threads).ok();
        }
        let mut slots: Vec<Arc<Slot<T::Output>>> =
            (0..width).map_while(|_| self.start(&job, share)).collect();
        self.wait(&job, &mut slots, &left);
        let mut done = Vec::new();
        for slot in &slots {
            let its = std::mem::take(&mut slot.lock().done);
            if done.is_empty() {
                // Of one thread: in order, and moved no more.
                done = its;
            } else {
                done.extend(its);
            }
        }
        if !done.is_sorted_by_key(|(item, _)| *item) {
            done.sort_unstable_by_key(|(item, _)| *item);
        }
        done
    }

    /// Starts a worker that will do about `share` items; `None` if there are no threads.
    fn start<T: Task<Scratch = S>>(
        &self,
        job: &Arc<Job<T, S>>,
        share: usize,
    ) -> Option<Arc<Slot<T::Output>>> {
        let pool = self.pool.as_ref()?;
        let slot = Arc::new(Slot::new(share));
        let (job, its) = (Arc::clone(job), Arc::clone(&slot));
        pool.spawn(move || job.work(&its));
        Some(slot)
    }

    /// Returns when every worker has left or was given up.
    fn wait<T: Task<Scratch = S>>(
        &mut self,
        job: &Arc<Job<T, S>>,
        slots: &mut Vec<Arc<Slot<T::Output>>>,
        left: &Receiver<()>,
    ) {
        let tick = (self.patience / 10).max(Duration::from_millis(5));
        loop {
            if slots.iter().all(|slot| {
                let state = slot.lock();
                state.finished || state.given_up
            }) {
                return;
            }
            match left.recv_timeout(tick) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => self.give_up_stuck(job, slots),
                // `job` holds a sender: the channel cannot be closed while we wait.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn give_up_stuck<T: Task<Scratch = S>>(
        &mut self,
        job: &Arc<Job<T, S>>,
        slots: &mut Vec<Arc<Slot<T::Output>>>,
    ) {
        let mut has_lost = false;
        for slot in slots.iter() {
            let mut state = slot.lock();
            if state.given_up {
                continue;
            }
            let Some(current) = state
                .current
                .take_if(|it| it.since.elapsed() >= self.patience)
            else {
                continue;
            };
            state.given_up = true;
            state
                .done
                .push((current.item, Err((Lost::Hung, current.noted))));
            job.register_stuck(slot, current.key);
            has_lost = true;
        }
        if !has_lost {
            return;
        }
        // The old pool's idle threads end with it, a stuck one when its read returns.
        self.pool = pool(self.threads).ok();
        if job.next.load(Ordering::Relaxed) < job.task.len() {
            // All threads, however few began: the next may hang too.
            let at_work = slots.iter().filter(|slot| {
                let state = slot.lock();
                !state.given_up && !state.finished
            });
            let missing = self.threads.saturating_sub(at_work.count());
            slots.extend((0..missing).map_while(|_| self.start(job, 0)));
        }
    }
}

fn pool(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|n| format!("herakles-scan-{n}"))
        .build()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Job<T: Task<Scratch = S>, S> {
    next: AtomicUsize,
    scratch: Arc<Mutex<Vec<S>>>,
    stuck: StuckThreads,
    cpu_nanos: Arc<AtomicU64>,
    leave: Sender<()>,
    task: T,
}

impl<T: Task<Scratch = S>, S> Job<T, S> {
    fn work(&self, slot: &Arc<Slot<T::Output>>) {
        let cpu = thread_cpu();
        let scratch = lock(&self.scratch).pop();
        let mut scratch = scratch.unwrap_or_else(|| self.task.scratch());
        loop {
            let item = self.next.fetch_add(1, Ordering::Relaxed);
            if item >= self.task.len() {
                break;
            }
            slot.lock().current = Some(Current::new(item));
            let note = Note(slot);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                self.task.run(item, &mut scratch, &note)
            }));
            let mut state = slot.lock();
            if state.given_up {
                drop(state);
                self.add_cpu_since(cpu);
                self.come_back(slot);
                return;
            }
            let noted = state.current.take().and_then(|it| it.noted);
            state
                .done
                .push((item, outcome.map_err(|_| (Lost::Panicked, noted))));
        }
        lock(&self.scratch).push(scratch);
        self.add_cpu_since(cpu);
        slot.lock().finished = true;
        // The receiver is gone only when nobody waits any more.
        let _ = self.leave.send(());
    }

    fn add_cpu_since(&self, start: Duration) {
        let used = thread_cpu().saturating_sub(start).as_nanos();
        self.cpu_nanos
            .fetch_add(u64::try_from(used).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn register_stuck(&self, slot: &Arc<Slot<T::Output>>, key: Option<ProcessKey>) {
        self.stuck.add(ticket(slot), key);
    }

    fn come_back(&self, slot: &Arc<Slot<T::Output>>) {
        self.stuck.remove(ticket(slot));
    }
}

/// A slot outlives its worker's stay in [`StuckThreads`], so its address names it.
fn ticket<T>(slot: &Arc<Slot<T>>) -> usize {
    Arc::as_ptr(slot).addr()
}

#[cfg(test)]
mod tests;

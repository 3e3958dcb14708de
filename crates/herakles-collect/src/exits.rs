//! The exits between two scans: taken from taskstats on a thread of its own, and given the class
//! that the process would have had.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use herakles_classify::{ClassId, ClassTable, Classifier, Facts, Inheritance};
use herakles_cpu::{Exit, Usage};
use herakles_metrics::ProcessKind;
use herakles_stat::{CpuTicks, Pid, ProcessKey, TicksPerSecond};
use herakles_taskstats::{Arrivals, Error as TaskstatsError, ExitRecord, ExitRecords, Losses};

use crate::process_table::{ProcessTable, TrackedProcess};

/// Exits that are kept for the next scan, about 2 MB; the CPU of any beyond is taken from who
/// waited for them.
const MOST_WAITING: usize = 16_384;

/// After an exit others are waited for, so that not every one wakes the thread.
const GATHER: Duration = Duration::from_millis(50);

/// How often the thread looks whether it is still needed.
const PATIENCE: Duration = Duration::from_secs(1);

/// The parent of all kernel threads.
const KTHREADD: u32 = 2;

/// Why nobody tells of exits.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExitsError {
    /// The kernel does not, or not to us.
    #[error(transparent)]
    Taskstats(#[from] TaskstatsError),
    /// The processes that are scanned are not those of our own pid namespace.
    #[error("the processes are another machine's or namespace's")]
    OtherProcesses,
    /// There is no thread to listen.
    #[error("the thread that listens to exits cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// The line to the kernel and what it told since the last scan.
pub(crate) struct Exits {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    ended: AtomicBool,
}

struct Queue {
    line: ExitRecords,
    waiting: Vec<ExitRecord>,
    losses: Losses,
    broken: Option<TaskstatsError>,
}

impl Exits {
    /// Listens from now on, if taskstats speaks of the processes that are scanned.
    pub(crate) fn open(taskstats_answers: bool) -> Result<Self, ExitsError> {
        if !taskstats_answers {
            return Err(ExitsError::OtherProcesses);
        }
        let line = ExitRecords::open()?;
        let arrivals = line.arrivals()?;
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue {
                line,
                waiting: Vec::new(),
                losses: Losses::default(),
                broken: None,
            }),
            ended: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        thread::Builder::new()
            .name("herakles-exits".into())
            .spawn(move || listen(&theirs, &arrivals))?;
        Ok(Self { shared })
    }

    /// The exits since the last call in the order in which they happened, up to this moment, and
    /// how many were lost, as far as is known.
    pub(crate) fn take(&mut self) -> Result<(Vec<ExitRecord>, u64), TaskstatsError> {
        let mut queue = self.shared.queue();
        queue.drain();
        if let Some(error) = queue.broken {
            return Err(error);
        }
        let Losses {
            overruns, dropped, ..
        } = std::mem::take(&mut queue.losses);
        Ok((std::mem::take(&mut queue.waiting), overruns + dropped))
    }
}

impl Drop for Exits {
    fn drop(&mut self) {
        self.shared.ended.store(true, Relaxed);
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn drain(&mut self) {
        match self.line.drain(&mut self.waiting, MOST_WAITING) {
            Ok(losses) => self.losses += losses,
            Err(error) => self.broken = Some(error),
        }
    }
}

fn listen(shared: &Shared, arrivals: &Arrivals) {
    while !shared.ended.load(Relaxed) {
        match arrivals.wait(PATIENCE) {
            Ok(true) => {
                thread::sleep(GATHER);
                let mut queue = shared.queue();
                queue.drain();
                if queue.broken.is_some() {
                    return;
                }
            }
            Ok(false) => {}
            // The next scan drains, and finds what is wrong.
            Err(_) => return,
        }
    }
}

/// Turns records into what the tracker takes: whose they are, in ticks.
pub(crate) struct ExitedProcesses {
    ticks_per_second: TicksPerSecond,
    /// When the last scan began.
    scanned: Option<Instant>,
    /// What is left of the time of processes that did not fill a tick, in nanoseconds.
    fractions: HashMap<ClassId, Fraction>,
}

#[derive(Clone, Copy, Default)]
struct Fraction {
    user: u64,
    system: u64,
}

/// What is known of a process that has exited.
struct ExitedProcess {
    start_time: u64,
    class: ClassId,
    inheritance: Inheritance,
}

impl ExitedProcesses {
    pub(crate) fn new(ticks_per_second: TicksPerSecond) -> Self {
        Self {
            ticks_per_second,
            scanned: None,
            fractions: HashMap::new(),
        }
    }

    /// Notes that a scan which began then has looked at everybody.
    pub(crate) fn scanned(&mut self, began: Instant) {
        self.scanned = Some(began);
    }

    pub(crate) fn forget_class(&mut self, class: ClassId) {
        self.fractions.remove(&class);
    }

    /// What the tracker should know of the exits in `records`, which are in order. `table` still
    /// has those who have exited, and already those who are new.
    ///
    /// Left out are those of whom it is not certain that nobody has seen them, or whose time went
    /// to somebody unknown: the tracker finds it with who waited for them.
    pub(crate) fn write(
        &mut self,
        records: &[ExitRecord],
        table: &ProcessTable,
        rules: &Classifier,
        classes: &mut ClassTable,
    ) -> Vec<Exit<ClassId>> {
        let mut told: HashMap<Pid, ExitedProcess> = HashMap::new();
        let mut exits = Vec::with_capacity(records.len());
        // Parents exit after their children, whose class they may pass on.
        for record in records.iter().rev() {
            let member = table.by_pid(record.pid).filter(|it| self.is(it, record));
            let deceased = match member {
                Some(member) => Some(ExitedProcess {
                    start_time: member.key.start_time,
                    class: member.class,
                    inheritance: member.inheritance.clone(),
                }),
                None => self.place(record, table, &told, rules, classes),
            };
            let Some(deceased) = deceased else { continue };
            exits.push(Exit {
                key: ProcessKey {
                    pid: record.pid,
                    start_time: deceased.start_time,
                },
                parent: record.parent,
                class: deceased.class,
                own: self.usage(record, deceased.class),
                io: Some(record.io),
            });
            told.insert(record.pid, deceased);
        }
        exits.reverse();
        exits
    }

    /// Whether a record tells of this member. The time between exit and record is short.
    fn is(&self, member: &TrackedProcess, record: &ExitRecord) -> bool {
        let slack = u64::from(self.ticks_per_second.as_u32());
        member.key.start_time.abs_diff(self.ticks(record.started)) <= slack
    }

    /// Class and start of a process that no scan has seen.
    fn place(
        &self,
        record: &ExitRecord,
        table: &ProcessTable,
        told: &HashMap<Pid, ExitedProcess>,
        rules: &Classifier,
        classes: &mut ClassTable,
    ) -> Option<ExitedProcess> {
        let unseen = record.drained_at.checked_sub(record.lived)? > self.scanned?;
        let parent = record.parent.filter(|_| unseen)?;
        let start_time = self.ticks(record.started);
        let living = table
            .by_pid(parent)
            .filter(|it| it.key.start_time <= start_time);
        if living.is_some_and(|it| it.kind == ProcessKind::KernelThread)
            && parent.as_u32() == KTHREADD
        {
            return Some(ExitedProcess {
                start_time,
                class: ClassTable::kernel(),
                inheritance: Inheritance::NONE,
            });
        }
        let (born_after, inherited) = match (living, told.get(&parent)) {
            (Some(it), _) => (it.key.start_time, &it.inheritance),
            (None, Some(it)) => (it.start_time, &it.inheritance),
            (None, None) => return None,
        };
        let classification = rules.classify(&Facts {
            comm: record.comm(),
            parent_comm: living.map(|it| it.image.comm.as_bytes()),
            ..Facts::default()
        });
        let placement = classes.place(&classification, inherited);
        Some(ExitedProcess {
            // Nobody is older than the parent, whatever the records waited.
            start_time: start_time.max(born_after),
            class: placement.class,
            inheritance: placement.inheritance,
        })
    }

    fn usage(&mut self, record: &ExitRecord, class: ClassId) -> Usage {
        let a_tick = 1_000_000_000 / u64::from(self.ticks_per_second.as_u32());
        let fraction = self.fractions.entry(class).or_default();
        let whole = |time: Duration, rest: &mut u64| {
            let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            let nanos = nanos.saturating_add(*rest);
            *rest = nanos % a_tick;
            nanos / a_tick
        };
        Usage {
            cpu: CpuTicks {
                user: whole(record.user, &mut fraction.user),
                system: whole(record.system, &mut fraction.system),
            },
            minor_faults: record.minor_faults,
            major_faults: record.major_faults,
        }
    }

    fn ticks(&self, since_boot: Duration) -> u64 {
        let per_second = u128::from(self.ticks_per_second.as_u32());
        u64::try_from(since_boot.as_nanos() * per_second / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;

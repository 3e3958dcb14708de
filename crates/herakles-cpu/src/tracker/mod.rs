//! Follows processes from scan to scan and credits what they use to classes.

mod reaping;
mod table;

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use herakles_stat::{IoBytes, Pid, ProcessKey, TicksPerSecond};

use crate::usage::{Used, zip_io};
use crate::{CpuReading, Exit, Usage, UsageSample};
use reaping::Reaping;
use table::{Record, Table};

/// The CPU time, page faults and storage bytes of every living process, and what each class of processes has
/// used since the exporter started.
///
/// A scan hands each process to [`observe`](Self::observe) (or [`idle`](Self::idle),
/// [`keep`](Self::keep)) and ends with [`finish`](Self::finish). `C` names a class, such as a
/// subgroup. See the [crate documentation](crate) for the rules of accounting.
///
/// Nothing is allocated for a process that is known already; a living process takes about 150
/// bytes ([`heap_bytes`](Self::heap_bytes)).
#[derive(Debug)]
pub struct CpuTracker<C> {
    ticks_per_second: TicksPerSecond,
    /// Processes that started before this tick contribute their growth only.
    counts_from: u64,
    generation: u32,
    living: Table<C>,
    reaping: Reaping,
    classes: Classes<C>,
}

/// What each class has used.
#[derive(Debug)]
struct Classes<C> {
    usage: HashMap<C, Usage>,
    /// Of those only of which storage has been seen.
    io: HashMap<C, IoBytes>,
}

impl<C: Eq + Hash> Classes<C> {
    fn credit(&mut self, class: C, growth: Usage) {
        let counters = self.usage.entry(class).or_default();
        *counters = counters.plus(growth);
    }

    fn credit_io(&mut self, class: C, growth: IoBytes) {
        let counters = self.io.entry(class).or_default();
        *counters = zip_io(*counters, growth, u64::saturating_add);
    }
}

impl<C: Copy + Eq + Hash> CpuTracker<C> {
    /// An empty tracker.
    ///
    /// `counts_from` is the exporter's own start in clock ticks after boot (its `starttime`): a
    /// process that is older contributes to the class counters only what it uses from its first
    /// sight on, a younger one everything.
    pub fn new(ticks_per_second: TicksPerSecond, counts_from: u64) -> Self {
        Self {
            ticks_per_second,
            counts_from,
            generation: 1,
            living: Table::new(),
            reaping: Reaping::default(),
            classes: Classes {
                usage: HashMap::new(),
                io: HashMap::new(),
            },
        }
    }

    /// Takes one good read of a process's `stat` and credits its growth to its class.
    ///
    /// The growth of what it reaped is credited by [`finish`](Self::finish), when it is known
    /// which processes have exited. A counter that fell is taken as unchanged. A known pid with
    /// another start time is a new process, and the old one has exited.
    pub fn observe(&mut self, seen: UsageSample<C>) -> CpuReading {
        match self.living.find(seen.key.pid) {
            Some((slot, known)) if self.is_same(&known, seen.key) => self.grow(slot, known, &seen),
            Some((_, other)) => {
                self.replaced(&other);
                self.first_sight(&seen)
            }
            None => self.first_sight(&seen),
        }
    }

    /// Takes it as known from elsewhere (taskstats) that a process has not run since its last
    /// good read: as if its `stat` had been read at `at` and found unchanged.
    ///
    /// `None` if the pid is not known or has never been read.
    pub fn idle(&mut self, pid: Pid, at: Instant) -> Option<CpuReading> {
        let generation = self.generation;
        let record = self.living.get_mut(pid)?;
        record.read_at?;
        record.read_at = Some(at);
        record.listed_in = generation;
        record.read = true;
        Some(CpuReading {
            total: record.own.cpu,
            usage: Some(0.0),
        })
    }

    /// Remembers a process that is still listed but whose `stat` could not be read this time:
    /// its next good read counts from the last one.
    ///
    /// Returns whether the pid is known.
    pub fn keep(&mut self, pid: Pid) -> bool {
        let generation = self.generation;
        match self.living.get_mut(pid) {
            Some(record) => {
                record.read &= record.listed_in == generation;
                record.listed_in = generation;
                true
            }
            None => false,
        }
    }

    /// Credits the end of a process to its own class, where taskstats tells of it. To be called
    /// before the [`finish`](Self::finish) of the first scan that may find the process gone.
    ///
    /// This is one more sight of the process: what is told is not credited again when it is
    /// observed as a zombie, or absorbed by whoever reaps it; what it used after that, or exits
    /// that nobody told of, are credited as ever. One that is older than the exporter and has
    /// never been observed contributes nothing.
    ///
    /// Who tells of the exit of a process that has never been observed must know that its parent
    /// has been, or tell of it too: else nobody can say whose account it went into, and it is
    /// counted there again.
    pub fn exit(&mut self, exit: Exit<C>) {
        let known = self.living.get(exit.key.pid).copied();
        let ended = match known.filter(|known| self.is_near(known.key, exit.key)) {
            Some(known) => {
                let growth = exit.own.beyond(known.own);
                self.classes.credit(known.class, growth);
                self.exit_io(&exit, known.class);
                Record {
                    parent: exit.parent,
                    own: known.own.plus(growth),
                    zombie: true,
                    ..known
                }
            }
            None => {
                if let Some(other) = known {
                    self.replaced(&other);
                }
                if exit.key.start_time >= self.counts_from {
                    self.classes.credit(exit.class, exit.own);
                }
                self.exit_io(&exit, exit.class);
                Record {
                    key: exit.key,
                    parent: exit.parent,
                    class: exit.class,
                    own: exit.own,
                    reaped: Usage::ZERO,
                    read_at: None,
                    listed_in: self.generation,
                    read: false,
                    zombie: true,
                }
            }
        };
        self.remember(ended);
        self.reaping.modes_may_differ();
    }

    /// Ends a scan: processes that were neither observed nor kept have exited, and what their
    /// parents absorbed is credited, less what was seen of the children while they lived.
    pub fn finish(&mut self) {
        let Self {
            living,
            reaping,
            classes,
            generation,
            ..
        } = self;
        living.evict(*generation, |gone, seen| reaping.exit(&gone, seen));
        reaping.settle(living, |class, Used { usage, io }| {
            classes.credit(class, usage);
            if io != IoBytes::ZERO {
                classes.credit_io(class, io);
            }
        });
        self.generation = self.generation.wrapping_add(1);
    }

    /// The counters of every class that has been observed, in no particular order. They only
    /// grow while the class is not [forgotten](Self::forget_class).
    pub fn classes(&self) -> impl Iterator<Item = (C, Usage)> {
        let classes = self.classes.usage.iter();
        classes.map(|(&class, &usage)| (class, usage))
    }

    /// The counters of one class; `None` if no member of it has been observed.
    pub fn class(&self, class: C) -> Option<Usage> {
        self.classes.usage.get(&class).copied()
    }

    /// What storage has read and written for one class; `None` if that has been seen of no member.
    /// It only grows while the class is not forgotten.
    pub fn class_io(&self, class: C) -> Option<IoBytes> {
        self.classes.io.get(&class).copied()
    }

    /// Drops the counters of a class; they start at 0 if a member is observed again.
    pub fn forget_class(&mut self, class: C) {
        self.classes.usage.remove(&class);
        self.classes.io.remove(&class);
    }

    /// The number of processes remembered as living.
    pub fn len(&self) -> usize {
        self.living.len()
    }

    /// Whether no process is remembered as living.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The heap memory of the records of living processes, in bytes, unused capacity included.
    pub fn heap_bytes(&self) -> usize {
        self.living.heap_bytes()
    }

    fn first_sight(&mut self, seen: &UsageSample<C>) -> CpuReading {
        self.remember(Record {
            key: seen.key,
            parent: seen.parent,
            class: seen.class,
            own: seen.own,
            reaped: seen.reaped,
            read_at: Some(seen.at),
            listed_in: self.generation,
            read: true,
            zombie: seen.zombie,
        });
        let (own, reaped) = if seen.key.start_time >= self.counts_from {
            (seen.own, seen.reaped)
        } else {
            (Usage::ZERO, Usage::ZERO)
        };
        self.classes.credit(seen.class, own);
        self.absorb(seen, reaped);
        CpuReading {
            total: seen.own.cpu,
            usage: None,
        }
    }

    fn grow(&mut self, slot: usize, known: Record<C>, seen: &UsageSample<C>) -> CpuReading {
        let growth = seen.own.beyond(known.own);
        let own = known.own.plus(growth);
        self.classes.credit(seen.class, growth);
        self.absorb(seen, seen.reaped.minus(known.reaped));
        let grown = Record {
            key: seen.key,
            parent: seen.parent,
            class: seen.class,
            own,
            reaped: seen.reaped.at_least(known.reaped),
            read_at: Some(seen.at),
            listed_in: self.generation,
            read: true,
            zombie: seen.zombie,
        };
        self.living.replace(slot, grown);
        let interval = known
            .read_at
            .map(|last| seen.at.saturating_duration_since(last));
        let usage = interval
            .filter(|interval| *interval > Duration::ZERO)
            .map(|interval| {
                self.ticks_per_second.seconds(growth.cpu.total()) / interval.as_secs_f64()
            });
        CpuReading {
            total: own.cpu,
            usage,
        }
    }

    /// Notes what a process `reaped` since its last read, and credits what its storage did for
    /// itself. One counter has both; but who reaped nobody absorbed nothing, as nobody lives
    /// without a page fault.
    fn absorb(&mut self, seen: &UsageSample<C>, reaped: Usage) {
        let mut absorbed = Used {
            usage: reaped,
            io: IoBytes::ZERO,
        };
        if let Some(io) = seen.io {
            let growth = self.io_growth(seen.key, io);
            if reaped.is_zero() {
                self.classes.credit_io(seen.class, growth);
            } else {
                self.classes.credit_io(seen.class, IoBytes::ZERO);
                absorbed.io = growth;
            }
        }
        self.reaping.absorb(seen.key.pid, absorbed);
    }

    /// Takes what storage did for a process to its end.
    fn exit_io(&mut self, exit: &Exit<C>, class: C) {
        if let Some(io) = exit.io {
            let growth = self.io_growth(exit.key, io);
            self.classes.credit_io(class, growth);
        }
    }

    /// By how much that has grown since it was last seen. One that is older than the exporter
    /// counts from its first sight.
    fn io_growth(&mut self, key: ProcessKey, io: IoBytes) -> IoBytes {
        let known = self.living.io(key.pid);
        self.living.see_io(key.pid, io);
        match known {
            Some(known) => zip_io(io, known, u64::saturating_sub),
            None if key.start_time >= self.counts_from => io,
            None => IoBytes::ZERO,
        }
    }

    /// Notes that a process is gone whose pid another one has.
    fn replaced(&mut self, other: &Record<C>) {
        self.reaping.exit(other, self.living.seen(other));
        self.living.forget_io(other.key.pid);
    }

    fn remember(&mut self, record: Record<C>) {
        match self.living.get_mut(record.key.pid) {
            Some(known) => *known = record,
            None => self.living.insert(record),
        }
    }

    /// Whether an observed key is that of a record. The start time of a record that only an exit
    /// has told of is not exact.
    fn is_same(&self, known: &Record<C>, key: ProcessKey) -> bool {
        match known.read_at {
            Some(_) => known.key == key,
            None => self.is_near(known.key, key),
        }
    }

    fn is_near(&self, one: ProcessKey, other: ProcessKey) -> bool {
        one.pid == other.pid
            && one.start_time.abs_diff(other.start_time)
                <= u64::from(self.ticks_per_second.as_u32())
    }
}

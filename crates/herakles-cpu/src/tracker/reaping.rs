//! Who pays for what: the time of exited processes, against what living ones absorbed.

mod turn;

use std::collections::HashMap;
use std::time::Instant;

use herakles_stat::{Pid, ProcessKey};

use super::table::{Record, Table};
use crate::usage::Used;
use turn::{Ancestor, Ancestors, Turn};

/// A debt is tried against this many reads of the process that should have absorbed it: that of
/// the scan that missed the exited process, which may have come too early, and the next.
const TRIES: u8 = 2;

/// A debt is written off after this many scans although nobody could be read to pay it.
const MAX_SCANS: u8 = 16;

/// How far up the process tree an ancestor is looked for before init is taken. It bounds the work
/// that a very deep tree makes, or a forged one with a cycle.
const MAX_DEPTH: usize = 64;

/// The init process, which adopts orphans that no subreaper takes.
const INIT: Option<Pid> = Pid::new(1);

/// What living processes absorbed from their children, and the debts of those that exited.
#[derive(Debug, Default)]
pub(super) struct Reaping {
    absorbed: HashMap<Pid, Absorbed>,
    exited: Vec<Exited>,
    /// What was seen of a process as user time may have been absorbed as system time.
    modes_differ: bool,
}

/// What a living process has absorbed and no class has been credited with yet.
#[derive(Clone, Copy, Debug, Default)]
struct Absorbed {
    /// Since its previous read.
    fresh: Used,
    /// Before that: kept back because it may have come from a process last seen alive.
    held: Used,
    /// What was seen of the processes that may be part of `fresh` and yet be counted as living.
    suspect: Used,
}

/// A process that is gone. Without a debt it is still a link from its children to its parent.
#[derive(Clone, Copy, Debug)]
struct Exited {
    key: ProcessKey,
    parent: Option<Pid>,
    /// How much of what was seen of it no living process is known to have absorbed.
    debt: Used,
    /// Its parent has exited too, so that it is not certain who reaped it.
    orphan: bool,
    tries: u8,
    scans: u8,
    /// A living process was last seen as its descendant.
    needed: bool,
    /// It has had its try in this scan.
    settled: bool,
}

impl Reaping {
    /// Notes that there are debts from records of exits, whose division into user and system is an
    /// estimate: from now on one pays for the other.
    pub(super) fn modes_may_differ(&mut self) {
        self.modes_differ = true;
    }

    /// Notes what a process absorbed since its previous read.
    pub(super) fn absorb(&mut self, pid: Pid, growth: Used) {
        if !growth.is_zero() {
            let absorbed = self.absorbed.entry(pid).or_default();
            absorbed.fresh = absorbed.fresh.plus(growth);
        }
    }

    /// Notes that a process is gone. Whoever reaps it absorbs what was `seen` of it once more,
    /// except for what it had absorbed itself without anybody being credited.
    pub(super) fn exit<C>(&mut self, gone: &Record<C>, seen: Used) {
        let uncredited = self.absorbed.remove(&gone.key.pid).unwrap_or_default();
        self.exited.push(Exited {
            key: gone.key,
            parent: gone.parent,
            debt: seen.minus(uncredited.held.plus(uncredited.fresh)),
            orphan: false,
            tries: 0,
            scans: 0,
            needed: false,
            settled: false,
        });
    }

    /// Ends a scan: subtracts the debts from what was absorbed, and credits the rest to the
    /// class of the process that absorbed it.
    pub(super) fn settle<C: Copy>(&mut self, living: &Table<C>, mut credit: impl FnMut(C, Used)) {
        self.exited.sort_unstable_by_key(|exited| exited.key);
        for exited in &mut self.exited {
            exited.scans = exited.scans.saturating_add(1);
            exited.settled = false;
        }
        self.suspect_living(living);
        // Those that one process only can have absorbed come first, as others may have gone
        // elsewhere; and among equals old debts, as new ones have another try.
        for turn in [Turn::Old, Turn::New] {
            self.pay_parents(living, turn);
            self.pay_ancestors(living, turn, Ancestors::One);
        }
        for turn in [Turn::Old, Turn::New] {
            self.pay_ancestors(living, turn, Ancestors::Any);
        }
        self.suspect_exited(living);
        self.forget(living);
        let minus = self.minus();
        self.absorbed.retain(|&pid, absorbed| {
            let Some(record) = living.get(pid) else {
                return false;
            };
            let certain = minus(absorbed.fresh, absorbed.suspect);
            credit(record.class, absorbed.held.plus(certain));
            let held = absorbed.fresh.minus(certain);
            *absorbed = Absorbed {
                held,
                ..Absorbed::default()
            };
            !held.is_zero()
        });
    }

    /// A child of a living process was reaped by it or by nobody.
    fn pay_parents<C: Copy>(&mut self, living: &Table<C>, turn: Turn) {
        for index in 0..self.exited.len() {
            let Some(mut child) = self.exited.get(index).copied() else {
                continue;
            };
            if !turn.includes(&child) {
                continue;
            }
            match self.ancestor(living, child.parent, child.key) {
                Some(Ancestor::Living(parent)) if !child.orphan && !parent.zombie => {
                    child.debt = self.pay(parent.key.pid, child.debt);
                    child.tries = child.tries.saturating_add(parent.read.into());
                }
                _ if !child.orphan => (child.orphan, child.tries) = (true, 0),
                _ => {}
            }
            self.replace(index, child);
        }
    }

    /// A child of an exited process was reaped by that one before, and so went into the nearest
    /// living ancestor, or later by a subreaper further up or by init.
    fn pay_ancestors<C: Copy>(&mut self, living: &Table<C>, turn: Turn, ancestors: Ancestors) {
        for index in 0..self.exited.len() {
            let Some(mut orphan) = self.exited.get(index).copied() else {
                continue;
            };
            if !orphan.orphan || orphan.settled || !turn.includes(&orphan) {
                continue;
            }
            if ancestors == Ancestors::One {
                let mut count = 0;
                self.climb(living, orphan.parent, orphan.key, |_, _| count += 1);
                if count > 1 {
                    continue;
                }
            }
            orphan.settled = true;
            let last_try = orphan.tries.saturating_add(1) >= TRIES;
            let mut nearest = None;
            let mut debt = orphan.debt;
            self.climb(living, orphan.parent, orphan.key, |reaping, ancestor| {
                nearest = nearest.or(Some((ancestor.key.pid, ancestor.read)));
                debt = reaping.pay_unsuspected(ancestor.key.pid, debt);
            });
            // What may be somebody else's is taken only when nobody has anything else.
            if last_try {
                self.climb(living, orphan.parent, orphan.key, |reaping, ancestor| {
                    debt = reaping.pay(ancestor.key.pid, debt);
                });
            }
            orphan.debt = debt;
            match nearest {
                // The links in between may be forgotten before the debt is.
                Some((pid, read)) => {
                    if orphan.parent.replace(pid) != Some(pid) {
                        orphan.tries = 0;
                    }
                    orphan.tries = orphan.tries.saturating_add(read.into());
                }
                None => orphan.tries = TRIES,
            }
            self.replace(index, orphan);
        }
    }

    /// Finds for each process that absorbed something how much of that may stem from processes
    /// that this scan saw alive before, and that have exited since; the next scan will tell.
    ///
    /// A process can have gone into its parent only if it was read before the parent, and into
    /// another ancestor only if its parent, too, was read before that one. In a scan that reads
    /// parents first this finds nothing.
    fn suspect_living<C: Copy>(&mut self, living: &Table<C>) {
        let last_read = |(pid, absorbed): (&Pid, &Absorbed)| {
            if absorbed.fresh.is_zero() {
                None
            } else {
                living.get(*pid)?.read_at
            }
        };
        let Some(last) = self.absorbed.iter().filter_map(last_read).max() else {
            return;
        };
        for record in living.iter().filter(|record| record.read_at <= Some(last)) {
            self.suspect_of(
                living,
                record.parent,
                record.key,
                record.read_at,
                living.seen(record),
            );
        }
    }

    /// Does the same for what may stem from processes that are known to be gone: their parent may
    /// have exited after its last read, before them.
    fn suspect_exited<C: Copy>(&mut self, living: &Table<C>) {
        for index in 0..self.exited.len() {
            let Some(Exited {
                key, parent, debt, ..
            }) = self.exited.get(index).copied()
            else {
                continue;
            };
            self.suspect_of(living, parent, key, None, debt);
        }
    }

    /// Forgets exited processes that neither owe anything to anybody nor link a living process,
    /// which has not been read since it was orphaned, to those that may have adopted it.
    fn forget<C: Copy>(&mut self, living: &Table<C>) {
        for orphan in living.iter() {
            let (mut parent, mut key) = (orphan.parent, orphan.key);
            while let Some(Ancestor::Exited(index, exited)) = self.ancestor(living, parent, key) {
                if exited.needed {
                    break;
                }
                self.replace(
                    index,
                    Exited {
                        needed: true,
                        ..exited
                    },
                );
                (parent, key) = (exited.parent, exited.key);
            }
        }
        self.exited.retain_mut(|exited| {
            let owing = exited.tries < TRIES && exited.scans < MAX_SCANS;
            if !owing {
                exited.debt = Used::ZERO;
            }
            std::mem::take(&mut exited.needed) || owing
        });
    }

    /// Adds what was `seen` of a process, last read at `read_at`, to the suspects of those that it
    /// may have gone into.
    fn suspect_of<C: Copy>(
        &mut self,
        living: &Table<C>,
        parent: Option<Pid>,
        key: ProcessKey,
        read_at: Option<Instant>,
        seen: Used,
    ) {
        let mut gone_after = read_at;
        self.climb(living, parent, key, |reaping, ancestor| {
            if gone_after <= ancestor.read_at
                && let Some(absorbed) = reaping.absorbed.get_mut(&ancestor.key.pid)
            {
                absorbed.suspect = absorbed.suspect.plus(seen);
            }
            // Only a process whose parent has exited goes into another. A zombie, whenever it
            // was read, had done so before.
            if Some(ancestor.key.pid) == parent && !ancestor.zombie {
                gone_after = gone_after.max(ancestor.read_at);
            }
        });
    }

    /// Subtracts a debt from what `pid` absorbed, and returns the rest of the debt.
    fn pay(&mut self, pid: Pid, debt: Used) -> Used {
        let minus = self.minus();
        let Some(absorbed) = self.absorbed.get_mut(&pid) else {
            return debt;
        };
        let unpaid = minus(debt, absorbed.held);
        absorbed.held = minus(absorbed.held, debt);
        let rest = minus(unpaid, absorbed.fresh);
        absorbed.fresh = minus(absorbed.fresh, unpaid);
        rest
    }

    /// The same, without what will be held back for others.
    fn pay_unsuspected(&mut self, pid: Pid, debt: Used) -> Used {
        let minus = self.minus();
        let Some(absorbed) = self.absorbed.get(&pid) else {
            return debt;
        };
        let available = absorbed.held.plus(minus(absorbed.fresh, absorbed.suspect));
        let unpaid = minus(debt, available);
        self.pay(pid, debt.minus(unpaid));
        unpaid
    }

    fn minus(&self) -> fn(Used, Used) -> Used {
        if self.modes_differ {
            Used::beyond
        } else {
            Used::minus
        }
    }

    fn replace(&mut self, index: usize, exited: Exited) {
        if let Some(place) = self.exited.get_mut(index) {
            *place = exited;
        }
    }

    /// Visits the living ancestors, the nearest first and init in any case.
    fn climb<C: Copy>(
        &mut self,
        living: &Table<C>,
        parent: Option<Pid>,
        child: ProcessKey,
        mut visit: impl FnMut(&mut Self, &Record<C>),
    ) {
        let (mut parent, mut key) = (parent, child);
        for _ in 0..MAX_DEPTH {
            let Some(ancestor) = self.ancestor(living, parent, key) else {
                break;
            };
            (parent, key) = ancestor.up();
            if let Ancestor::Living(record) = ancestor {
                visit(self, &record);
                if Some(key.pid) == INIT {
                    return;
                }
            }
        }
        if let Some(init) = INIT.and_then(|pid| living.get(pid)).copied()
            && init.key != child
        {
            visit(self, &init);
        }
    }

    /// The process that `parent`, as seen by `child`, stands for.
    ///
    /// A pid may have been reused since. A parent, also an adoptive one, is never younger than
    /// its child, which tells the two apart.
    fn ancestor<C: Copy>(
        &self,
        living: &Table<C>,
        parent: Option<Pid>,
        child: ProcessKey,
    ) -> Option<Ancestor<C>> {
        let pid = parent?;
        if let Some(&record) = living.get(pid)
            && record.key.start_time <= child.start_time
        {
            return Some(Ancestor::Living(record));
        }
        let newest = ProcessKey {
            pid,
            start_time: child.start_time,
        };
        let index = self
            .exited
            .partition_point(|exited| exited.key <= newest)
            .checked_sub(1)?;
        let exited = self.exited.get(index)?;
        (exited.key.pid == pid).then_some(Ancestor::Exited(index, *exited))
    }
}

//! Processes that share copy-on-write memory, at every interleaving of what they do with what is
//! read: what is shown of each comes to be what is true.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use herakles_plan::{Fingerprint, Moment, Observation, PlanLimits, Planner, Resident};
use herakles_smaps::MemoryUsage;
use herakles_stat::Pid;
use proptest::prelude::*;

use crate::host::{GAP, MIB, key, patient, ratio};

/// The parts of a process's memory that are written to one at a time.
const BLOCKS: usize = 3;
const BLOCK_BYTES: u64 = 24 * MIB;

#[derive(Clone, Copy, Debug)]
struct Member {
    parent: u32,
    program: u64,
    image: u64,
    faults: u64,
    /// Who holds the same number in the same place shares that block.
    blocks: [u64; BLOCKS],
}

/// What one of the processes does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Fork,
    /// Forks twice, so that the second child is adopted, and calls that otherwise.
    Daemon,
    Write(usize),
    Exec,
    Rename(u64),
    Exit,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Fork),
        1 => Just(Act::Daemon),
        4 => (0..BLOCKS).prop_map(Act::Write),
        1 => Just(Act::Exec),
        1 => (0..3u64).prop_map(Act::Rename),
        3 => Just(Act::Exit),
    ]
}

/// Acts before a refresh and after each of its steps, each of somebody among those that live.
#[derive(Clone, Debug)]
struct Turn {
    before: Vec<(usize, Act)>,
    within: Vec<Vec<(usize, Act)>>,
    /// Not while too many readers are stuck.
    plans: bool,
}

fn turn() -> impl Strategy<Value = Turn> {
    let acts = |most| prop::collection::vec((0..100usize, act()), 0..most);
    let within = prop::collection::vec(acts(2), 0..12);
    (acts(4), within, prop::bool::weighted(0.8)).prop_map(|(before, within, plans)| Turn {
        before,
        within,
        plans,
    })
}

struct Family {
    planner: Planner,
    now: Instant,
    living: BTreeMap<u32, Member>,
    /// By the last refresh.
    listed: Vec<(u32, u64, u64)>,
    /// Whether nobody has come, left or become another since.
    is_quiet: bool,
    last_pid: u32,
    last_number: u64,
}

impl Family {
    fn new() -> Self {
        let now = Instant::now();
        let limits = PlanLimits {
            hold_ratio: ratio(1e9),
            cpu_budget: None,
            ..patient()
        };
        let mut family = Self {
            planner: Planner::new(limits, now),
            now,
            living: BTreeMap::new(),
            listed: Vec::new(),
            is_quiet: false,
            last_pid: 10,
            last_number: 0,
        };
        let blocks = [(); BLOCKS].map(|()| family.number());
        let first = Member {
            parent: 1,
            program: 0,
            image: family.number(),
            faults: 0,
            blocks,
        };
        family.living.insert(10, first);
        family
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn act(&mut self, who: usize, act: Act) {
        let Some(&pid) = self.living.keys().nth(who % self.living.len().max(1)) else {
            return;
        };
        let numbers = [(); BLOCKS].map(|()| self.number());
        let image = self.number();
        let Some(member) = self.living.get_mut(&pid) else {
            return;
        };
        member.faults += 1;
        self.is_quiet &= !matches!(act, Act::Exec | Act::Rename(_));
        match act {
            Act::Write(block) => member.blocks[block] = numbers[block],
            Act::Rename(program) => member.program = program,
            Act::Exec => (member.image, member.blocks) = (image, numbers),
            Act::Fork | Act::Daemon => {
                let mut child = *member;
                child.parent = pid;
                if let Act::Daemon = act {
                    (child.parent, child.program) = (1, image);
                }
                self.last_pid += 1;
                if self.living.len() < 8 {
                    self.living.insert(self.last_pid, child);
                }
            }
            Act::Exit => {
                self.living.remove(&pid);
                for orphan in self.living.values_mut().filter(|it| it.parent == pid) {
                    orphan.parent = 1;
                }
            }
        }
    }

    fn usage(&self, pid: u32) -> Option<MemoryUsage> {
        let member = self.living.get(&pid)?;
        let mut usage = MemoryUsage::default();
        for (place, number) in member.blocks.iter().enumerate() {
            let others = self.living.values();
            let sharers = others.filter(|it| it.blocks[place] == *number).count() as u64;
            usage.rss_bytes += BLOCK_BYTES;
            usage.pss_bytes += BLOCK_BYTES / sharers;
            if sharers > 1 {
                usage.shared_dirty_bytes += BLOCK_BYTES;
            } else {
                usage.private_dirty_bytes += BLOCK_BYTES;
            }
        }
        Some(usage)
    }

    fn observe(&mut self, pid: u32) {
        let Some(member) = self.living.get(&pid) else {
            return;
        };
        let seen = Observation {
            key: key(pid),
            parent: Pid::new(member.parent),
            program: member.program,
            image: member.image,
            fingerprint: Fingerprint {
                minor_faults: member.faults,
                resident: Resident {
                    all_bytes: BLOCK_BYTES * BLOCKS as u64,
                    shared_bytes: 0,
                },
                ..Fingerprint::default()
            },
        };
        self.planner.observe(&seen, self.now);
    }

    /// A refresh; returns how many were read.
    fn refresh(&mut self, within: &[Vec<(usize, Act)>], plans: bool) -> usize {
        let listed: Vec<u32> = self.living.keys().copied().collect();
        let state = self.living.iter();
        let state: Vec<_> = state
            .map(|(pid, it)| (*pid, it.program, it.image))
            .collect();
        self.is_quiet = self.listed == state;
        self.listed = state;
        let mut steps = within.iter();
        let mut step = |family: &mut Self| {
            family.now += Duration::from_millis(1);
            for &(who, act) in steps.next().into_iter().flatten() {
                // One that comes after all have been listed, and has left before they are again, is
                // found out only if nobody else has come or left.
                if family.is_quiet || !matches!(act, Act::Fork | Act::Daemon) {
                    family.act(who, act);
                }
            }
        };
        for pid in listed {
            self.observe(pid);
            step(self);
        }
        let moment = Moment {
            now: self.now,
            next: self.now + GAP,
            ksm_pages: None,
        };
        let mut reads = Vec::new();
        let mut count = 0;
        loop {
            if plans {
                self.planner.plan(&moment, &mut reads);
            }
            if reads.is_empty() {
                break;
            }
            for read in &reads {
                step(self);
                let took = Duration::from_micros(100);
                match self.usage(read.key.pid.as_u32()) {
                    Some(usage) => self.planner.record(read.key, &usage, self.now, took),
                    None => self.planner.failed(read.key, self.now, took),
                }
            }
            count += reads.len();
        }
        self.planner.finish();
        self.now += GAP;
        count
    }
}

proptest! {
    #[test]
    fn two_refreshes_after_all_have_fallen_asleep_each_sample_is_true(
        turns in prop::collection::vec(turn(), 1..8),
    ) {
        let mut family = Family::new();
        for turn in &turns {
            for &(who, act) in &turn.before {
                family.act(who, act);
            }
            family.refresh(&turn.within, turn.plans);
        }
        for _ in 0..2 {
            family.refresh(&[], true);
        }
        for &pid in family.living.keys() {
            let shown = family.planner.sample(key(pid)).map(|it| it.usage);
            prop_assert_eq!(shown, family.usage(pid), "{}", pid);
        }
        prop_assert_eq!(family.refresh(&[], true), 0, "nothing is left to read");
    }
}

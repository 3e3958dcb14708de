//! A kernel as far as accounting goes: who is whose parent, who absorbs whom.

use std::collections::BTreeMap;

use herakles_cpu::Usage;
use herakles_stat::{CpuTicks, Pid, ProcessKey};

pub(crate) const INIT: u32 = 1;
/// Small, so that pids are reused all the time.
const PID_MAX: u32 = 30;

#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) key: ProcessKey,
    pub(crate) parent: u32,
    pub(crate) own: Usage,
    pub(crate) reaped: Usage,
    pub(crate) class: u8,
    pub(crate) zombie: bool,
    ignores_children: bool,
    adopts_orphans: bool,
}

/// What the record of an exit says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Telling {
    /// It was lost.
    Nothing,
    Plainly,
    /// It divides the time into modes otherwise than the kernel does later.
    AllInUserMode,
}

/// The last word on a task that has exited.
pub(crate) struct Death {
    pub(crate) key: ProcessKey,
    pub(crate) parent: ProcessKey,
    pub(crate) class: u8,
    pub(crate) own: Usage,
    /// What a record says that it used, if there is one.
    pub(crate) told: Option<Usage>,
}

pub(crate) struct Kernel {
    pub(crate) tasks: BTreeMap<u32, Task>,
    pub(crate) deaths: Vec<Death>,
    /// What all tasks together have used, ever.
    pub(crate) worked: Usage,
    /// How much of that the kernel has thrown away with children nobody waited for.
    pub(crate) lost: Usage,
    pub(crate) ticks: u64,
    last_pid: u32,
}

pub(crate) fn pid(id: u32) -> Pid {
    Pid::new(id).expect("a pid")
}

pub(crate) fn used(user: u64, system: u64, minor_faults: u64, major_faults: u64) -> Usage {
    Usage {
        cpu: CpuTicks { user, system },
        minor_faults,
        major_faults,
    }
}

pub(crate) fn sum(one: Usage, other: Usage) -> Usage {
    used(
        one.cpu.user + other.cpu.user,
        one.cpu.system + other.cpu.system,
        one.minor_faults + other.minor_faults,
        one.major_faults + other.major_faults,
    )
}

/// Whether no counter of `one` exceeds that of `other`.
pub(crate) fn within(one: Usage, other: Usage) -> bool {
    one.cpu.user <= other.cpu.user
        && one.cpu.system <= other.cpu.system
        && one.minor_faults <= other.minor_faults
        && one.major_faults <= other.major_faults
}

impl Kernel {
    pub(crate) fn boot() -> Self {
        let init = Task {
            key: ProcessKey {
                pid: pid(INIT),
                start_time: 1,
            },
            parent: 0,
            own: Usage::ZERO,
            reaped: Usage::ZERO,
            class: 0,
            zombie: false,
            ignores_children: false,
            adopts_orphans: true,
        };
        Self {
            tasks: BTreeMap::from([(INIT, init)]),
            deaths: Vec::new(),
            worked: Usage::ZERO,
            lost: Usage::ZERO,
            ticks: 1,
            last_pid: INIT,
        }
    }

    /// A running task, chosen by any number.
    pub(crate) fn any(&self, choice: u16) -> u32 {
        let running: Vec<u32> = self
            .tasks
            .iter()
            .filter(|(_, task)| !task.zombie)
            .map(|(&pid, _)| pid)
            .collect();
        running[usize::from(choice) % running.len()]
    }

    pub(crate) fn fork(&mut self, parent: u32, class: u8) {
        let next = |pid: u32| if pid >= PID_MAX { INIT + 1 } else { pid + 1 };
        let mut child = next(self.last_pid);
        while self.tasks.contains_key(&child) {
            if child == self.last_pid {
                return; // EAGAIN
            }
            child = next(child);
        }
        self.last_pid = child;
        let inherited = self.tasks[&parent].ignores_children;
        let task = Task {
            key: ProcessKey {
                pid: pid(child),
                start_time: self.ticks,
            },
            parent,
            own: Usage::ZERO,
            reaped: Usage::ZERO,
            class,
            zombie: false,
            ignores_children: inherited,
            adopts_orphans: false,
        };
        self.tasks.insert(child, task);
    }

    pub(crate) fn run(&mut self, pid: u32, usage: Usage) {
        let task = self.task(pid);
        task.own = sum(task.own, usage);
        self.worked = sum(self.worked, usage);
    }

    pub(crate) fn ignore_children(&mut self, pid: u32, ignores: bool) {
        self.task(pid).ignores_children = ignores;
    }

    pub(crate) fn adopt_orphans(&mut self, pid: u32) {
        self.task(pid).adopts_orphans = true;
    }

    pub(crate) fn reclassify(&mut self, pid: u32, class: u8) {
        self.task(pid).class = class;
    }

    /// Ends a task, which uses `tail` on its way.
    pub(crate) fn exit(&mut self, pid: u32, tail: Usage, telling: Telling) {
        let Task {
            own: told,
            parent,
            adopts_orphans,
            ..
        } = self.tasks[&pid];
        if adopts_orphans {
            return;
        }
        self.run(pid, tail);
        let parent_key = self.tasks[&parent].key;
        let task = self.task(pid);
        task.zombie = true;
        let death = Death {
            key: task.key,
            parent: parent_key,
            class: task.class,
            own: task.own,
            told: match telling {
                Telling::Nothing => None,
                Telling::Plainly => Some(told),
                Telling::AllInUserMode => Some(Usage {
                    cpu: CpuTicks {
                        user: told.cpu.total(),
                        system: 0,
                    },
                    ..told
                }),
            },
        };
        self.deaths.push(death);

        let reaper = self.reaper(parent);
        let orphans: Vec<u32> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.parent == pid)
            .map(|(&pid, _)| pid)
            .collect();
        for orphan in orphans {
            self.task(orphan).parent = reaper;
            if self.tasks[&orphan].zombie && self.tasks[&reaper].ignores_children {
                self.discard(orphan);
            }
        }
        if self.tasks[&parent].ignores_children {
            self.discard(pid);
        }
    }

    /// `wait` until there is nothing to wait for.
    pub(crate) fn wait(&mut self, parent: u32) {
        let zombies: Vec<u32> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.parent == parent && task.zombie)
            .map(|(&pid, _)| pid)
            .collect();
        for zombie in zombies {
            if let Some(child) = self.tasks.remove(&zombie) {
                let task = self.task(parent);
                task.reaped = sum(task.reaped, sum(child.own, child.reaped));
            }
        }
    }

    /// The distance to init.
    pub(crate) fn depth(&self, pid: u32) -> usize {
        match self.tasks.get(&pid) {
            Some(task) if task.parent != 0 => 1 + self.depth(task.parent),
            _ => 0,
        }
    }

    /// The nearest running subreaper from `pid` upwards, or init.
    fn reaper(&self, mut pid: u32) -> u32 {
        loop {
            let task = &self.tasks[&pid];
            if task.adopts_orphans && !task.zombie {
                return pid;
            }
            pid = task.parent;
        }
    }

    fn discard(&mut self, pid: u32) {
        if let Some(task) = self.tasks.remove(&pid) {
            self.lost = sum(self.lost, sum(task.own, task.reaped));
        }
    }

    fn task(&mut self, pid: u32) -> &mut Task {
        self.tasks.get_mut(&pid).expect("a task")
    }
}

//! Any history of births, deaths, execs and errors, against a model that knows the truth.

use std::collections::{BTreeMap, HashMap};

use herakles_classify::Class;
use herakles_scan::testing::{MemProcess, Mishap};
use herakles_scan::{ProcFile, ProcSource};
use proptest::prelude::*;

use super::*;

const MODES: [&[Setting]; 5] = [
    &[Setting::Exact],
    &[Setting::Exact, Setting::MaxProcesses(4)],
    &[Setting::Adaptive],
    &[Setting::Adaptive, Setting::MaxProcesses(4)],
    &[Setting::Rss],
];

const NAMES: [&[u8]; 6] = [b"named-x", b"boxed-x", b"x", b"", b"a\xff", b"a\xfe"];

/// What may happen between two scans to the process with a pid.
#[derive(Clone, Debug)]
enum Event {
    Birth {
        young: bool,
        name: usize,
        parent: u32,
    },
    Death,
    Exec {
        name: usize,
    },
    Work {
        ticks: u64,
    },
    Resize {
        rss_kib: u64,
    },
    Zombie,
    /// From now on this goes wrong with a file, or with opening the process.
    Mishap {
        file: Option<ProcFile>,
        mishap: Mishap,
    },
    /// It goes wrong no more.
    Heal,
}

fn event() -> impl Strategy<Value = Event> {
    let file = prop::sample::select(ProcFile::ALL.to_vec());
    let name = 0..NAMES.len();
    // ESRCH of stat and statm says that the process is gone, which a living one never says.
    let errno = prop::sample::select(vec![1, 4, 5, 12, 13, 24]).prop_map(Mishap::Errno);
    let mishap = prop_oneof![
        4 => errno,
        1 => (0..400_usize).prop_map(Mishap::Cut),
        1 => Just(Mishap::Death),
    ];
    prop_oneof![
        6 => (any::<bool>(), name.clone(), 0..13_u32)
            .prop_map(|(young, name, parent)| Event::Birth { young, name, parent }),
        2 => Just(Event::Death),
        2 => name.prop_map(|name| Event::Exec { name }),
        6 => (0..1000_u64).prop_map(|ticks| Event::Work { ticks }),
        4 => (4..100_000_u64).prop_map(|rss_kib| Event::Resize { rss_kib: rss_kib * 4 }),
        1 => Just(Event::Zombie),
        3 => (prop::option::weighted(0.9, file), mishap)
            .prop_map(|(file, mishap)| Event::Mishap { file, mishap }),
        1 => Just(Event::Mishap { file: Some(ProcFile::SmapsRollup), mishap: Mishap::Errno(3) }),
        3 => Just(Event::Heal),
    ]
}

/// What is true of a process.
#[derive(Debug)]
struct Life {
    ticks: u64,
    /// It used these before it counted.
    uncounted: u64,
    rss_kib: u64,
    zombie: bool,
    faulty: bool,
}

struct Model {
    proc: MemProc,
    living: BTreeMap<u32, Life>,
    /// What those that are gone have used.
    past_ticks: u64,
    /// Counts births and execs, none of which looks like another.
    moment: u64,
}

impl Model {
    fn happen(&mut self, pid: u32, event: &Event) {
        self.moment += 1;
        let Some(life) = self.living.get_mut(&pid) else {
            if let Event::Birth {
                young,
                name,
                parent,
            } = event
            {
                self.bear(pid, *young, *name, *parent);
            }
            return;
        };
        let it = self.proc.process(pid);
        match event {
            Event::Birth { .. } => {}
            Event::Death => self.proc.remove(pid),
            Event::Zombie => {
                life.zombie = true;
                drop(it.zombie().stat(|it| it.start_stack = 0));
            }
            Event::Mishap { file, mishap } => {
                life.faulty = true;
                drop(match file {
                    Some(file) => it.fail(*file, mishap.clone()),
                    None => it.fail_opening(mishap.clone()),
                });
            }
            Event::Heal => {
                life.faulty = false;
                drop(moved(it.healthy()));
            }
            Event::Work { ticks } => {
                life.ticks += ticks;
                drop(it.stat(|it| it.user_ticks += ticks));
            }
            Event::Exec { .. } | Event::Resize { .. } if life.zombie => {}
            Event::Exec { name } => {
                let start_stack = self.moment * 0x1000;
                let it = it.stat(|it| it.start_stack = start_stack);
                drop(moved(it.name(NAMES[*name])));
            }
            Event::Resize { rss_kib } => {
                life.rss_kib = *rss_kib;
                drop(moved(memory(it, *rss_kib)));
            }
        }
    }

    fn bear(&mut self, pid: u32, young: bool, name: usize, parent: u32) {
        let start_time = if young {
            COUNTS_FROM + self.moment
        } else {
            self.moment
        };
        let start_stack = self.moment * 0x1000;
        let it = self.proc.process(pid).name(NAMES[name]).parent(parent);
        let it = it.stat(|it| (it.start_time, it.start_stack) = (start_time, start_stack));
        drop(memory(it.cpu(50, 0), 4096));
        let life = Life {
            ticks: 50,
            uncounted: if young { 0 } else { 50 },
            rss_kib: 4096,
            zombie: false,
            faulty: false,
        };
        self.living.insert(pid, life);
    }

    /// Buries those that have ended.
    fn sync(&mut self) {
        let mut listed = Vec::new();
        self.proc.pids(&mut listed).unwrap();
        let past = &mut self.past_ticks;
        self.living.retain(|pid, life| {
            let lives = listed.iter().any(|it| it.as_u32() == *pid);
            if !lives {
                *past += life.ticks - life.uncounted;
            }
            lives
        });
    }

    fn ticks(&self) -> u64 {
        let living = self.living.values().map(|it| it.ticks - it.uncounted);
        self.past_ticks + living.sum::<u64>()
    }
}

fn moved(it: MemProcess) -> MemProcess {
    it.stat(|it| it.minor_faults += 1)
}

fn memory(it: MemProcess, rss_kib: u64) -> MemProcess {
    it.memory_kib(rss_kib, rss_kib / 2, rss_kib / 4)
}

/// The counters of every subgroup.
type Counters = HashMap<Class, [f64; 4]>;

fn counters(view: &View) -> Counters {
    let of = |it: &Subgroup| {
        let (user, system) = (it.cpu_user_seconds, it.cpu_system_seconds);
        let faults = [it.minor_faults as f64, it.major_faults as f64];
        [user.unwrap(), system.unwrap(), faults[0], faults[1]]
    };
    let subgroups = view.snapshot.subgroups().iter();
    subgroups.map(|it| (it.class.clone(), of(it))).collect()
}

fn check(
    view: &View,
    listed: &BTreeMap<u32, Life>,
    settings: &[Setting],
) -> Result<(), TestCaseError> {
    let has_pss = settings != MODES[4];
    for process in view.snapshot.processes() {
        let pid = process.key.pid.as_u32();
        prop_assert!(listed.contains_key(&pid), "{pid} is not there");
        prop_assert!(process.memory.pss_bytes.is_none() || process.memory.rss_bytes.is_some());
        prop_assert!(process.memory.uss_bytes <= process.memory.pss_bytes);
        prop_assert!(process.memory.pss_bytes <= process.memory.rss_bytes);
        prop_assert!(process.cpu_usage_ratio.is_none_or(|it| it >= 0.0));
    }
    for (pid, life) in listed.iter().filter(|(_, life)| !life.faulty) {
        let Some(process) = view.find(*pid) else {
            return Err(TestCaseError::fail(format!("{pid} is not reported")));
        };
        prop_assert_eq!(process.cpu_seconds, Some(life.ticks as f64 / 100.0));
        let rss = life.rss_kib;
        if life.zombie {
            prop_assert_eq!(view.memory(*pid), [None; 3]);
        } else if has_pss && !process.over_limit {
            prop_assert_eq!(view.memory(*pid), kib(rss, rss / 2, rss / 4));
        } else {
            prop_assert_eq!(view.memory(*pid), [Some(rss), None, None]);
        }
    }
    prop_assert_eq!(view.counted(), view.pids().len() as u64 + view.unread);
    assert_series_are_unique(view);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_history_breaks_a_number(
        settings in prop::sample::select(MODES.to_vec()),
        scans in prop::collection::vec(prop::collection::vec((1..13_u32, event()), 0..10), 20),
    ) {
        let mut world = World::new(settings, |_| ());
        let mut model = Model {
            proc: world.proc.clone(),
            living: BTreeMap::new(),
            past_ticks: 0,
            moment: 0,
        };
        let mut before = Counters::new();
        for events in &scans {
            for (pid, event) in events {
                model.happen(*pid, event);
                model.sync();
            }
            let Ok(view) = world.try_scan() else {
                // Nobody is there, or nobody can be read.
                prop_assert!(model.living.values().all(|life| life.faulty));
                model.sync();
                continue;
            };
            check(&view, &model.living, settings)?;
            let now = counters(&view);
            for (class, was) in &before {
                let Some(is) = now.get(class) else {
                    return Err(TestCaseError::fail(format!("{class} is gone")));
                };
                prop_assert!(was.iter().zip(is).all(|(was, is)| was <= is), "{}", class);
            }
            let credited: f64 = now.values().map(|it| it[0] + it[1]).sum();
            let true_ticks = model.ticks() as f64;
            prop_assert!(credited * 100.0 <= true_ticks + 0.5, "{credited} of {true_ticks}");
            before = now;
            model.sync();
        }
    }
}

//! Workers that hang and panic.

use std::sync::Condvar;

use herakles_stat::Pid;

use super::*;

/// Items that return their number, panic, or wait for a gate after noting a half.
struct Items {
    kinds: Vec<Kind>,
}

enum Kind {
    Fine,
    Panics,
    Waits(Arc<Gate>),
}

#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn wait(&self) {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.opened.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

fn key(item: usize) -> ProcessKey {
    ProcessKey {
        pid: Pid::new(u32::try_from(item).unwrap() + 1).unwrap(),
        start_time: 7,
    }
}

impl Task for Items {
    type Output = String;
    type Scratch = Vec<u8>;

    fn len(&self) -> usize {
        self.kinds.len()
    }

    fn scratch(&self) -> Vec<u8> {
        Vec::new()
    }

    fn run(&self, item: usize, _: &mut Vec<u8>, note: &Note<'_, String>) -> String {
        note.note(key(item), format!("half {item}"));
        match self.kinds.get(item) {
            Some(Kind::Panics) => panic!("item {item}"),
            Some(Kind::Waits(gate)) => gate.wait(),
            _ => {}
        }
        format!("whole {item}")
    }
}

fn workers(threads: usize, patience_ms: u64) -> WorkerPool<Vec<u8>> {
    WorkerPool::new(threads, Duration::from_millis(patience_ms)).unwrap()
}

#[test]
fn every_item_comes_back_in_order() {
    let mut workers = workers(3, 60_000);
    for len in [0, 1, 2, 100] {
        let items = Items {
            kinds: (0..len).map(|_| Kind::Fine).collect(),
        };
        let done = workers.run(items, 3);
        let expected: Vec<Done<String>> = (0..len)
            .map(|item| (item, Ok(format!("whole {item}"))))
            .collect();
        assert_eq!(done, expected);
    }
}

#[test]
fn all_threads_work_while_somebody_waits_and_later_as_many_as_are_worth_it() {
    let mut workers = workers(4, 60_000);
    let milliseconds = [0, 999, 1_000, 2_500, 60_000];
    let widths = |workers: &WorkerPool<Vec<u8>>| {
        milliseconds.map(|it| workers.width(Duration::from_millis(it)).min(4))
    };
    assert_eq!(widths(&workers), [4; 5]);
    workers.take_time(Duration::from_secs(60));
    assert_eq!(widths(&workers), [1, 1, 2, 3, 4]);
}

#[test]
fn a_panic_costs_its_item_only() {
    let kinds = vec![Kind::Fine, Kind::Panics, Kind::Fine];
    let done = workers(1, 60_000).run(Items { kinds }, 1);
    assert_eq!(done[0].1, Ok("whole 0".into()));
    assert_eq!(done[1].1, Err((Lost::Panicked, Some("half 1".into()))));
    assert_eq!(done[2].1, Ok("whole 2".into()));
}

#[test]
fn a_hanging_item_costs_its_thread_until_it_returns() {
    let gate = Arc::new(Gate::default());
    let kinds = vec![Kind::Waits(Arc::clone(&gate)), Kind::Fine, Kind::Fine];
    let mut workers = workers(1, 500);
    let done = workers.run(Items { kinds }, 1);
    assert_eq!(done[0].1, Err((Lost::Hung, Some("half 0".into()))));
    assert_eq!(done[1].1, Ok("whole 1".into()));
    assert_eq!(done[2].1, Ok("whole 2".into()));
    assert!(workers.stuck().hold(key(0)) && !workers.stuck().hold(key(1)));
    assert_eq!(workers.stuck().len(), 1);

    let again = workers.run(
        Items {
            kinds: vec![Kind::Fine],
        },
        1,
    );
    assert_eq!(again[0].1, Ok("whole 0".into()));

    gate.open();
    while workers.stuck().len() > 0 {
        std::thread::yield_now();
    }
    assert!(!workers.stuck().hold(key(0)));
}

//! The taskstats detector: who has not run since the last scan needs no look at `stat`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use herakles_stat::Pid;
use herakles_taskstats::{Client, TaskActivity};

use crate::idle_looks::KernelMoves;
use crate::open::open;

/// Who tells what processes have done so far.
pub(crate) trait ActivitySource: Send {
    /// Asks as [`Client::query`] does.
    fn query(
        &mut self,
        pids: &[Pid],
        out: &mut Vec<TaskActivity>,
    ) -> Result<(), herakles_taskstats::Error>;
}

impl ActivitySource for Client {
    fn query(
        &mut self,
        pids: &[Pid],
        out: &mut Vec<TaskActivity>,
    ) -> Result<(), herakles_taskstats::Error> {
        Self::query(self, pids, out)
    }
}

/// The open detector and what everybody had done at the last scan.
pub(crate) struct IdleDetector {
    client: Box<dyn ActivitySource>,
    vmstat: PathBuf,
    /// What the kernel had moved at the last scan: it does so also to who does not run.
    moved: Option<u64>,
    answers: Vec<TaskActivity>,
    /// Like the answers in ascending order of pids.
    before: Vec<TaskActivity>,
    /// When the last answers had come: what has been there since then has been there as long.
    asked: Option<Instant>,
}

impl IdleDetector {
    /// The detector, where kernel and rights allow one.
    pub(crate) fn open(root: &Path) -> Option<Self> {
        let client = Client::open().ok()?;
        Some(Self::new(Box::new(client), root.join("vmstat")))
    }

    pub(crate) fn new(client: Box<dyn ActivitySource>, vmstat: PathBuf) -> Self {
        Self {
            client,
            vmstat,
            moved: None,
            answers: Vec::new(),
            before: Vec::new(),
            asked: None,
        }
    }

    /// Splits `pids`, which ascend, into those that have not run since the last call, which go to `idle`, and
    /// the others, which stay. After any failure all stay. Returns whether the kernel has moved pages of
    /// who slept meanwhile.
    pub(crate) fn take_idle(&mut self, pids: &mut Vec<Pid>, idle: &mut Vec<Pid>) -> KernelMoves {
        idle.clear();
        self.answers.clear();
        let begin = Instant::now();
        if self.client.query(pids, &mut self.answers).is_err() {
            self.before.clear();
            self.asked = None;
            return KernelMoves::Some;
        }
        let moved = moved_pages(&self.vmstat);
        let moves = if moved.is_some() && moved == self.moved {
            KernelMoves::None
        } else {
            KernelMoves::Some
        };
        if let Some(asked) = self.asked {
            self.pick_idle(begin.saturating_duration_since(asked), idle);
            let mut idle = idle.iter().peekable();
            // Both are in ascending order.
            pids.retain(|pid| idle.next_if_eq(&pid).is_none());
        }
        self.moved = moved;
        self.asked = Some(Instant::now());
        std::mem::swap(&mut self.before, &mut self.answers);
        moves
    }

    /// Puts those of `pids`, which ascend, into `idle` that have not run since the last [`take_idle`](Self::take_idle):
    /// they are still the processes that they were then. Of the others that is not known.
    pub(crate) fn confirm(&mut self, pids: &[Pid], idle: &mut Vec<Pid>) {
        idle.clear();
        self.answers.clear();
        let begin = Instant::now();
        let Some(asked) = self.asked else { return };
        if self.client.query(pids, &mut self.answers).is_ok() {
            self.pick_idle(begin.saturating_duration_since(asked), idle);
        }
    }

    /// Those that by the present answers have not run since the last ones, `since` ago.
    fn pick_idle(&self, since: Duration, idle: &mut Vec<Pid>) {
        let mut before = self.before.iter().peekable();
        for it in &self.answers {
            while before.next_if(|before| before.pid < it.pid).is_some() {}
            if before
                .peek()
                .is_some_and(|before| it.slept_since(before, since))
            {
                idle.push(it.pid);
            }
        }
    }
}

/// The counters of `/proc/vmstat` that count what the kernel does to the memory of who sleeps,
/// beside `pgsteal_*`: pages that went to swap or, all zero, nowhere; sparse memory that became a
/// huge page, and huge pages whose zero pages were taken back.
const MOVES: [&str; 5] = [
    "pswpout",
    "zswpout",
    "swpout_zero",
    "thp_collapse_alloc",
    "thp_underused_split_page",
];

/// No `vmstat` is longer: beyond it something else is there.
const MAX_BYTES: u64 = 1 << 20;

/// How often the kernel has moved pages since boot; `None` if the file cannot be read.
fn moved_pages(vmstat: &Path) -> Option<u64> {
    let mut text = String::new();
    let file = open(vmstat).ok()?;
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    let moved = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(' ')?;
        let counts = name.starts_with("pgsteal") || MOVES.contains(&name);
        counts.then(|| value.parse::<u64>().ok()).flatten()
    });
    Some(moved.fold(0, u64::wrapping_add))
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use rustix::process::{Signal, kill_process};

    use super::*;

    struct Sleeper(Child);

    impl Sleeper {
        fn start() -> Self {
            let mut command = Command::new("sleep");
            command.arg("600").stdin(Stdio::null());
            Self(command.spawn().unwrap())
        }

        fn pid(&self) -> Pid {
            Pid::new(self.0.id()).unwrap()
        }

        /// Makes it run for a moment.
        fn wake(&self) {
            let pid = rustix::process::Pid::from_child(&self.0);
            kill_process(pid, Signal::STOP).unwrap();
            kill_process(pid, Signal::CONT).unwrap();
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn idle_of(detector: &mut IdleDetector, pids: &[Pid]) -> Vec<Pid> {
        let (mut ran, mut idle) = (pids.to_vec(), Vec::new());
        detector.take_idle(&mut ran, &mut idle);
        idle
    }

    /// Where this test may not open the detector there is nothing to test.
    #[test]
    fn who_has_run_or_gone_since_is_not_confirmed() {
        let Some(mut detector) = IdleDetector::open(Path::new("/proc")) else {
            return;
        };
        let [calm, woken, ended] = [(); 3].map(|()| Sleeper::start());
        let mut pids = [calm.pid(), woken.pid(), ended.pid()];
        pids.sort_unstable();
        // They may still be about to fall asleep.
        while idle_of(&mut detector, &pids).len() < 3 {
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut idle = Vec::new();
        detector.confirm(&pids, &mut idle);
        assert_eq!(idle, pids);

        woken.wake();
        drop(ended);
        while idle.contains(&woken.pid()) {
            detector.confirm(&pids, &mut idle);
        }
        assert_eq!(idle, [calm.pid()]);
    }
}

//! The taskstats detector: who has not run since the last scan needs no look at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use herakles_stat::Pid;
use herakles_taskstats::{Client, TaskActivity};

/// The open detector and what everybody had done at the last scan.
pub(crate) struct IdleDetector {
    client: Client,
    vmstat: PathBuf,
    /// What reclaim had taken at the last scan: it takes memory also from who does not run.
    reclaimed: Option<u64>,
    answers: Vec<TaskActivity>,
    /// Like the answers in ascending order of pids.
    before: Vec<TaskActivity>,
    /// When the last answers had come: what has been there since then has been there as long.
    asked: Option<Instant>,
}

impl IdleDetector {
    /// The detector, where kernel and rights allow one.
    pub(crate) fn open(root: &Path) -> Option<Self> {
        Some(Self {
            client: Client::open().ok()?,
            vmstat: root.join("vmstat"),
            reclaimed: None,
            answers: Vec::new(),
            before: Vec::new(),
            asked: None,
        })
    }

    /// Splits `pids`, which ascend, into those that have not run since the last call, which go to `idle`, and
    /// the others, which stay. After any failure all stay.
    pub(crate) fn take_idle(&mut self, pids: &mut Vec<Pid>, idle: &mut Vec<Pid>) {
        idle.clear();
        self.answers.clear();
        let begin = Instant::now();
        if self.client.query(pids, &mut self.answers).is_err() {
            self.before.clear();
            self.asked = None;
            return;
        }
        let reclaimed = reclaimed_pages(&self.vmstat);
        let quiet = reclaimed.is_some() && reclaimed == self.reclaimed;
        if let Some(asked) = self.asked.filter(|_| quiet) {
            self.pick_idle(begin.saturating_duration_since(asked), idle);
            let mut idle = idle.iter().peekable();
            // Both are in ascending order.
            pids.retain(|pid| idle.next_if_eq(&pid).is_none());
        }
        self.reclaimed = reclaimed;
        self.asked = Some(Instant::now());
        std::mem::swap(&mut self.before, &mut self.answers);
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

/// The pages that reclaim has taken since boot (`pgsteal_*`) and that went to swap (`pswpout`);
/// `None` if the file cannot be read.
fn reclaimed_pages(vmstat: &Path) -> Option<u64> {
    let text = fs::read_to_string(vmstat).ok()?;
    let taken = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(' ')?;
        let counts = name.starts_with("pgsteal") || name == "pswpout";
        counts.then(|| value.parse::<u64>().ok()).flatten()
    });
    Some(taken.fold(0, u64::wrapping_add))
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
        // Reclaim anywhere on the machine opens the detector to all, for a while.
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

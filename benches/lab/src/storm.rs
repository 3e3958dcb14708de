//! The storms: what they consist of, their start, their own account, and their certain end.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use crate::{failure::Failure, programs};

/// What the compiler of the storm translates over and over.
const UNIT: &str = "#include <stdio.h>\n#include <stdlib.h>\n\
    int main(void) { for (int i = 0; i < 9; i++) printf(\"%d\\n\", rand()); return 0; }\n";

/// A way of starting short-lived processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storm {
    /// Shells with subshells and a program each.
    Shells,
    /// Compilers: a driver that starts the compiler proper and the assembler.
    Compilers,
    /// Chains of 13 processes, each the child of the one before.
    Deep,
    /// Daemons in the making: the middle process exits, init adopts the grandchild.
    DoubleFork,
    /// Children of daemons that ignore SIGCHLD: the kernel adds them to nobody.
    IgnoreSigchld,
}

impl Storm {
    pub(crate) const ALL: [Self; 5] = [
        Self::Shells,
        Self::Compilers,
        Self::Deep,
        Self::DoubleFork,
        Self::IgnoreSigchld,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Shells => "shells",
            Self::Compilers => "compilers",
            Self::Deep => "deep",
            Self::DoubleFork => "double-fork",
            Self::IgnoreSigchld => "ignore-sigchld",
        }
    }

    /// Whether the kernel itself lets time of exited processes vanish from `/proc/PID`.
    pub(crate) fn is_lossy(self) -> bool {
        self == Self::IgnoreSigchld
    }
}

/// What a storm knows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) processes: u64,
    /// CPU time of those that somebody waited for, as `wait4` tells it.
    pub(crate) waited: Duration,
    /// That of the others, by themselves just before their end.
    pub(crate) unwaited: Duration,
}

impl Account {
    fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split_whitespace().map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            processes: next()?,
            waited: Duration::from_micros(next()?),
            unwaited: Duration::from_micros(next()?),
        })
    }
}

/// A storm that rages, or has raged. The process that all stem from stays until this value goes.
pub(crate) struct Raging {
    child: Child,
    /// Closed to let it end.
    input: Option<ChildStdin>,
    account: Receiver<Account>,
}

impl Raging {
    /// Lets a storm loose for a time.
    ///
    /// # Errors
    /// When its program cannot be started.
    pub(crate) fn start(program: &Path, storm: Storm, length: Duration) -> Result<Self, Failure> {
        let directory = programs::directory()?;
        programs::written("storm-unit.c", UNIT)?;
        let mut child = Command::new(program)
            .arg(storm.name())
            .arg(length.as_secs().to_string())
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::new(format!("cannot start the storm: {e}")))?;
        let output = child.stdout.take();
        let (tell, account) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            BufReader::new(output?).read_line(&mut line).ok()?;
            // Nobody listens any more if this value has gone.
            tell.send(Account::parse(&line)?).ok()
        });
        Ok(Self {
            input: child.stdin.take(),
            child,
            account,
        })
    }

    /// Waits for the end of the storm, for a while; `None` if it rages on.
    ///
    /// # Errors
    /// When it failed.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<Option<Account>, Failure> {
        match self.account.recv_timeout(patience) {
            Ok(account) => return Ok(Some(account)),
            // Processes that outlive it keep its output open, so its end is not told by that alone.
            Err(RecvTimeoutError::Timeout) if matches!(self.child.try_wait(), Ok(None)) => {
                return Ok(None);
            }
            Err(_) => {}
        }
        drop(self.input.take());
        let status = self.child.wait();
        let status = status.map_err(|e| Failure::new(format!("lost the storm: {e}")))?;
        Err(Failure::new(format!(
            "the storm ended without an account, with {status}; if it knew the reason, that is above"
        )))
    }
}

impl Drop for Raging {
    fn drop(&mut self) {
        drop(self.input.take());
        // Its workers die with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    #[test]
    fn an_account_is_three_numbers() {
        let account = Account::parse("12 3000000 500000\n").unwrap();
        assert_eq!(account.processes, 12);
        assert_eq!(account.waited, Duration::from_secs(3));
        assert_eq!(account.unwaited, Duration::from_millis(500));
        assert_eq!(Account::parse(""), None);
    }

    /// Far longer than the processes of a storm live.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn rage(storm: Storm, length: Duration) -> Raging {
        let program = programs::compile("storm").unwrap();
        Raging::start(&program, storm, length).unwrap()
    }

    fn children(parent: u32) -> Vec<u32> {
        let stats = procfs::process::all_processes().unwrap();
        let stats = stats.flatten().filter_map(|it| it.stat().ok());
        stats
            .filter(|it| u32::try_from(it.ppid) == Ok(parent))
            .filter_map(|it| u32::try_from(it.pid).ok())
            .collect()
    }

    #[test]
    fn a_storm_accounts_for_those_that_nobody_waits_for() {
        let mut raging = rage(Storm::DoubleFork, Duration::from_secs(1));
        let account = raging.wait(PATIENCE).unwrap().unwrap();
        assert!(account.processes > 3, "{account:?}");
        assert!(account.unwaited > Duration::ZERO, "{account:?}");
    }

    #[test]
    fn a_storm_does_not_wait_for_a_process_that_was_killed() {
        // Long enough to be seen on a busy machine.
        let mut raging = rage(Storm::IgnoreSigchld, Duration::from_secs(5));
        // The first that a worker starts lives for seconds.
        let victims = loop {
            let workers = children(raging.child.id());
            let found: Vec<u32> = workers.into_iter().flat_map(children).collect();
            if !found.is_empty() {
                break found;
            }
            let end = raging.wait(Duration::from_millis(10)).unwrap();
            assert_eq!(end, None, "nothing was ever seen of it");
        };
        for victim in victims {
            let pid = i32::try_from(victim).ok().and_then(Pid::from_raw).unwrap();
            // The others may have ended by themselves.
            let _ = kill_process(pid, Signal::KILL);
        }
        let failure = raging.wait(PATIENCE).unwrap_err().to_string();
        assert!(
            failure.starts_with("the storm ended without an account, with exit status: 1"),
            "{failure}"
        );
    }
}

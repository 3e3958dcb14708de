//! The live kernel: what it tells of processes that work, sleep and exit.

#![expect(clippy::expect_used, reason = "a test may fail")]

mod client;
mod exits;

use std::process::{Child, Command, Stdio};

use herakles_stat::Pid;
use rustix::process::{Uid, geteuid};
use rustix::thread::set_thread_res_uid;

const NOBODY: u32 = 65534;

/// A process that waits for its input until it is dropped.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        let mut command = Command::new("cat");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        Self(child.expect("cat is installed"))
    }

    fn pid(&self) -> Pid {
        Pid::new(self.0.id()).expect("a child's pid")
    }

    /// Kills and reaps it.
    fn end(&mut self) {
        self.0.kill().expect("our child");
        self.0.wait().expect("our child");
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.end();
    }
}

fn this_process() -> Pid {
    Pid::new(std::process::id()).expect("our pid")
}

/// Runs without any right, on a thread of its own: rights are a matter of threads.
fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if geteuid().is_root() {
                let nobody = Uid::from_raw(NOBODY);
                set_thread_res_uid(nobody, nobody, nobody).expect("root may");
            }
            work()
        });
        thread.join().expect("no panic")
    })
}

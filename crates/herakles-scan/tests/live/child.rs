//! A child process that waits to be looked at.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use herakles_stat::Pid;

/// A process that lives until it is dropped.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Starts a program that writes a line when it is ready and then waits for its input to end.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh and python3 are installed");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("readable");
        assert_eq!(line, "ready\n");
        Self { child }
    }

    /// A shell that runs `script` before it is ready.
    pub(crate) fn shell(script: &str) -> Self {
        Self::start(
            Command::new("sh")
                .arg("-c")
                .arg(format!("{script}\necho ready; read _")),
        )
    }

    /// A Python that runs `script` before it is ready.
    pub(crate) fn python(script: &str) -> Self {
        Self::start(Command::new("python3").arg("-c").arg(script))
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::new(self.child.id()).expect("a child's pid")
    }

    /// Kills it without reaping it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("our child");
    }

    /// Kills and reaps it.
    pub(crate) fn end(&mut self) {
        self.kill();
        self.child.wait().expect("our child");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

//! Processes of the test's own making, to be measured by the exporter.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    os::unix::ffi::OsStrExt,
    process::{Child, Command, Stdio},
};

/// A shell that has taken a name, done some work, and waits to be told to go on or to end.
pub(crate) struct Target {
    child: Child,
}

impl Target {
    /// Starts a process called `name` that runs `work`, a piece of shell, and then waits. Returns
    /// when the work is done.
    pub(crate) fn start(name: &[u8], work: &str) -> Self {
        // A write of one NUL is how a process takes an empty name.
        let script = format!(
            r#"if [ -n "$1" ]; then printf %s "$1"; else printf '\0'; fi > /proc/self/comm
            {work}
            echo ready
            read -r line && {{ eval "$line"; echo done; }}
            read -r line"#
        );
        let child = Command::new("sh")
            .args(["-c", &script, "sh"])
            .arg(OsStr::from_bytes(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let mut target = Self { child };
        target.expect_line("ready");
        target
    }

    /// Lets the process run one more piece of shell and waits until it is done.
    pub(crate) fn go_on(&mut self, work: &str) {
        let stdin = self.child.stdin.as_mut().expect("the target has a stdin");
        stdin
            .write_all(format!("{work}\n").as_bytes())
            .expect("the target listens");
        self.expect_line("done");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn expect_line(&mut self, expected: &str) {
        let stdout = self.child.stdout.as_mut().expect("the target has a stdout");
        let mut line = String::new();
        // Nothing follows the line before the next command, so no byte is lost in the buffer.
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the target speaks");
        assert_eq!(line.trim_end(), expected);
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Shell that makes the process hold some megabytes of its own.
pub(crate) fn hold_megabytes(megabytes: u32) -> String {
    format!("held=$(head -c {megabytes}000000 /dev/zero | tr '\\0' x)")
}

/// Shell that keeps a core busy for a moment.
pub(crate) const BURN: &str = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done";

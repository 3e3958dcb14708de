//! Processes that only a program of their own can be, written in C beside the tests.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::tools::{leave_out, succeed};

/// Compiles `source`, a path below the end-to-end tests, into `folder`, or says why it cannot.
pub(crate) fn compiled(source: &str, folder: &Path) -> Option<PathBuf> {
    let compiler = "cc";
    if Command::new(compiler).arg("--version").output().is_err() {
        leave_out("the made-up processes need a C compiler");
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/e2e")
        .join(source);
    let program = folder.join("actor");
    succeed(
        Command::new(compiler)
            .args(["-D_GNU_SOURCE", "-O", "-pthread", "-o"])
            .arg(&program)
            .arg(source),
    );
    Some(program)
}

/// A running one, ended when dropped.
pub(crate) struct Actor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Actor {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("what was compiled starts");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self {
            child,
            input,
            output,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it go on.
    pub(crate) fn go_on(&mut self) {
        self.input.write_all(b"\n").expect("it listens");
    }

    /// The words of its next line.
    pub(crate) fn says(&mut self) -> Vec<String> {
        let mut line = String::new();
        let length = self.output.read_line(&mut line).expect("it speaks");
        assert!(length > 0, "it ended without a word");
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// The number that follows "ready".
    pub(crate) fn is_ready(&mut self) -> f64 {
        let words = self.says();
        assert_eq!(words.first().map(String::as_str), Some("ready"));
        let number = words.get(1).and_then(|word| word.parse().ok());
        number.expect("a number")
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

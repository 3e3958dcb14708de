//! Made-up processes that live, in a pid namespace with nothing else in it.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::harness::{actor::compiled, tools::leave_out};

use super::processes::Made;

/// The processes, ended when dropped.
pub(super) struct Stage {
    child: Child,
    procfs: PathBuf,
    /// The program and the list of those that play.
    _files: tempfile::TempDir,
    _told: BufReader<ChildStdout>,
}

impl Stage {
    /// Starts them, or says why it cannot.
    pub(super) fn start(made: &[Made]) -> Option<Self> {
        let unshare = unshare()?;
        let files = tempfile::tempdir().expect("a temporary directory");
        let actor = compiled("process_exporter/actor.c", files.path())?;
        let list = files.path().join("list");
        fs::write(&list, listed(made)).expect("it can be written");
        let mut child = Command::new(unshare)
            .args(["--fork", "--pid", "--mount-proc", "--kill-child"])
            .arg(actor)
            .env_clear()
            .envs([("STAGE", list.as_os_str()), ("ACTOR", "1".as_ref())])
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts, as it just did");
        let mut told = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut awaited: BTreeSet<u64> = made.iter().map(|it| it.pid).chain([1]).collect();
        while !awaited.is_empty() {
            let mut line = String::new();
            let length = told.read_line(&mut line).expect("it can be read");
            assert!(length > 0, "not all are there: {awaited:?}");
            let (number, _) = line.split_once(' ').expect("two numbers");
            awaited.remove(&number.parse().expect("a number"));
        }
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let children = fs::read_to_string(children).expect("unshare lives");
        let init = children.trim().to_owned();
        Some(Self {
            child,
            procfs: Path::new("/proc").join(init).join("root/proc"),
            _files: files,
            _told: told,
        })
    }

    /// Their `/proc`, seen from outside.
    pub(super) fn procfs(&self) -> &Path {
        &self.procfs
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unshare() -> Option<&'static str> {
    let mut probe = Command::new("unshare");
    probe.args(["--fork", "--pid", "--mount-proc", "true"]);
    let can = probe.stderr(Stdio::null()).status();
    if can.is_ok_and(|status| status.success()) {
        return Some("unshare");
    }
    leave_out("a pid namespace of its own needs root");
    None
}

/// The list as the actors read it. Sizes differ, so that a sum tells who is in it.
fn listed(made: &[Made]) -> String {
    let mut list = String::new();
    for it in made {
        let pages = 1_u64 << (it.pid % 32);
        write!(
            list,
            "{}\x1f{}\x1f{}\x1f{pages}",
            it.pid, it.parent, it.comm
        )
        .expect("a string takes all");
        for argument in it.arguments {
            write!(list, "\x1f{argument}").expect("a string takes all");
        }
        list.push('\n');
    }
    list
}

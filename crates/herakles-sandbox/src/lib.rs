//! A service gives up what it never needs, before it answers anybody.
//!
//! A [`Sandbox`] keeps the named capabilities(7) and no others, sets `no_new_privs`, refuses the
//! system calls that start programs, look into other processes or change the system (seccomp(2)),
//! and leaves the named directories to read and none to write (Landlock, Linux 5.13). What does not
//! hold, on an old kernel or in a container, is told by [`Protections`] and costs nothing else.
//!
//! Capabilities, `no_new_privs` and Landlock are a matter of threads and are handed on to those
//! started later, so it is to be entered before the first of them.
//!
//! ```no_run
//! use herakles_sandbox::{CapabilitySet, Sandbox};
//!
//! let protections = Sandbox::keeping(CapabilitySet::SYS_PTRACE)
//!     .reading(["/proc".into(), "/etc".into()])
//!     .enter(|| 0);
//! println!("{protections}");
//! ```

mod calls;
mod files;
mod rights;

use std::fmt;
use std::path::PathBuf;

use rustix::thread::set_no_new_privs;

pub use rustix::thread::CapabilitySet;

/// What a service keeps.
#[derive(Debug)]
#[must_use = "nothing is given up before it is entered"]
pub struct Sandbox {
    rights: CapabilitySet,
    readable: Vec<PathBuf>,
}

/// One protection: in force, or why it is not.
type State = Result<(), String>;

/// What is in force. `Display` is one line.
#[derive(Debug)]
pub struct Protections {
    rights: Result<CapabilitySet, String>,
    no_new_privs: State,
    calls: State,
    files: State,
}

impl Sandbox {
    /// Keeps these capabilities, as far as they are there, and no file.
    pub fn keeping(rights: CapabilitySet) -> Self {
        Self {
            rights,
            readable: Vec::new(),
        }
    }

    /// Also keeps what is below these directories for reading. What is not there is left out.
    pub fn reading(mut self, directories: impl IntoIterator<Item = PathBuf>) -> Self {
        self.readable.extend(directories);
        self
    }

    /// Enters it, with this thread and all that it starts from now on. There is no way back.
    ///
    /// Landlock also keeps the memory files of processes outside from a program, unless it has
    /// `CAP_PERFMON`. `denied` counts what is refused to the thread that calls it: Landlock is left
    /// out where it would raise that.
    pub fn enter(self, denied: impl Fn() -> usize + Sync) -> Protections {
        let (rights, no_new_privs) = give_up(self.rights);
        // Landlock first: the filter forbids to make further rules.
        let files = files::restrict(&self.readable, denied);
        Protections {
            rights,
            no_new_privs,
            calls: calls::deny(),
            files,
        }
    }

    /// Gives up capabilities and new privileges only, for this reason.
    pub fn enter_no_further(self, reason: &str) -> Protections {
        let (rights, no_new_privs) = give_up(self.rights);
        Protections {
            rights,
            no_new_privs,
            calls: Err(reason.to_owned()),
            files: Err(reason.to_owned()),
        }
    }
}

fn give_up(kept: CapabilitySet) -> (Result<CapabilitySet, String>, State) {
    let rights = rights::keep(kept).map_err(|error| error.to_string());
    let no_new_privs = set_no_new_privs(true).map_err(|error| error.to_string());
    (rights, no_new_privs)
}

impl fmt::Display for Protections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rights {
            Ok(kept) => write!(f, "capabilities: {}", rights::names(*kept))?,
            Err(error) => write!(f, "capabilities: cannot be dropped: {error}")?,
        }
        let states = [
            ("no_new_privs", &self.no_new_privs),
            ("seccomp", &self.calls),
            ("landlock", &self.files),
        ];
        for (name, state) in states {
            match state {
                Ok(()) => write!(f, "; {name}: in force")?,
                Err(reason) => write!(f, "; {name}: not in force, {reason}")?,
            }
        }
        Ok(())
    }
}

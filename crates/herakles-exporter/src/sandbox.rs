//! What the service gives up before it answers anybody: rights, programs, writing.
//!
//! Capabilities, `no_new_privs` and Landlock are a matter of threads and are handed on to those
//! started later, so [`Sandbox::enter`] comes before the first of them; the filter of system
//! calls goes to all threads there are.

mod calls;
mod files;
mod rights;

use std::fmt;
use std::path::PathBuf;

use herakles_scan::{Access, Buffers, MemorySource, ProcFs, ProcSource};
use rustix::thread::{CapabilitySet, set_no_new_privs};

use crate::config::Config;

/// What the configuration leaves the service.
pub(crate) struct Sandbox<'a> {
    config: &'a Config,
    /// Where files may be read.
    readable: Vec<PathBuf>,
}

/// One protection: in force, or why it is not.
type State = Result<(), String>;

/// What is in force, for the log and `check`.
pub(crate) struct Protections {
    rights: Result<CapabilitySet, String>,
    no_new_privs: State,
    calls: State,
    files: State,
}

impl<'a> Sandbox<'a> {
    /// `files` are what a reload reads again: configuration, rules, web configuration.
    pub(crate) fn new(config: &'a Config, files: &[PathBuf]) -> Self {
        Self {
            config,
            readable: files::readable(config, files),
        }
    }

    /// Enters it, with this thread and all that it starts from now on. There is no way back.
    pub(crate) fn enter(self, proc: &ProcFs) -> Protections {
        let rights = rights::keep(rights::needed(self.config)).map_err(|error| error.to_string());
        let no_new_privs = set_no_new_privs(true).map_err(|error| error.to_string());
        if !self.config.security.sandbox {
            let off = || Err("security.sandbox is false".to_owned());
            return Protections {
                rights,
                no_new_privs,
                calls: off(),
                files: off(),
            };
        }
        // Landlock first: the filter forbids to make further rules.
        let files = files::restrict(&self.readable, || denied(proc));
        Protections {
            rights,
            no_new_privs,
            calls: calls::deny(),
            files,
        }
    }
}

/// Of how many processes the memory is refused to this thread.
fn denied(proc: &ProcFs) -> usize {
    /// Enough to meet a process of another user.
    const TRIED: usize = 256;
    let mut pids = Vec::new();
    if proc.pids(&mut pids).is_err() {
        return 0;
    }
    pids.truncate(TRIED);
    let source = MemorySource::probe(proc, &pids);
    Access::probe(proc, source, &pids, &mut Buffers::default()).denied
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

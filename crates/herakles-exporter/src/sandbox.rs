//! What the service keeps of its rights and files: those that its configuration asks for.

use std::path::{Path, PathBuf};

use herakles_collect::{ExitSource, IdleDetection};
use herakles_sandbox::{CapabilitySet, Protections, Sandbox};
use herakles_scan::{Access, Buffers, MemorySource, ProcFs, ProcSource};

use crate::config::Config;

/// Gives up the rest, with this thread and all that it starts from now on. `files` are what a reload
/// reads again: configuration, rules, web configuration.
pub(crate) fn enter(config: &Config, files: &[PathBuf], proc: &ProcFs) -> Protections {
    let sandbox = Sandbox::keeping(needed(config)).reading(readable(config, files));
    if config.security.sandbox {
        sandbox.enter(|| denied(proc))
    } else {
        sandbox.enter_no_further("security.sandbox is false")
    }
}

/// What the service can use, if it has it.
fn needed(config: &Config) -> CapabilitySet {
    let mut needed = CapabilitySet::SYS_PTRACE | CapabilitySet::PERFMON;
    if config.scan.taskstats == IdleDetection::Auto || config.scan.exits == ExitSource::Taskstats {
        needed |= CapabilitySet::NET_ADMIN;
    }
    if config.scan.io {
        needed |= CapabilitySet::DAC_READ_SEARCH;
    }
    needed
}

/// The directories in which something is read again: processes, users, `files`.
fn readable(config: &Config, files: &[PathBuf]) -> Vec<PathBuf> {
    let passwd = config.path.rootfs.join("etc");
    let mut readable = vec![config.path.procfs.clone(), passwd];
    let parents = files.iter().filter_map(|file| file.parent());
    // A bare name stands for a file in the working directory.
    readable.extend(parents.map(|parent| {
        if parent == Path::new("") {
            PathBuf::from(".")
        } else {
            parent.to_owned()
        }
    }));
    readable
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

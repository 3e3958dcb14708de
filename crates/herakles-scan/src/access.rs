//! What may be read of other processes here.

use std::fmt;
use std::io;

use herakles_stat::Pid;
use rustix::thread::{CapabilitySet, capabilities};

use crate::{Buffers, MemorySource, ProcHandle, ProcSource, ScanError, Skip, read_stat};

/// The capabilities that decide what a scan may read, as far as this thread has them in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// `CAP_SYS_PTRACE`: the memory files and `exe` of all processes, and a way past `hidepid`.
    pub sys_ptrace: bool,
    /// `CAP_PERFMON`: the memory files of all processes, with recent kernels.
    pub perfmon: bool,
    /// `CAP_NET_ADMIN`: taskstats.
    pub net_admin: bool,
    /// `CAP_DAC_READ_SEARCH`: no memory file, but what file modes keep from others.
    pub dac_read_search: bool,
}

impl Capabilities {
    /// What this thread has in effect. Capabilities are a matter of threads: those started
    /// later inherit them.
    ///
    /// # Errors
    /// Those of `capget(2)`.
    pub fn effective() -> io::Result<Self> {
        let effective = capabilities(None)?.effective;
        Ok(Self {
            sys_ptrace: effective.contains(CapabilitySet::SYS_PTRACE),
            perfmon: effective.contains(CapabilitySet::PERFMON),
            net_admin: effective.contains(CapabilitySet::NET_ADMIN),
            dac_read_search: effective.contains(CapabilitySet::DAC_READ_SEARCH),
        })
    }
}

/// Their names with commas, or `none`.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            (self.sys_ptrace, "CAP_SYS_PTRACE"),
            (self.perfmon, "CAP_PERFMON"),
            (self.net_admin, "CAP_NET_ADMIN"),
            (self.dac_read_search, "CAP_DAC_READ_SEARCH"),
        ];
        let held = named.iter().filter(|(held, _)| *held);
        let names: Vec<&str> = held.map(|(_, name)| *name).collect();
        f.write_str(if names.is_empty() { "none" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

/// Of how many processes the memory may be read.
///
/// Only processes with memory count: no kernel threads, no zombies, none that ended meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Processes whose memory may be read.
    pub readable: usize,
    /// Processes whose memory may not be read.
    pub denied: usize,
    /// One of the latter.
    pub denied_example: Option<Pid>,
}

impl Access {
    /// Tries the processes in `pids`. Memory files are opened, which is when the kernel asks for
    /// the right, but not read, so that it costs the targets nothing.
    pub fn probe<S: ProcSource>(
        source: &S,
        memory: MemorySource,
        pids: &[Pid],
        buffers: &mut Buffers,
    ) -> Self {
        let mut access = Self::default();
        for &pid in pids {
            let answer = source
                .open(pid)
                .map_err(|error| ScanError::from_io(pid, None, &error))
                .and_then(|handle| may_read(&handle, memory, buffers));
            match answer {
                Ok(true) => access.readable += 1,
                Err(ScanError {
                    skip: Skip::Denied(_),
                    ..
                }) => {
                    access.denied += 1;
                    access.denied_example.get_or_insert(pid);
                }
                Ok(false) | Err(_) => {}
            }
        }
        access
    }

    /// All that were tried and have memory.
    pub const fn total(&self) -> usize {
        self.readable + self.denied
    }
}

/// `false` for a process without memory.
fn may_read<H: ProcHandle>(
    handle: &H,
    memory: MemorySource,
    buffers: &mut Buffers,
) -> Result<bool, ScanError> {
    let stat = read_stat(handle, &mut buffers.io)?;
    if stat.is_kernel_thread() || stat.state.is_exited() {
        return Ok(false);
    }
    let file = memory.file();
    let probed = handle.probe(file);
    probed.map_err(|error| ScanError::from_io(handle.pid(), Some(file), &error))?;
    Ok(true)
}

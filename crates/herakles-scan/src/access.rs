//! What may be read of other processes here.

use herakles_stat::Pid;

use crate::{Buffers, MemorySource, ProcHandle, ProcSource, ScanError, Skip, read_stat};

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

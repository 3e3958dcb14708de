//! The files of a process by their names.

use std::ffi::CStr;
use std::fmt;

/// A file of a process below `/proc/<pid>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProcFile {
    /// `stat`: identity, state, CPU time, page faults. World-readable.
    Stat,
    /// `statm`: sizes in pages. World-readable, empty of meaning for zombies.
    Statm,
    /// `smaps_rollup`, since Linux 4.14: the memory sums. Needs the rights of a debugger.
    SmapsRollup,
    /// `smaps`: the same by mapping, up to many megabytes. Needs the rights of a debugger.
    Smaps,
    /// `cmdline`: the arguments, each ended by a NUL. World-readable.
    Cmdline,
    /// `cgroup`: one line for each hierarchy. World-readable.
    Cgroup,
    /// `exe`: a link to the program. Needs the rights of a debugger.
    Exe,
    /// `io`: bytes that went to and from storage. Needs the rights of a debugger, and those of
    /// its owner or `CAP_DAC_READ_SEARCH`.
    Io,
    /// `limits`: the resource limits. World-readable.
    Limits,
    /// `fd`: the directory of the open descriptors, which is counted and not read.
    Fd,
}

impl ProcFile {
    /// All that can be read.
    pub const ALL: [Self; 9] = [
        Self::Stat,
        Self::Statm,
        Self::SmapsRollup,
        Self::Smaps,
        Self::Cmdline,
        Self::Cgroup,
        Self::Exe,
        Self::Io,
        Self::Limits,
    ];

    /// The name below `/proc/<pid>`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stat => "stat",
            Self::Statm => "statm",
            Self::SmapsRollup => "smaps_rollup",
            Self::Smaps => "smaps",
            Self::Cmdline => "cmdline",
            Self::Cgroup => "cgroup",
            Self::Exe => "exe",
            Self::Io => "io",
            Self::Limits => "limits",
            Self::Fd => "fd",
        }
    }

    /// The same for the kernel.
    pub(crate) const fn path(self) -> &'static CStr {
        match self {
            Self::Stat => c"stat",
            Self::Statm => c"statm",
            Self::SmapsRollup => c"smaps_rollup",
            Self::Smaps => c"smaps",
            Self::Cmdline => c"cmdline",
            Self::Cgroup => c"cgroup",
            Self::Exe => c"exe",
            Self::Io => c"io",
            Self::Limits => c"limits",
            Self::Fd => c"fd",
        }
    }

    /// How much of the file [`ProcHandle::read`](crate::ProcHandle::read) reads at most, in
    /// bytes. A command line may have megabytes, all the target's choice; nobody needs them.
    pub const fn limit(self) -> usize {
        match self {
            Self::Cmdline | Self::Exe => 4 * 1024,
            _ => 64 * 1024,
        }
    }
}

impl fmt::Display for ProcFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

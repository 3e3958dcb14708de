//! What goes wrong in a scan, counted by kind and file.

use std::collections::BTreeMap;
use std::collections::btree_map;

use herakles_scan::{ProcFile, ScanError, Skip};

/// What went wrong, and with which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The file it went wrong with.
    pub file: FaultFile,
}

impl Fault {
    /// Records of exits were lost: more came than could be kept.
    pub const EXITS_LOST: Self = Self {
        kind: FaultKind::Io,
        file: FaultFile::None,
    };

    /// What an error of a scan counts as; `None` for what is normal for such a process.
    pub(crate) fn of(error: &ScanError) -> Option<Self> {
        let kind = match error.skip {
            Skip::Vanished => FaultKind::Vanished,
            Skip::Denied(_) => FaultKind::Denied,
            Skip::Malformed(_) => FaultKind::Malformed,
            Skip::KernelThread | Skip::Zombie => return None,
            _ => FaultKind::Io,
        };
        let file = error.file.map_or(FaultFile::Proc, FaultFile::from);
        Some(Self { kind, file })
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word, as a label value.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

words! {
    /// What went wrong.
    FaultKind {
        /// The process ended under the reader. Normal.
        Vanished = "vanished",
        /// A right is missing.
        Denied = "denied",
        /// The content is not what the kernel writes.
        Malformed = "malformed",
        /// Any other failure of a system call.
        Io = "io",
        /// The read did not come back in time.
        Timeout = "timeout",
        /// A bug: the reader panicked.
        Panic = "panic",
    }
}

words! {
    /// The file that something went wrong with.
    FaultFile {
        /// `/proc`, or the directory of a process.
        Proc = "proc",
        /// `/proc/PID/stat`.
        Stat = "stat",
        /// `/proc/PID/statm`.
        Statm = "statm",
        /// `/proc/PID/smaps_rollup`.
        SmapsRollup = "smaps_rollup",
        /// `/proc/PID/smaps`.
        Smaps = "smaps",
        /// `/proc/PID/cmdline`.
        Cmdline = "cmdline",
        /// `/proc/PID/cgroup`.
        Cgroup = "cgroup",
        /// `/proc/PID/exe`.
        Exe = "exe",
        /// `/proc/PID/fd`.
        Fd = "fd",
        /// `/proc/PID/limits`.
        Limits = "limits",
        /// `/proc/PID/io`.
        Io = "io",
        /// `/proc/stat`.
        HostStat = "host_stat",
        /// `/proc/meminfo`.
        Meminfo = "meminfo",
        /// `/proc/vmstat`.
        Vmstat = "vmstat",
        /// A file of `/proc/pressure`.
        Pressure = "pressure",
        /// `/proc/loadavg`.
        Loadavg = "loadavg",
        /// No file, or an unknown one.
        None = "none",
    }
}

impl FaultFile {
    /// Whether it is a file of the host rather than of a process.
    pub const fn is_of_host(self) -> bool {
        matches!(
            self,
            Self::HostStat | Self::Meminfo | Self::Vmstat | Self::Pressure | Self::Loadavg
        )
    }
}

impl From<ProcFile> for FaultFile {
    fn from(file: ProcFile) -> Self {
        match file {
            ProcFile::Stat => Self::Stat,
            ProcFile::Statm => Self::Statm,
            ProcFile::SmapsRollup => Self::SmapsRollup,
            ProcFile::Smaps => Self::Smaps,
            ProcFile::Cmdline => Self::Cmdline,
            ProcFile::Cgroup => Self::Cgroup,
            ProcFile::Exe => Self::Exe,
            ProcFile::Io => Self::Io,
            ProcFile::Limits => Self::Limits,
            ProcFile::Fd => Self::Fd,
            _ => Self::None,
        }
    }
}

/// Faults and how often each was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<Fault, u64>);

impl Faults {
    /// Counts one fault so many times more.
    pub fn add(&mut self, fault: Fault, times: u64) {
        if times > 0 {
            let count = self.0.entry(fault).or_default();
            *count = count.saturating_add(times);
        }
    }

    /// Counts all of `others` too.
    pub fn merge(&mut self, others: &Self) {
        for (fault, times) in others {
            self.add(fault, times);
        }
    }

    /// How often this one was met.
    pub fn count(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or(0)
    }

    /// The faults that were met, in order, each with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Fault, u64)> + '_ {
        self.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = (Fault, u64);
    type IntoIter =
        std::iter::Map<btree_map::Iter<'a, Fault, u64>, fn((&'a Fault, &'a u64)) -> (Fault, u64)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(fault, count)| (*fault, *count))
    }
}

impl FromIterator<(Fault, u64)> for Faults {
    fn from_iter<I: IntoIterator<Item = (Fault, u64)>>(faults: I) -> Self {
        let mut all = Self::default();
        for (fault, times) in faults {
            all.add(fault, times);
        }
        all
    }
}

//! The keys of lines, and what a line of each brings.

use std::fmt;

/// The lines that matter, by the kernel's names (`__show_smap` in `fs/proc/task_mmu.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Key {
    /// `Rss`
    Rss,
    /// `Pss`
    Pss,
    /// `Pss_Anon`
    PssAnon,
    /// `Pss_File`
    PssFile,
    /// `Pss_Shmem`
    PssShmem,
    /// `Shared_Clean`
    SharedClean,
    /// `Shared_Dirty`
    SharedDirty,
    /// `Private_Clean`
    PrivateClean,
    /// `Private_Dirty`
    PrivateDirty,
    /// `Private_Hugetlb`
    PrivateHugetlb,
    /// `Swap`
    Swap,
    /// `SwapPss`
    SwapPss,
}

impl Key {
    /// What every kernel writes, with or without the file's newer lines.
    pub(crate) const REQUIRED: [Self; 7] = [
        Self::Rss,
        Self::Pss,
        Self::SharedClean,
        Self::SharedDirty,
        Self::PrivateClean,
        Self::PrivateDirty,
        Self::Swap,
    ];

    /// The name as the kernel writes it, without the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rss => "Rss",
            Self::Pss => "Pss",
            Self::PssAnon => "Pss_Anon",
            Self::PssFile => "Pss_File",
            Self::PssShmem => "Pss_Shmem",
            Self::SharedClean => "Shared_Clean",
            Self::SharedDirty => "Shared_Dirty",
            Self::PrivateClean => "Private_Clean",
            Self::PrivateDirty => "Private_Dirty",
            Self::PrivateHugetlb => "Private_Hugetlb",
            Self::Swap => "Swap",
            Self::SwapPss => "SwapPss",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a line brings.
#[derive(Debug, PartialEq)]
pub(crate) enum Entry {
    /// A mapping begins.
    Mapping,
    /// So many bytes of this.
    Value(Key, u64),
}

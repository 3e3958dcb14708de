//! The memory of a process.

/// The memory of one process, in bytes (the kernel's `kB` is 1,024 bytes).
///
/// Fields are named as the kernel names them in `smaps_rollup` (`fs/proc/task_mmu.c`);
/// those that older kernels do not print are `None` when absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryUsage {
    /// `Rss`: resident set, shared pages counted in full.
    pub rss_bytes: u64,
    /// `Pss`: resident set, each shared page divided by the number of its mappers.
    pub pss_bytes: u64,
    /// `Pss_Anon`, since Linux 5.3.
    pub pss_anon_bytes: Option<u64>,
    /// `Pss_File`, since Linux 5.3.
    pub pss_file_bytes: Option<u64>,
    /// `Pss_Shmem`, since Linux 5.3.
    pub pss_shmem_bytes: Option<u64>,
    /// `Shared_Clean`.
    pub shared_clean_bytes: u64,
    /// `Shared_Dirty`.
    pub shared_dirty_bytes: u64,
    /// `Private_Clean`.
    pub private_clean_bytes: u64,
    /// `Private_Dirty`.
    pub private_dirty_bytes: u64,
    /// `Swap`: swapped-out anonymous memory.
    pub swap_bytes: u64,
    /// `SwapPss`, since Linux 4.3.
    pub swap_pss_bytes: Option<u64>,
    /// `Private_Hugetlb`, since Linux 4.4; not part of `Rss` or `Pss`.
    pub private_hugetlb_bytes: Option<u64>,
}

impl MemoryUsage {
    /// USS: what would be freed if the process exited, `Private_Clean + Private_Dirty`.
    pub const fn uss_bytes(&self) -> u64 {
        self.private_clean_bytes
            .saturating_add(self.private_dirty_bytes)
    }
}

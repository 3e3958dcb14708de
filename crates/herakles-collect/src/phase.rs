//! The phases of a scan, for those who measure it.

/// A part of a scan, in the order in which they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScanPhase {
    /// Finding all processes.
    List,
    /// Finding those that have not run.
    Detect,
    /// Looking at the others: what costs little to read of each, and the memory that is read along
    /// with it, as where all memory is.
    Observe,
    /// Reading the memory of those that are due, and the host's own files.
    Read,
    /// Classes, accounts, sums and ranks.
    Snapshot,
}

impl ScanPhase {
    /// The phase in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Detect => "detect",
            Self::Observe => "observe",
            Self::Read => "read",
            Self::Snapshot => "snapshot",
        }
    }
}

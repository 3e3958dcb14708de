//! Adds up lines by their keys and sees that all are there.

use crate::{Key, MemoryUsage, ParseErrorKind};

/// Sums by key, and which keys there were.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    usage: MemoryUsage,
    seen: KeySet,
}

impl Tally {
    /// Adds what a line says; each may come once in a mapping.
    #[inline]
    pub(crate) fn add(&mut self, key: Key, bytes: u64) -> Result<(), ParseErrorKind> {
        if self.seen.contains(key) {
            return Err(ParseErrorKind::Duplicate(key));
        }
        self.seen.insert(key);
        let slot = self.slot(key);
        *slot = slot
            .checked_add(bytes)
            .ok_or(ParseErrorKind::OutOfRange(key))?;
        Ok(())
    }

    /// Ends a mapping: it must have brought every line, and so must the next.
    pub(crate) fn close_mapping(&mut self) -> Result<(), ParseErrorKind> {
        self.complete()?;
        self.seen = KeySet::default();
        Ok(())
    }

    /// The sums, if all lines that every kernel writes were there.
    pub(crate) fn complete(&self) -> Result<MemoryUsage, ParseErrorKind> {
        match Key::REQUIRED
            .into_iter()
            .find(|&key| !self.seen.contains(key))
        {
            Some(key) => Err(ParseErrorKind::Missing(key)),
            None => Ok(self.usage),
        }
    }

    #[inline]
    fn slot(&mut self, key: Key) -> &mut u64 {
        let usage = &mut self.usage;
        match key {
            Key::Rss => &mut usage.rss_bytes,
            Key::Pss => &mut usage.pss_bytes,
            Key::PssAnon => usage.pss_anon_bytes.get_or_insert(0),
            Key::PssFile => usage.pss_file_bytes.get_or_insert(0),
            Key::PssShmem => usage.pss_shmem_bytes.get_or_insert(0),
            Key::SharedClean => &mut usage.shared_clean_bytes,
            Key::SharedDirty => &mut usage.shared_dirty_bytes,
            Key::PrivateClean => &mut usage.private_clean_bytes,
            Key::PrivateDirty => &mut usage.private_dirty_bytes,
            Key::PrivateHugetlb => usage.private_hugetlb_bytes.get_or_insert(0),
            Key::Swap => &mut usage.swap_bytes,
            Key::SwapPss => usage.swap_pss_bytes.get_or_insert(0),
        }
    }
}

/// A set of keys.
#[derive(Clone, Copy, Debug, Default)]
struct KeySet(u16);

impl KeySet {
    const fn contains(self, key: Key) -> bool {
        self.0 & (1 << key as u16) != 0
    }

    const fn insert(&mut self, key: Key) {
        self.0 |= 1 << key as u16;
    }
}

use std::sync::Arc;

/// The group and subgroup a process belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    /// The group, such as `db`.
    pub group: Arc<str>,
    /// The subgroup within the group, such as `postgres`.
    pub subgroup: Arc<str>,
}

/// A [`Class`] by its number in the table that made it; cheap to copy and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub(crate) u32);

impl ClassId {
    /// The position in the table, dense from 0.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

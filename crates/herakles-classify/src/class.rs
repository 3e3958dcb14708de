//! Group and subgroup, and their number.

use std::sync::Arc;

use serde::Serialize;

/// The group and subgroup a process belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Class {
    /// The group, such as `db`.
    pub group: Arc<str>,
    /// The subgroup within the group, such as `postgres`.
    pub subgroup: Arc<str>,
}

impl Class {
    /// The class of these two names.
    pub fn new(group: impl Into<Arc<str>>, subgroup: impl Into<Arc<str>>) -> Self {
        Self {
            group: group.into(),
            subgroup: subgroup.into(),
        }
    }

    /// Whether it says little of what its processes are: `other`, and `runtime`, of which only the
    /// language is known.
    pub fn is_generic(&self) -> bool {
        matches!(&*self.group, "other" | "runtime")
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.group, self.subgroup)
    }
}

/// A [`Class`] by its number in the [`ClassTable`](crate::ClassTable) that made it; cheap to copy
/// and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub(crate) u32);

impl ClassId {
    /// The position in the table, dense from 0.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

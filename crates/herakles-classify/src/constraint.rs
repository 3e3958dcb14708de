//! The conditions under which a rule's patterns count: users, control groups, parents.

use crate::cgroup;
use crate::facts::FactSource;
use crate::rule::Rule;

impl Rule {
    /// Whether all its constraints hold. A fact that is absent fails the constraint on it.
    pub(crate) fn admits<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.refused_by(facts).is_none()
    }

    /// The key of the first constraint that does not hold.
    pub(crate) fn refused_by<F: FactSource + ?Sized>(&self, facts: &F) -> Option<&'static str> {
        if !self.admits_user(facts) {
            Some("users")
        } else if !self.admits_cgroup(facts) {
            Some("cgroups")
        } else if !self.admits_parent(facts) {
            Some("parents")
        } else {
            None
        }
    }

    fn admits_user<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.users.is_empty()
            || facts
                .user()
                .is_some_and(|user| self.users.iter().any(|u| u == user))
    }

    fn admits_cgroup<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.cgroups.is_empty()
            || facts.cgroup().is_some_and(|text| {
                cgroup::paths(text)
                    .any(|path| self.cgroups.iter().any(|glob| glob.matcher.is_match(path)))
            })
    }

    fn admits_parent<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.parents.is_empty()
            || facts.parent_comm().is_some_and(|parent| {
                self.parents
                    .iter()
                    .any(|glob| glob.matcher.is_match(parent))
            })
    }
}

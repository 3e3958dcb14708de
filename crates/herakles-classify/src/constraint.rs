//! The conditions under which a rule's patterns count.

use std::sync::Arc;

use crate::cgroup;
use crate::facts::FactSource;
use crate::name::{self, CMDLINE_LEN};
use crate::pattern::{CmdlinePattern, GlobPattern, Matcher};

/// What must hold besides a pattern; each list that is empty does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Constraints {
    pub(crate) users: Box<[String]>,
    pub(crate) cgroups: Box<[GlobPattern]>,
    pub(crate) parents: Box<[GlobPattern]>,
    pub(crate) names: Box<[GlobPattern]>,
    pub(crate) argv0: Box<[GlobPattern]>,
    pub(crate) cmdline_all: Box<[Arc<CmdlinePattern>]>,
}

impl Constraints {
    /// The keys of a rule file, in the order in which they are looked at.
    pub(crate) const KEYS: [&'static str; 6] = [
        "names",
        "users",
        "cgroups",
        "parents",
        "argv0",
        "cmdline_all",
    ];

    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.cgroups.is_empty()
            && self.parents.is_empty()
            && self.names.is_empty()
            && self.argv0.is_empty()
            && self.cmdline_all.is_empty()
    }

    /// Whether the same is written in both.
    pub(crate) fn are_those_of(&self, other: &Self) -> bool {
        let globs = |one: &[GlobPattern], other: &[GlobPattern]| {
            let texts = one.iter().map(|pattern| pattern.text());
            texts.eq(other.iter().map(|pattern| pattern.text()))
        };
        let all = self.cmdline_all.iter().map(|pattern| pattern.text());
        self.users == other.users
            && globs(&self.cgroups, &other.cgroups)
            && globs(&self.parents, &other.parents)
            && globs(&self.names, &other.names)
            && globs(&self.argv0, &other.argv0)
            && all.eq(other.cmdline_all.iter().map(|pattern| pattern.text()))
    }

    /// The key of the first one that does not hold; the cheap ones come first. A fact that is
    /// absent fails the constraint on it.
    pub(crate) fn refused_by<F: FactSource + ?Sized>(&self, facts: &F) -> Option<&'static str> {
        let holds = [
            Self::admit_name,
            Self::admit_user,
            Self::admit_cgroup,
            Self::admit_parent,
            Self::admit_argv0,
            Self::admit_cmdline,
        ];
        let mut conditions = holds.into_iter().zip(Self::KEYS);
        conditions.find_map(|(holds, key)| (!holds(self, facts)).then_some(key))
    }

    fn admit_name<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.names.is_empty()
            || any(&self.names, facts.comm())
            || name::full_names(facts).any(|full| any(&self.names, full))
    }

    fn admit_user<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.users.is_empty()
            || facts
                .user()
                .is_some_and(|user| self.users.iter().any(|u| u == user))
    }

    fn admit_cgroup<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.cgroups.is_empty()
            || facts
                .cgroup()
                .is_some_and(|text| cgroup::paths(text).any(|path| any(&self.cgroups, path)))
    }

    fn admit_parent<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.parents.is_empty()
            || facts
                .parent_comm()
                .is_some_and(|parent| any(&self.parents, parent))
    }

    fn admit_argv0<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.argv0.is_empty()
            || name::first_argument(facts).is_some_and(|argument| {
                any(&self.argv0, argument) || any(&self.argv0, name::basename(argument))
            })
    }

    fn admit_cmdline<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.cmdline_all.is_empty()
            || facts
                .cmdline()
                .and_then(name::visible_cmdline)
                .is_some_and(|cmdline| {
                    let mut buffer = [0; CMDLINE_LEN];
                    let line = name::with_spaces(cmdline, &mut buffer);
                    self.cmdline_all
                        .iter()
                        .all(|pattern| pattern.is_match(line))
                })
    }
}

fn any(globs: &[GlobPattern], text: &[u8]) -> bool {
    globs.iter().any(|glob| glob.matcher.is_match(text))
}

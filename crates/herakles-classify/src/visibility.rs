//! Which subgroups are shown.

use std::collections::HashSet;

use crate::class::Class;
use crate::table::OTHER_NAME;

/// How the search lists choose subgroups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchMode {
    /// Every subgroup is shown.
    #[default]
    All,
    /// Only those the lists name are shown.
    Include,
    /// Those the lists name are hidden.
    Exclude,
}

/// Which subgroups appear in the output; hidden ones appear in no family.
#[derive(Clone, Debug, Default)]
pub struct Visibility {
    mode: SearchMode,
    groups: HashSet<String>,
    subgroups: HashSet<String>,
    disable_others: bool,
}

impl Visibility {
    /// A choice by lists: a subgroup is named if its group is in `groups`, or if its own name or
    /// `group/subgroup` is in `subgroups`. `disable_others` hides `other/other` besides.
    ///
    /// ```
    /// use herakles_classify::{Class, SearchMode, Visibility};
    ///
    /// let visibility = Visibility::new(SearchMode::Include, ["db"], ["web/nginx"], false);
    /// assert!(visibility.shows(&Class::new("db", "postgres")));
    /// assert!(visibility.shows(&Class::new("web", "nginx")));
    /// assert!(!visibility.shows(&Class::new("web", "caddy")));
    /// ```
    pub fn new<G, S>(mode: SearchMode, groups: G, subgroups: S, disable_others: bool) -> Self
    where
        G: IntoIterator<Item: Into<String>>,
        S: IntoIterator<Item: Into<String>>,
    {
        Self {
            mode,
            groups: groups.into_iter().map(Into::into).collect(),
            subgroups: subgroups.into_iter().map(Into::into).collect(),
            disable_others,
        }
    }

    /// Whether a subgroup is shown.
    pub fn shows(&self, class: &Class) -> bool {
        if self.disable_others && is_unclassified(class) {
            return false;
        }
        match self.mode {
            SearchMode::All => true,
            SearchMode::Include => self.names(class),
            SearchMode::Exclude => !self.names(class),
        }
    }

    fn names(&self, class: &Class) -> bool {
        self.groups.contains(&*class.group)
            || self.subgroups.contains(&*class.subgroup)
            || self.subgroups.iter().any(|name| {
                name.split_once('/')
                    .is_some_and(|pair| pair == (&*class.group, &*class.subgroup))
            })
    }
}

fn is_unclassified(class: &Class) -> bool {
    &*class.group == OTHER_NAME && &*class.subgroup == OTHER_NAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_lists() {
        let (postgres, nginx) = (Class::new("db", "postgres"), Class::new("web", "nginx"));
        let (gateway, other) = (Class::new("proxy", "nginx"), Class::new("other", "other"));
        let shown = |mode, groups: &[&str], subgroups: &[&str], disable_others| {
            let visibility = Visibility::new(
                mode,
                groups.iter().copied(),
                subgroups.iter().copied(),
                disable_others,
            );
            [&postgres, &nginx, &gateway, &other].map(|class| visibility.shows(class))
        };
        assert_eq!(shown(SearchMode::All, &["db"], &[], false), [true; 4]);
        assert_eq!(
            shown(SearchMode::All, &[], &[], true),
            [true, true, true, false]
        );
        assert_eq!(
            shown(SearchMode::Include, &["db"], &[], false),
            [true, false, false, false]
        );
        assert_eq!(
            shown(SearchMode::Include, &[], &["nginx"], false),
            [false, true, true, false]
        );
        assert_eq!(
            shown(SearchMode::Include, &["other"], &["web/nginx"], true),
            [false, true, false, false]
        );
        assert_eq!(
            shown(SearchMode::Exclude, &["db"], &["web/nginx"], false),
            [false, false, true, true]
        );
        assert_eq!(shown(SearchMode::Include, &[], &[], false), [false; 4]);
    }
}

//! Rules of a user's own that leave nothing to most of the built-in ones.

use crate::glob::Glob;
use crate::pattern::{Matcher, Pattern};
use crate::rule::{Rule, Rules};

use super::reach::{self, Reach};
use super::{Warning, WarningKind};

/// Fewer built-in rules than this may be hidden on purpose.
const MANY: usize = 100;

/// A glob with more bytes of its own does not hide many.
const MOST_LITERAL: usize = 2;

impl Rules {
    /// As [`lint`](Self::lint), and which of these rules hide many of those that come after them.
    ///
    /// `later` are the rules that come with the crate, or others that are to be appended: what is
    /// suspicious in them alone is not told.
    pub fn lint_before(&self, later: &Self) -> Vec<Warning> {
        let mut warnings = self.lint();
        warnings.extend(self.iter().filter_map(|rule| hiding(rule, later)));
        warnings
    }
}

fn hiding(rule: &Rule, later: &Rules) -> Option<Warning> {
    if !rule.constraints.is_empty() || rule.is_fallback() {
        return None;
    }
    let all_names = rule.names.iter().find(|glob| glob.matcher.is_all());
    let all_lines = rule
        .cmdlines
        .iter()
        .find(|pattern| matches!(reach::reach(pattern), Reach::Everything));
    let (hidden, text, line) = match (all_names, all_lines) {
        (Some(glob), _) => (later.len(), glob.text(), glob.line),
        (None, Some(pattern)) => (later.len(), pattern.text(), pattern.line),
        (None, None) => {
            let globs: Vec<&Pattern<Glob>> = rule
                .names
                .iter()
                .filter(|glob| glob.matcher.exact().is_none())
                .filter(|glob| glob.matcher.min_len() <= MOST_LITERAL)
                .collect();
            let first = globs.first()?;
            (count_hidden(&globs, later), first.text(), first.line)
        }
    };
    (hidden >= MANY).then(|| Warning {
        kind: WarningKind::Hiding,
        file: rule.origin.file.clone(),
        line,
        message: format!(
            "the rule for {}/{} leaves nothing to {hidden} of the {} built-in rules, by {text:?}; with \
             fallback = true it comes after them",
            rule.group(),
            rule.subgroup(),
            later.len()
        ),
    })
}

/// The rules that know programs by name alone, and of which each name is caught.
fn count_hidden(globs: &[&Pattern<Glob>], later: &Rules) -> usize {
    let is_caught = |name: &Glob| globs.iter().any(|glob| glob.matcher.covers(name));
    let is_hidden = |rule: &Rule| {
        let by_name_alone = rule.cmdlines.is_empty() && rule.exes.is_empty();
        by_name_alone && rule.names.iter().all(|name| is_caught(&name.matcher))
    };
    later.iter().filter(|rule| is_hidden(rule)).count()
}

//! Patterns of one kind that stand earlier, and what they leave to later ones.

use std::collections::HashMap;

use crate::glob::Glob;
use crate::name::COMM_LEN;
use crate::pattern::{CmdlinePattern, LazyRegex, Matcher, Pattern};
use crate::rule::Rule;

/// A pattern and the rule it is of.
type Placed<'r, M> = (&'r Rule, &'r Pattern<M>);

pub(super) struct Seen<'r, M> {
    by_text: HashMap<&'r str, Vec<Placed<'r, M>>>,
    /// Those with wildcards.
    globs: Vec<Placed<'r, M>>,
}

impl<'r, M: Matcher> Seen<'r, M> {
    pub(super) fn new() -> Self {
        Self {
            by_text: HashMap::new(),
            globs: Vec::new(),
        }
    }

    /// The first with this text that leaves nothing to the same text in `rule`.
    fn with_text(&self, text: &str, rule: &Rule) -> Option<Placed<'r, M>> {
        self.by_text
            .get(text)?
            .iter()
            .find(|(by, _)| by.leaves_nothing_to(rule))
            .copied()
    }

    fn note(&mut self, rule: &'r Rule, pattern: &'r Pattern<M>) {
        self.by_text
            .entry(pattern.text())
            .or_default()
            .push((rule, pattern));
    }
}

impl<'r> Seen<'r, LazyRegex> {
    /// An earlier expression that matches all that this one does, which is then noted too.
    pub(super) fn covering_cmdline(
        &mut self,
        rule: &'r Rule,
        pattern: &'r CmdlinePattern,
    ) -> Option<Placed<'r, LazyRegex>> {
        let found = self.with_text(pattern.text(), rule);
        self.note(rule, pattern);
        found
    }
}

impl<'r> Seen<'r, Glob> {
    /// An earlier path pattern that matches all that this one does, which is then noted too.
    pub(super) fn covering_path(
        &mut self,
        rule: &'r Rule,
        pattern: &'r Pattern<Glob>,
    ) -> Option<Placed<'r, Glob>> {
        let found = self.covering(rule, pattern);
        self.note_glob(rule, pattern);
        found
    }

    /// As [`covering_path`](Self::covering_path) for a name, which may also be caught by what the
    /// kernel cuts it to. Both forms in one rule are no mistake.
    pub(super) fn covering_name(
        &mut self,
        rule: &'r Rule,
        pattern: &'r Pattern<Glob>,
    ) -> Option<Placed<'r, Glob>> {
        let found = self
            .covering(rule, pattern)
            .or_else(|| self.covering_cut(rule, pattern));
        self.note_glob(rule, pattern);
        found
    }

    fn covering(&self, rule: &Rule, pattern: &Pattern<Glob>) -> Option<Placed<'r, Glob>> {
        self.with_text(pattern.text(), rule).or_else(|| {
            self.globs
                .iter()
                .find(|(by, glob)| {
                    glob.matcher.covers(&pattern.matcher) && by.leaves_nothing_to(rule)
                })
                .copied()
        })
    }

    fn covering_cut(&self, rule: &Rule, pattern: &Pattern<Glob>) -> Option<Placed<'r, Glob>> {
        let cut = pattern.matcher.exact()?.get(..COMM_LEN)?;
        let exact = std::str::from_utf8(cut)
            .ok()
            .and_then(|cut| self.with_text(cut, rule));
        let glob = || {
            self.globs
                .iter()
                .find(|(by, glob)| glob.matcher.is_match(cut) && by.leaves_nothing_to(rule))
        };
        exact
            .or_else(|| glob().copied())
            .filter(|(by, _)| !std::ptr::eq(*by, rule))
    }

    fn note_glob(&mut self, rule: &'r Rule, pattern: &'r Pattern<Glob>) {
        self.note(rule, pattern);
        if pattern.matcher.exact().is_none() {
            self.globs.push((rule, pattern));
        }
    }
}

impl Rule {
    /// Whether a process that matches it is kept from the later rule `other`, or from a later
    /// pattern of its own.
    ///
    /// A user's rule that takes what a built-in one would have caught is no mistake.
    fn leaves_nothing_to(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.precedes(other)
    }

    /// As [`leaves_nothing_to`](Self::leaves_nothing_to), of two rules.
    pub(in crate::lint) fn precedes(&self, later: &Self) -> bool {
        (!later.is_builtin() || self.is_builtin())
            && (self.constraints.is_empty() || self.constraints.are_those_of(&later.constraints))
    }
}

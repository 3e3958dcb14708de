//! A rule, and rules in the order in which they are tried.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::class::Class;
use crate::constraint::Constraints;
use crate::facts::FactSource;
use crate::pattern::{CmdlinePattern, GlobPattern, Matcher};
use crate::template::{Template, Variable};

/// How many values a template may take unless its rule says otherwise.
pub(crate) const DEFAULT_MAX_VALUES: usize = 50;

/// The name under which the rules that come with the crate appear as an origin.
pub(crate) const BUILTIN_ORIGIN: &str = "builtin";

/// Where a rule was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleOrigin {
    /// The name of the text as given to [`Rules::parse`]; `builtin` for the built-in rules.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for RuleOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One rule: patterns of which any may match, and constraints which all must hold.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) origin: RuleOrigin,
    pub(crate) group: Template,
    pub(crate) subgroup: Template,
    /// Both names as written: the class itself where no variable is in them.
    pub(crate) written: Class,
    pub(crate) names: Box<[GlobPattern]>,
    pub(crate) cmdlines: Box<[Arc<CmdlinePattern>]>,
    pub(crate) exes: Box<[GlobPattern]>,
    pub(crate) constraints: Constraints,
    pub(crate) fallback: bool,
    pub(crate) inherit: bool,
    pub(crate) always: bool,
    pub(crate) max_values: usize,
}

impl Rule {
    /// Where it was written.
    pub fn origin(&self) -> &RuleOrigin {
        &self.origin
    }

    /// The group as written, `{variables}` included.
    pub fn group(&self) -> &str {
        self.group.text()
    }

    /// The subgroup as written, `{variables}` included.
    pub fn subgroup(&self) -> &str {
        self.subgroup.text()
    }

    /// The class it puts processes in; none if its names hold variables.
    pub fn class(&self) -> Option<&Class> {
        self.is_plain().then_some(&self.written)
    }

    /// The patterns for the name (`matches`).
    pub fn matches(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|pattern| pattern.text())
    }

    /// The regular expressions for the command line (`cmdline_matches`).
    pub fn cmdline_matches(&self) -> impl ExactSizeIterator<Item = &str> {
        self.cmdlines.iter().map(|pattern| pattern.text())
    }

    /// The globs for the executable's path (`exe_matches`).
    pub fn exe_matches(&self) -> impl ExactSizeIterator<Item = &str> {
        self.exes.iter().map(|pattern| pattern.text())
    }

    /// The users it is limited to; empty for all.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &str> {
        self.constraints.users.iter().map(String::as_str)
    }

    /// The control groups it is limited to; empty for all.
    pub fn cgroups(&self) -> impl ExactSizeIterator<Item = &str> {
        texts(&self.constraints.cgroups)
    }

    /// The names of parents it is limited to; empty for all.
    pub fn parents(&self) -> impl ExactSizeIterator<Item = &str> {
        texts(&self.constraints.parents)
    }

    /// The names of processes it is limited to; empty for all.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        texts(&self.constraints.names)
    }

    /// The first arguments, or their file names, that it is limited to; empty for all.
    pub fn argv0(&self) -> impl ExactSizeIterator<Item = &str> {
        texts(&self.constraints.argv0)
    }

    /// The regular expressions that all must match the command line.
    pub fn cmdline_all(&self) -> impl ExactSizeIterator<Item = &str> {
        let expressions = self.constraints.cmdline_all.iter();
        expressions.map(|pattern| pattern.text())
    }

    /// Whether it is asked only after the built-in rules.
    pub fn is_fallback(&self) -> bool {
        self.fallback
    }

    /// Whether descendants that match no rule of the same or a higher precedence join.
    pub fn inherits(&self) -> bool {
        self.inherit
    }

    /// Whether its class shows from the start, before the first member.
    pub fn is_always_shown(&self) -> bool {
        self.always
    }

    /// How many different classes its variables may make at a time; none without variables.
    pub fn max_values(&self) -> Option<usize> {
        (!self.is_plain()).then_some(self.max_values)
    }

    /// Whether it came with the crate.
    pub fn is_builtin(&self) -> bool {
        &*self.origin.file == BUILTIN_ORIGIN
    }

    pub(crate) fn precedence(&self) -> Precedence {
        if self.fallback {
            Precedence::Fallback
        } else if self.is_builtin() {
            Precedence::Builtin
        } else {
            Precedence::Own
        }
    }

    /// Whether all its constraints hold.
    pub(crate) fn admits<F: FactSource + ?Sized>(&self, facts: &F) -> bool {
        self.constraints.refused_by(facts).is_none()
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.group.is_plain() && self.subgroup.is_plain()
    }

    /// The expressions whose captures its names may use.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Arc<CmdlinePattern>> {
        self.cmdlines.iter().chain(&self.constraints.cmdline_all)
    }

    /// Every variable of its names.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.group.variables().chain(self.subgroup.variables())
    }
}

fn texts(globs: &[GlobPattern]) -> impl ExactSizeIterator<Item = &str> {
    globs.iter().map(|pattern| pattern.text())
}

/// Whose word counts before whose, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Precedence {
    Own,
    Builtin,
    Fallback,
}

/// Rules in the order in which they are tried; the first that matches wins. Those with
/// `fallback = true` come last, whatever is appended.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Arc<Rule>>,
}

impl Rules {
    /// Puts more rules after these.
    pub fn append(&mut self, more: Self) {
        let rules = std::mem::take(&mut self.rules);
        *self = Self::in_order(rules.into_iter().chain(more.rules).collect());
    }

    pub(crate) fn in_order(mut rules: Vec<Arc<Rule>>) -> Self {
        rules.sort_by_key(|rule| rule.fallback);
        Self { rules }
    }

    /// The rules in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Rule>> {
        self.rules.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rule at a position.
    pub(crate) fn at(&self, index: usize) -> Option<&Arc<Rule>> {
        self.rules.get(index)
    }
}

impl FromIterator<Self> for Rules {
    /// Joins rule files, in the order given.
    fn from_iter<I: IntoIterator<Item = Self>>(files: I) -> Self {
        Self::in_order(files.into_iter().flat_map(|file| file.rules).collect())
    }
}

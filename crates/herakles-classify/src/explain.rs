//! Why a process is classified as it is.
//!
//! Walks the rules one by one, by itself without the search of [`Classifier`]: what is explained is
//! the rules as written, and the two ways check each other.

mod known;
mod reason;
mod text;

pub use known::known;

use std::sync::Arc;

use serde::Serialize;

use crate::class::Class;
use crate::classifier::Classifier;
use crate::facts::FactSource;
use crate::glob::Glob;
use crate::name::{self, CMDLINE_LEN, display_name};
use crate::pattern::{GlobPattern, Matcher, Pattern};
use crate::rule::{Rule, RuleOrigin};
use crate::script;
use crate::table::OTHER_NAME;

/// Which rule a process falls under and why; displays as text for people, serialises for
/// programs.
///
/// Says what the rules say of these facts. What a process inherits from its ancestors is settled
/// by [`ClassTable::place`](crate::ClassTable::place).
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The class, `other`/`other` if no rule matches.
    pub class: Class,
    /// The rule that decided, if any.
    pub matched: Option<RuleMatch>,
    /// The variables of that rule's names and what they stand for here.
    pub variables: Vec<VariableValue>,
    /// The rule that would decide if the first one were not there.
    pub next: Option<RuleMatch>,
    /// Rules before the one that decided whose patterns match but whose constraints do not hold.
    pub refused: Vec<Refusal>,
    /// How many rules there are.
    pub rules: usize,
    /// Facts that rules ask for and that are absent, so that those rules could not match.
    pub absent: Vec<Fact>,
}

/// A rule, and the pattern by which it matches.
#[derive(Clone, Debug, Serialize)]
pub struct RuleMatch {
    /// Where the rule stands.
    pub origin: RuleOrigin,
    /// Its group as written.
    pub group: String,
    /// Its subgroup as written.
    pub subgroup: String,
    /// The kind of pattern that matched.
    pub by: PatternKind,
    /// The pattern as written.
    pub pattern: String,
    /// The line of the pattern, from 1.
    pub pattern_line: u32,
    /// The text it was held against, made printable.
    pub text: String,
    /// The part of that text that matched, made printable; all of it for names and paths.
    pub part: String,
}

/// The kinds of pattern a rule may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PatternKind {
    /// `matches` on the name.
    Name,
    /// `matches` on the name in full, because the kernel cut it.
    FullName,
    /// `exe_matches`.
    Exe,
    /// `cmdline_matches`.
    Cmdline,
}

/// A variable of a template and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VariableValue {
    /// The name between the braces.
    pub name: String,
    /// What it stands for.
    pub value: String,
}

/// A rule that did not apply, and the constraint that kept it from applying.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// What matched.
    pub rule: RuleMatch,
    /// The key of the constraint that does not hold, such as `users` or `cmdline_all`.
    pub constraint: &'static str,
}

/// A fact by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fact {
    /// [`FactSource::cmdline`].
    Cmdline,
    /// [`FactSource::exe`].
    Exe,
    /// [`FactSource::cgroup`].
    Cgroup,
    /// [`FactSource::user`].
    User,
    /// [`FactSource::parent_comm`].
    ParentComm,
}

impl Classifier {
    /// Which rule these facts fall under, by which pattern, and what would come next.
    ///
    /// Tries the expressions of all rules. Each is compiled the first time, which takes a while, and
    /// kept, which takes megabytes: who goes on classifying is better off with
    /// [`explain_by_search`](Self::explain_by_search).
    pub fn explain<F: FactSource + ?Sized>(&self, facts: &F) -> Explanation {
        self.explain_among(facts, |_| true)
    }

    /// The same, but only those expressions are tried that the search does not rule out.
    pub fn explain_by_search<F: FactSource + ?Sized>(&self, facts: &F) -> Explanation {
        let cmdline = facts.cmdline().and_then(name::visible_cmdline);
        let possible = cmdline.map(|cmdline| self.possible_by_cmdline(cmdline));
        self.explain_among(facts, |rule| {
            possible.as_ref().is_some_and(|it| it.contains(&rule))
        })
    }

    /// Looks at the command line only for the rules, by index, that may match it.
    fn explain_among<F: FactSource + ?Sized>(
        &self,
        facts: &F,
        may_match_cmdline: impl Fn(usize) -> bool,
    ) -> Explanation {
        let mut winners: Vec<(&Arc<Rule>, RuleMatch)> = Vec::new();
        let mut refused = Vec::new();
        let cmdline = facts.cmdline().and_then(name::visible_cmdline);
        for (index, rule) in self.rules().iter().enumerate() {
            let cmdline = cmdline.filter(|_| may_match_cmdline(index));
            let Some(rule_match) = rule.first_match(facts, cmdline) else {
                continue;
            };
            match rule.constraints.refused_by(facts) {
                None => winners.push((rule, rule_match)),
                Some(constraint) if winners.is_empty() => {
                    refused.push(Refusal {
                        rule: rule_match,
                        constraint,
                    });
                }
                Some(_) => {}
            }
            if winners.len() == 2 {
                break;
            }
        }
        let mut winners = winners.into_iter();
        let first = winners.next();
        let class = match &first {
            Some((rule, _)) => rule.class_of(facts),
            None => Class::new(OTHER_NAME, OTHER_NAME),
        };
        let variables = first
            .as_ref()
            .map_or_else(Vec::new, |(rule, _)| variables(rule, facts));
        Explanation {
            class,
            matched: first.map(|(_, rule_match)| rule_match),
            variables,
            next: winners.next().map(|(_, rule_match)| rule_match),
            refused,
            rules: self.rules().len(),
            absent: self.absent(facts),
        }
    }

    fn absent<F: FactSource + ?Sized>(&self, facts: &F) -> Vec<Fact> {
        let needs = self.needs();
        let cmdline = facts.cmdline().and_then(name::visible_cmdline);
        [
            (Fact::Cmdline, needs.cmdline && cmdline.is_none()),
            (Fact::Exe, needs.exe && facts.exe().is_none()),
            (Fact::Cgroup, needs.cgroup && facts.cgroup().is_none()),
            (Fact::User, needs.user && facts.user().is_none()),
            (
                Fact::ParentComm,
                needs.parent_comm && facts.parent_comm().is_none(),
            ),
        ]
        .into_iter()
        .filter_map(|(fact, is_absent)| is_absent.then_some(fact))
        .collect()
    }
}

fn variables<F: FactSource + ?Sized>(rule: &Rule, facts: &F) -> Vec<VariableValue> {
    let mut values: Vec<VariableValue> = Vec::new();
    for variable in rule.variables() {
        if values.iter().all(|known| known.name != variable.name()) {
            let value = variable.value(rule, facts);
            values.push(VariableValue {
                name: variable.name().to_owned(),
                value,
            });
        }
    }
    values
}

impl Rule {
    /// The first of its patterns that matches, constraints aside.
    fn first_match<F: FactSource + ?Sized>(
        &self,
        facts: &F,
        cmdline: Option<&[u8]>,
    ) -> Option<RuleMatch> {
        self.match_of(PatternKind::Name, &self.names, facts.comm())
            .or_else(|| {
                name::full_names(facts)
                    .find_map(|full| self.match_of(PatternKind::FullName, &self.names, full))
            })
            .or_else(|| self.match_of(PatternKind::Exe, &self.exes, name::exe_path(facts.exe()?)))
            .or_else(|| self.cmdline_match(cmdline?))
    }

    fn match_of(&self, by: PatternKind, globs: &[GlobPattern], text: &[u8]) -> Option<RuleMatch> {
        let pattern: &Pattern<Glob> = globs.iter().find(|pattern| pattern.is_match(text))?;
        Some(self.matched(by, pattern, text, text))
    }

    fn cmdline_match(&self, cmdline: &[u8]) -> Option<RuleMatch> {
        let match_in = |line: &[u8]| {
            self.cmdlines.iter().find_map(|pattern| {
                let part = pattern.matcher.regex()?.find(line)?.as_bytes();
                Some(self.matched(PatternKind::Cmdline, pattern, line, part))
            })
        };
        let mut buffer = [0; CMDLINE_LEN];
        match_in(name::with_spaces(cmdline, &mut buffer))
            .or_else(|| match_in(script::program_line(cmdline, &mut buffer)?))
    }

    fn matched<M: Matcher>(
        &self,
        by: PatternKind,
        pattern: &Pattern<M>,
        text: &[u8],
        part: &[u8],
    ) -> RuleMatch {
        let printable = |bytes: &[u8]| {
            if bytes.is_empty() {
                String::new()
            } else {
                display_name(bytes)
            }
        };
        RuleMatch {
            origin: self.origin.clone(),
            group: self.group().to_owned(),
            subgroup: self.subgroup().to_owned(),
            by,
            pattern: pattern.text().to_owned(),
            pattern_line: pattern.line,
            text: printable(text),
            part: printable(part),
        }
    }
}

//! Rules that load but cannot mean what their author meant.

mod digest;
mod hiding;
mod reach;
mod seen;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::pattern::{Matcher, Pattern};
use crate::quote::quoted;
use crate::rule::{Rule, Rules};
use reach::Reach;
use seen::Seen;

/// Something suspicious in a rule file. Displays as `FILE:LINE: MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What is suspicious, for programs.
    pub kind: WarningKind,
    /// The name of the text as given to [`Rules::parse`].
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// What is suspicious and why, for people.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// The kinds of [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WarningKind {
    /// The same pattern stands earlier.
    Duplicate,
    /// An earlier pattern catches all that this one could.
    Shadowed,
    /// Nothing can ever match.
    Unmatchable,
    /// Everything matches.
    Boundless,
    /// A rule of the user's own leaves nothing to very many built-in ones.
    Hiding,
}

impl Rules {
    /// What is suspicious in these rules, in their order.
    ///
    /// That a user's rule takes what a built-in one would have caught is no matter for a warning.
    ///
    /// ```
    /// use herakles_classify::Rules;
    ///
    /// let rules = Rules::parse(
    ///     "subgroups = [{ group = 'db', subgroup = 'postgres', matches = ['pg_*', 'pg_dump'] }]",
    ///     "my.toml",
    /// )?;
    /// let warnings = rules.lint();
    /// assert_eq!(
    ///     warnings[0].to_string(),
    ///     "my.toml:1: pattern \"pg_dump\" is never reached, \"pg_*\" at my.toml:1 catches it all"
    /// );
    /// # Ok::<_, herakles_classify::RuleError>(())
    /// ```
    pub fn lint(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let (mut names, mut exes, mut cmdlines) = (Seen::new(), Seen::new(), Seen::new());
        let mut catching_all: Vec<CatchAll<'_>> = Vec::new();
        for rule in self.iter().map(AsRef::as_ref) {
            let mut findings = Findings {
                rule,
                out: &mut warnings,
            };
            if let Some(all) = catching_all.iter().find(|all| all.by.precedes(rule)) {
                findings.shadowed_rule(all);
                continue;
            }
            findings.by_themselves();
            for pattern in &rule.names {
                findings.covered(pattern, names.covering_name(rule, pattern));
                if pattern.matcher.is_all() {
                    let what = "every process";
                    catching_all.push(CatchAll::new(rule, pattern, what));
                }
            }
            for pattern in &rule.exes {
                findings.covered(pattern, exes.covering_path(rule, pattern));
            }
            for pattern in rule.cmdlines.iter().map(AsRef::as_ref) {
                findings.covered(pattern, cmdlines.covering_cmdline(rule, pattern));
                if matches!(reach::reach(pattern), Reach::Everything) {
                    let what = "every process with a command line";
                    catching_all.push(CatchAll::new(rule, pattern, what));
                }
            }
        }
        warnings
    }
}

/// A pattern that leaves nothing to later rules.
struct CatchAll<'r> {
    by: &'r Rule,
    text: &'r str,
    line: u32,
    what: &'static str,
}

impl<'r> CatchAll<'r> {
    fn new<M: Matcher>(by: &'r Rule, pattern: &'r Pattern<M>, what: &'static str) -> Self {
        Self {
            by,
            text: pattern.text(),
            line: pattern.line,
            what,
        }
    }
}

/// Warnings about one rule.
struct Findings<'w> {
    rule: &'w Rule,
    out: &'w mut Vec<Warning>,
}

impl Findings<'_> {
    fn push(&mut self, kind: WarningKind, line: u32, message: String) {
        let file = self.rule.origin.file.clone();
        self.out.push(Warning {
            kind,
            file,
            line,
            message,
        });
    }

    fn shadowed_rule(&mut self, all: &CatchAll<'_>) {
        let message = format!(
            "the rule for {}/{} is never reached, {} at {}:{} catches {}",
            self.rule.group(),
            self.rule.subgroup(),
            quoted(all.text),
            all.by.origin.file,
            all.line,
            all.what
        );
        self.push(WarningKind::Shadowed, self.rule.origin.line, message);
    }

    /// A pattern for which an earlier one, if any, leaves nothing.
    fn covered<M: Matcher>(&mut self, pattern: &Pattern<M>, by: Option<(&Rule, &Pattern<M>)>) {
        let Some((by, other)) = by else { return };
        let place = format!("{}:{}", by.origin.file, other.line);
        if other.text() == pattern.text() {
            let message = format!(
                "pattern {} stands at {place} already",
                quoted(pattern.text())
            );
            self.push(WarningKind::Duplicate, pattern.line, message);
        } else {
            let message = format!(
                "pattern {} is never reached, {} at {place} catches it all",
                quoted(pattern.text()),
                quoted(other.text())
            );
            self.push(WarningKind::Shadowed, pattern.line, message);
        }
    }

    /// Patterns that match nothing or everything by themselves.
    fn by_themselves(&mut self) {
        let rule = self.rule;
        for pattern in &rule.names {
            self.never(pattern, reach::unmatchable_name(pattern));
        }
        for pattern in &rule.exes {
            self.never(pattern, reach::unmatchable_exe(pattern));
        }
        for pattern in &rule.constraints.names {
            self.never(pattern, reach::unmatchable_name(pattern));
        }
        for pattern in &rule.constraints.cgroups {
            self.never(pattern, reach::unmatchable_cgroup(pattern));
        }
        for pattern in &rule.constraints.parents {
            self.never(pattern, reach::unmatchable_parent(pattern));
        }
        for pattern in rule.expressions() {
            match reach::reach(pattern) {
                Reach::Nothing(why) => self.never(pattern, Some(why)),
                Reach::Everything => {
                    let message = format!(
                        "pattern {} matches every command line",
                        quoted(pattern.text())
                    );
                    self.push(WarningKind::Boundless, pattern.line, message);
                }
                Reach::Something => {}
            }
        }
    }

    fn never<M: Matcher>(&mut self, pattern: &Pattern<M>, why: Option<&str>) {
        if let Some(why) = why {
            let message = format!("pattern {} never matches: {why}", quoted(pattern.text()));
            self.push(WarningKind::Unmatchable, pattern.line, message);
        }
    }
}

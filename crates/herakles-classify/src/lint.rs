//! Rules that load but cannot mean what their author meant.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::glob::Glob;
use crate::name::{CMDLINE_LEN, COMM_LEN};
use crate::pattern::{CmdlinePattern, LiteralSet, Matcher, Pattern, parse_regex};
use crate::rule::{Rule, Rules};

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
        let rules: Vec<&Rule> = self.iter().map(AsRef::as_ref).collect();
        for (index, rule) in rules.iter().enumerate() {
            let earlier: Vec<&Rule> = rules
                .iter()
                .take(index)
                .filter(|earlier| earlier.precedes(rule))
                .copied()
                .collect();
            let mut found = Findings {
                rule,
                out: &mut warnings,
            };
            if let Some(all) = earlier
                .iter()
                .find_map(|rule| rule.catch_all().map(|p| (*rule, p)))
            {
                found.shadowed_rule(all);
                continue;
            }
            found.unmatchable();
            found.covered(
                &earlier,
                |rule| &rule.names,
                |earlier, later, is_other_rule| {
                    earlier.matcher.covers(&later.matcher)
                        || is_other_rule && covers_cut(&earlier.matcher, &later.matcher)
                },
            );
            found.covered(
                &earlier,
                |rule| &rule.exes,
                |earlier, later, _| earlier.matcher.covers(&later.matcher),
            );
            found.covered(
                &earlier,
                |rule| &rule.cmdlines,
                |earlier, later, _| earlier.text == later.text,
            );
        }
        warnings
    }
}

impl Rule {
    /// Whether it takes, as the earlier one, all processes that its patterns match and `later`
    /// admits, and both are the concern of one author.
    fn precedes(&self, later: &Self) -> bool {
        (!later.is_builtin() || self.is_builtin())
            && (!self.is_constrained() || self.has_constraints_of(later))
    }

    fn is_constrained(&self) -> bool {
        !(self.users.is_empty() && self.cgroups.is_empty() && self.parents.is_empty())
    }

    fn has_constraints_of(&self, other: &Self) -> bool {
        self.users().eq(other.users())
            && self.cgroups().eq(other.cgroups())
            && self.parents().eq(other.parents())
    }

    /// Its pattern that every process matches.
    fn catch_all(&self) -> Option<&Pattern<Glob>> {
        self.names
            .iter()
            .map(AsRef::as_ref)
            .find(|pattern| pattern.matcher.is_all())
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

    fn shadowed_rule(&mut self, (by, pattern): (&Rule, &Pattern<Glob>)) {
        let message = format!(
            "the rule for {}/{} is never reached, {:?} at {}:{} catches every process",
            self.rule.group(),
            self.rule.subgroup(),
            pattern.text,
            by.origin.file,
            pattern.line
        );
        self.push(WarningKind::Shadowed, self.rule.origin.line, message);
    }

    /// Patterns of one kind for which an earlier one leaves nothing, in an earlier rule or before
    /// it in the same one. `covers` is told besides whether the rules are two.
    fn covered<M>(
        &mut self,
        earlier: &[&Rule],
        of: impl Fn(&Rule) -> &[Arc<Pattern<M>>],
        covers: impl Fn(&Pattern<M>, &Pattern<M>, bool) -> bool,
    ) {
        let rule = self.rule;
        for (index, pattern) in of(rule).iter().enumerate() {
            let before = of(rule).iter().take(index).map(|other| (rule, other));
            let by = earlier
                .iter()
                .flat_map(|rule| of(rule).iter().map(move |other| (*rule, other)))
                .chain(before)
                .find(|(by, other)| covers(other, pattern, !std::ptr::eq(*by, rule)));
            let Some((by, other)) = by else { continue };
            let place = format!("{}:{}", by.origin.file, other.line);
            if other.text == pattern.text {
                let message = format!("pattern {:?} stands at {place} already", pattern.text);
                self.push(WarningKind::Duplicate, pattern.line, message);
            } else {
                let message = format!(
                    "pattern {:?} is never reached, {:?} at {place} catches it all",
                    pattern.text, other.text
                );
                self.push(WarningKind::Shadowed, pattern.line, message);
            }
        }
    }

    /// Patterns that match nothing or everything by themselves.
    fn unmatchable(&mut self) {
        let rule = self.rule;
        for pattern in &rule.names {
            let exact = pattern.matcher.exact();
            if exact.is_some_and(|name| name.len() > COMM_LEN && name.contains(&b'/')) {
                self.never(
                    pattern,
                    "a name this long is compared with file names, which hold no /",
                );
            }
        }
        for pattern in &rule.exes {
            if pattern.matcher.starts_unlike(b'/') {
                self.never(pattern, "paths of executables start with /");
            }
        }
        for pattern in &rule.cgroups {
            if pattern.matcher.starts_unlike(b'/') {
                self.never(pattern, "paths of control groups start with /");
            }
        }
        for pattern in &rule.parents {
            if pattern.matcher.min_len() > COMM_LEN {
                self.never(
                    pattern,
                    "names of parents are known by their first 15 bytes",
                );
            }
        }
        for pattern in &rule.cmdlines {
            match pattern.reach() {
                Reach::Nothing => self.never(pattern, "nothing is at once all that it asks for"),
                Reach::TooLong => {
                    self.never(
                        pattern,
                        "only the first 4 KiB of a command line are looked at",
                    );
                }
                Reach::Nul => self.never(pattern, "NULs in command lines are seen as spaces"),
                Reach::Everything => {
                    let message = format!("pattern {:?} matches every command line", pattern.text);
                    self.push(WarningKind::Boundless, pattern.line, message);
                }
                Reach::Something => {}
            }
        }
    }

    fn never<M>(&mut self, pattern: &Pattern<M>, why: &str) {
        let message = format!("pattern {:?} never matches: {why}", pattern.text);
        self.push(WarningKind::Unmatchable, pattern.line, message);
    }
}

/// Whether `earlier` takes every process of the name `later` by what the kernel cuts it to. Both
/// forms in one rule are no mistake.
fn covers_cut(earlier: &Glob, later: &Glob) -> bool {
    let cut = later.exact().and_then(|name| name.get(..COMM_LEN));
    cut.is_some_and(|cut| earlier.is_match(cut))
}

/// What a regular expression can match, of all command lines.
enum Reach {
    Nothing,
    TooLong,
    Nul,
    Something,
    Everything,
}

impl CmdlinePattern {
    fn reach(&self) -> Reach {
        let Ok(hir) = parse_regex(&self.text) else {
            return Reach::Nothing;
        };
        let properties = hir.properties();
        match properties.minimum_len() {
            None => Reach::Nothing,
            Some(shortest) if shortest > CMDLINE_LEN => Reach::TooLong,
            Some(0) if properties.look_set().is_empty() => Reach::Everything,
            Some(_) => {
                let holds_nul = |set: &LiteralSet| set.iter().all(|text| text.contains(&0));
                if self.required_literals().iter().any(holds_nul) {
                    Reach::Nul
                } else {
                    Reach::Something
                }
            }
        }
    }
}

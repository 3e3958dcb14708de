//! Rule files: TOML in, [`Rule`]s out, every mistake with its place.
//!
//! Walks the parsed document by hand rather than deriving a deserializer: a derived one knows
//! positions only of what it was told to track, and words its messages for programmers.

mod document;

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::class::Class;
use crate::constraint::Constraints;
use crate::error::{RuleError, RuleErrorKind};
use crate::glob::Glob;
use crate::name::printable;
use crate::pattern::{CmdlinePattern, GlobPattern, LazyRegex, Pattern};
use crate::rule::{BUILTIN_ORIGIN, DEFAULT_MAX_VALUES, Rule, RuleOrigin, Rules};
use crate::template::{BUILT_IN, Template, Variable};
use document::{Source, TomlTable, TomlValue, entry, nearest};

const SECTION: &str = "subgroups";

const KEYS: [&str; 15] = [
    "group",
    "subgroup",
    "matches",
    "cmdline_matches",
    "exe_matches",
    "users",
    "cgroups",
    "parents",
    "names",
    "argv0",
    "cmdline_all",
    "fallback",
    "inherit",
    "always",
    "max_values",
];

/// The range of `max_values`.
const MAX_VALUES: std::ops::RangeInclusive<usize> = 1..=10_000;

impl Rules {
    /// Reads the rules of one file.
    ///
    /// Both forms are the same to TOML and to us: `[[subgroups]]` tables, and the older
    /// `subgroups = [ { … } ]`. `origin` names the text in errors and in
    /// [`Rule::origin`]; usually the file's path.
    ///
    /// # Errors
    /// The first mistake, with its line and column.
    ///
    /// ```
    /// use herakles_classify::Rules;
    ///
    /// let error = Rules::parse("[[subgroups]]\ngroup = 'db'\nmatchs = ['x']", "my.toml").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "my.toml:3:1: unknown key matchs, the nearest known one is matches"
    /// );
    /// ```
    pub fn parse(text: &str, origin: &str) -> Result<Self, RuleError> {
        rules(text, origin).map(Self::in_order)
    }

    /// The rules that come with the crate.
    pub fn builtin() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the text is part of the crate, a test reads it"
        )]
        Self::parse(include_str!("../data/subgroups.toml"), BUILTIN_ORIGIN)
            .expect("the built-in rules are valid")
    }
}

/// Reads a rule file.
fn rules(text: &str, origin: &str) -> Result<Vec<Arc<Rule>>, RuleError> {
    let source = Source::new(text, origin);
    let document = DeTable::parse(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        source.error(
            RuleErrorKind::Syntax,
            error.span().unwrap_or_default(),
            message,
        )
    })?;
    let document = document.get_ref();
    source.check_keys(document, &[SECTION])?;
    let Some((_, section)) = entry(document, SECTION) else {
        return Ok(Vec::new());
    };
    source
        .items(section, SECTION)?
        .iter()
        .map(|item| source.rule(item).map(Arc::new))
        .collect()
}

impl Source<'_> {
    fn rule(&self, item: &TomlValue<'_>) -> Result<Rule, RuleError> {
        let DeValue::Table(table) = item.get_ref() else {
            let message = "every item of subgroups must be a table";
            return Err(self.error(RuleErrorKind::BadValue, item.span(), message));
        };
        self.check_keys(table, &KEYS)?;
        let (group, group_span) = self.template(table, item, "group")?;
        let (subgroup, subgroup_span) = self.template(table, item, "subgroup")?;
        let rule = Rule {
            origin: RuleOrigin {
                file: self.origin.clone(),
                line: self.line(item.span().start),
            },
            names: self.globs(table, "matches")?,
            cmdlines: self.regexes(table, "cmdline_matches")?,
            exes: self.globs(table, "exe_matches")?,
            constraints: self.constraints(table)?,
            fallback: self.flag(table, "fallback")?,
            inherit: self.flag(table, "inherit")?,
            always: self.flag(table, "always")?,
            max_values: self.max_values(table)?,
            written: Class::new(group.text().clone(), subgroup.text().clone()),
            group,
            subgroup,
        };
        if rule.names.is_empty() && rule.cmdlines.is_empty() && rule.exes.is_empty() {
            let message = "a rule needs matches, cmdline_matches or exe_matches (matches = [\"*\"] \
                           leaves the choice to its constraints)";
            return Err(self.error(RuleErrorKind::EmptyRule, item.span(), message));
        }
        self.check_variables(&rule, &rule.group, group_span)?;
        self.check_variables(&rule, &rule.subgroup, subgroup_span)?;
        self.check_plain_only(&rule, table)?;
        Ok(rule)
    }

    fn constraints(&self, table: &TomlTable<'_>) -> Result<Constraints, RuleError> {
        let users = self.strings(table, "users")?;
        Ok(Constraints {
            users: users.into_iter().map(|(user, _)| user).collect(),
            cgroups: self.globs(table, "cgroups")?,
            parents: self.globs(table, "parents")?,
            names: self.globs(table, "names")?,
            argv0: self.globs(table, "argv0")?,
            cmdline_all: self.regexes(table, "cmdline_all")?,
        })
    }

    fn template(
        &self,
        table: &TomlTable<'_>,
        item: &TomlValue<'_>,
        key: &str,
    ) -> Result<(Template, Range<usize>), RuleError> {
        let Some((_, value)) = entry(table, key) else {
            let message = format!("a rule needs {key}");
            return Err(self.error(RuleErrorKind::MissingKey, item.span(), message));
        };
        let text = self.text(value, key)?;
        let template = Template::parse(&printable(text)).map_err(|what| {
            self.error(
                RuleErrorKind::BadTemplate,
                value.span(),
                format!("bad {key}: {what}"),
            )
        })?;
        Ok((template, value.span()))
    }

    /// Refuses variables that nothing defines.
    fn check_variables(
        &self,
        rule: &Rule,
        template: &Template,
        span: Range<usize>,
    ) -> Result<(), RuleError> {
        for variable in template.variables() {
            let Variable::Capture(name) = variable else {
                continue;
            };
            let captures = rule
                .expressions()
                .filter_map(|pattern| pattern.matcher.regex());
            let captures = captures.flat_map(|regex| regex.capture_names().flatten());
            let known: Vec<&str> = BUILT_IN
                .iter()
                .map(|(name, _)| *name)
                .chain(captures)
                .collect();
            if !known.contains(&name.as_str()) {
                let message = match nearest(name, &known) {
                    Some(near) => {
                        format!("unknown variable {{{name}}}, the nearest known one is {{{near}}}")
                    }
                    None => format!(
                        "unknown variable {{{name}}}: known are {} and the named captures of \
                         cmdline_matches and cmdline_all",
                        known.join(", ")
                    ),
                };
                return Err(self.error(RuleErrorKind::BadTemplate, span, message));
            }
        }
        Ok(())
    }

    /// `always` needs names known beforehand, `max_values` names that are not.
    fn check_plain_only(&self, rule: &Rule, table: &TomlTable<'_>) -> Result<(), RuleError> {
        let (key, message) = if rule.is_plain() {
            (
                "max_values",
                "max_values needs {variables} in group or subgroup",
            )
        } else if rule.always {
            (
                "always",
                "always needs a group and subgroup without {variables}",
            )
        } else {
            return Ok(());
        };
        match entry(table, key) {
            Some((place, _)) => Err(self.error(RuleErrorKind::BadValue, place, message)),
            None => Ok(()),
        }
    }

    fn globs(&self, table: &TomlTable<'_>, key: &str) -> Result<Box<[GlobPattern]>, RuleError> {
        self.patterns(table, key, |text, span| {
            Glob::parse(text).map_err(|what| {
                self.error(
                    RuleErrorKind::BadGlob,
                    span,
                    format!("bad glob in {key}: {what}"),
                )
            })
        })
    }

    fn regexes(
        &self,
        table: &TomlTable<'_>,
        key: &str,
    ) -> Result<Box<[Arc<CmdlinePattern>]>, RuleError> {
        let patterns = self.patterns(table, key, |text, span| {
            LazyRegex::parse(text).map_err(|what| {
                self.error(
                    RuleErrorKind::BadRegex,
                    span,
                    format!("bad regular expression in {key}: {what}"),
                )
            })
        })?;
        Ok(patterns.into_iter().map(Arc::new).collect())
    }

    fn patterns<M>(
        &self,
        table: &TomlTable<'_>,
        key: &str,
        compile: impl Fn(&str, Range<usize>) -> Result<M, RuleError>,
    ) -> Result<Box<[Pattern<M>]>, RuleError> {
        self.strings(table, key)?
            .into_iter()
            .map(|(text, span)| {
                let matcher = compile(&text, span.clone())?;
                Ok(Pattern {
                    line: self.line(span.start),
                    matcher,
                })
            })
            .collect()
    }

    fn max_values(&self, table: &TomlTable<'_>) -> Result<usize, RuleError> {
        let Some((_, value)) = entry(table, "max_values") else {
            return Ok(DEFAULT_MAX_VALUES);
        };
        value
            .get_ref()
            .as_integer()
            .and_then(|integer| usize::from_str_radix(integer.as_str(), integer.radix()).ok())
            .filter(|count| MAX_VALUES.contains(count))
            .ok_or_else(|| {
                let message = format!(
                    "max_values must be an integer from {} to {}",
                    MAX_VALUES.start(),
                    MAX_VALUES.end()
                );
                self.error(RuleErrorKind::BadValue, value.span(), message)
            })
    }
}

//! Rule files: TOML in, [`Rule`]s out, every mistake with its place.
//!
//! Walks the parsed document by hand rather than deriving a deserializer: a derived one knows
//! positions only of what it was told to track, and words its messages for programmers.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::class::Class;
use crate::error::{RuleError, RuleErrorKind};
use crate::glob::Glob;
use crate::pattern::{CmdlinePattern, GlobPattern, Pattern, compile_regex};
use crate::rule::{DEFAULT_MAX_VALUES, Origin, Rule};
use crate::template::{BUILT_IN, Template, Variable};

const SECTION: &str = "subgroups";

const KEYS: [&str; 11] = [
    "group",
    "subgroup",
    "matches",
    "cmdline_matches",
    "exe_matches",
    "users",
    "cgroups",
    "parents",
    "inherit",
    "always",
    "max_values",
];

/// The range of `max_values`.
const MAX_VALUES: std::ops::RangeInclusive<usize> = 1..=10_000;

type Table<'t> = DeTable<'t>;
type Value<'t> = Spanned<DeValue<'t>>;

/// Reads a rule file.
pub(crate) fn rules(text: &str, origin: &str) -> Result<Vec<Arc<Rule>>, RuleError> {
    let source = Source {
        text,
        origin: origin.into(),
    };
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

/// The text being read, to turn spans into places.
struct Source<'t> {
    text: &'t str,
    origin: Arc<str>,
}

impl Source<'_> {
    fn error(
        &self,
        kind: RuleErrorKind,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> RuleError {
        let (line, column) = self.place(span.start);
        RuleError {
            kind,
            origin: self.origin.clone(),
            line,
            column,
            message: message.into(),
        }
    }

    /// Line and column, both from 1, the column in characters.
    fn place(&self, offset: usize) -> (u32, u32) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (
            u32::try_from(line).unwrap_or(u32::MAX),
            u32::try_from(column).unwrap_or(u32::MAX),
        )
    }

    fn line(&self, offset: usize) -> u32 {
        self.place(offset).0
    }

    /// Refuses the first key, in order of the text, that is not among `known`.
    fn check_keys(&self, table: &Table<'_>, known: &[&'static str]) -> Result<(), RuleError> {
        let unknown = table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        match unknown {
            None => Ok(()),
            Some(key) => {
                let name = key.get_ref();
                let message = match nearest(name, known) {
                    Some(near) => format!("unknown key {name}, the nearest known one is {near}"),
                    None => format!("unknown key {name}, known are {}", known.join(", ")),
                };
                Err(self.error(RuleErrorKind::UnknownKey, key.span(), message))
            }
        }
    }

    fn rule(&self, item: &Value<'_>) -> Result<Rule, RuleError> {
        let DeValue::Table(table) = item.get_ref() else {
            let message = "every item of subgroups must be a table";
            return Err(self.error(RuleErrorKind::BadValue, item.span(), message));
        };
        self.check_keys(table, &KEYS)?;
        let (group, group_span) = self.template(table, item, "group")?;
        let (subgroup, subgroup_span) = self.template(table, item, "subgroup")?;
        let rule = Rule {
            origin: Origin {
                file: self.origin.clone(),
                line: self.line(item.span().start),
            },
            names: self
                .globs(table, "matches")?
                .into_iter()
                .map(Arc::new)
                .collect(),
            cmdlines: self.regexes(table, "cmdline_matches")?,
            exes: self
                .globs(table, "exe_matches")?
                .into_iter()
                .map(Arc::new)
                .collect(),
            users: self
                .strings(table, "users")?
                .into_iter()
                .map(|(user, _)| user)
                .collect(),
            cgroups: self.globs(table, "cgroups")?,
            parents: self.globs(table, "parents")?,
            inherit: self.flag(table, "inherit")?,
            always: self.flag(table, "always")?,
            max_values: self.max_values(table)?,
            written: Class::new(group.text(), subgroup.text()),
            group,
            subgroup,
        };
        if rule.names.is_empty() && rule.cmdlines.is_empty() && rule.exes.is_empty() {
            let message = "a rule needs matches, cmdline_matches or exe_matches (matches = [\"*\"] \
                           leaves the choice to users, cgroups and parents)";
            return Err(self.error(RuleErrorKind::EmptyRule, item.span(), message));
        }
        self.check_variables(&rule, &rule.group, group_span)?;
        self.check_variables(&rule, &rule.subgroup, subgroup_span)?;
        self.check_plain_only(&rule, table)?;
        Ok(rule)
    }

    fn template(
        &self,
        table: &Table<'_>,
        item: &Value<'_>,
        key: &str,
    ) -> Result<(Template, Range<usize>), RuleError> {
        let Some((_, value)) = entry(table, key) else {
            let message = format!("a rule needs {key}");
            return Err(self.error(RuleErrorKind::MissingKey, item.span(), message));
        };
        let text = self.text(value, key)?;
        let template = Template::parse(text).map_err(|what| {
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
        let mut known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        known.extend(
            rule.cmdlines
                .iter()
                .flat_map(|p| p.matcher.capture_names().flatten()),
        );
        for variable in template.variables() {
            if let Variable::Capture(name) = variable
                && !known.contains(&name.as_str())
            {
                let message = match nearest(name, &known) {
                    Some(near) => {
                        format!("unknown variable {{{name}}}, the nearest known one is {{{near}}}")
                    }
                    None => format!(
                        "unknown variable {{{name}}}: known are {} and the named captures of \
                         cmdline_matches",
                        known.join(", ")
                    ),
                };
                return Err(self.error(RuleErrorKind::BadTemplate, span, message));
            }
        }
        Ok(())
    }

    /// `always` needs names known beforehand, `max_values` names that are not.
    fn check_plain_only(&self, rule: &Rule, table: &Table<'_>) -> Result<(), RuleError> {
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

    fn globs(&self, table: &Table<'_>, key: &str) -> Result<Vec<GlobPattern>, RuleError> {
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

    fn regexes(&self, table: &Table<'_>, key: &str) -> Result<Vec<Arc<CmdlinePattern>>, RuleError> {
        let patterns = self.patterns(table, key, |text, span| {
            compile_regex(text).map_err(|what| {
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
        table: &Table<'_>,
        key: &str,
        compile: impl Fn(&str, Range<usize>) -> Result<M, RuleError>,
    ) -> Result<Vec<Pattern<M>>, RuleError> {
        self.strings(table, key)?
            .into_iter()
            .map(|(text, span)| {
                let matcher = compile(&text, span.clone())?;
                Ok(Pattern {
                    text,
                    line: self.line(span.start),
                    matcher,
                })
            })
            .collect()
    }

    fn strings(
        &self,
        table: &Table<'_>,
        key: &str,
    ) -> Result<Vec<(String, Range<usize>)>, RuleError> {
        let Some((_, value)) = entry(table, key) else {
            return Ok(Vec::new());
        };
        self.items(value, key)?
            .iter()
            .map(|item| Ok((self.text(item, key)?.to_owned(), item.span())))
            .collect()
    }

    fn items<'v, 't>(&self, value: &'v Value<'t>, key: &str) -> Result<&'v [Value<'t>], RuleError> {
        match value.get_ref() {
            DeValue::Array(items) => Ok(items),
            other => {
                let hint = match other {
                    DeValue::String(text) => format!(", write {key} = [{text:?}]"),
                    DeValue::Table(_) => format!(", write [[{key}]]"),
                    _ => String::new(),
                };
                let message = format!("{key} must be a list, not {}{hint}", type_name(other));
                Err(self.error(RuleErrorKind::BadValue, value.span(), message))
            }
        }
    }

    fn text<'v>(&self, value: &'v Value<'_>, key: &str) -> Result<&'v str, RuleError> {
        match value.get_ref() {
            DeValue::String(text) if text.is_empty() => {
                let message = format!("{key} holds an empty string");
                Err(self.error(RuleErrorKind::EmptyPattern, value.span(), message))
            }
            DeValue::String(text) => Ok(text),
            other => {
                let message = format!("{key} takes strings, not {}", type_name(other));
                Err(self.error(RuleErrorKind::BadValue, value.span(), message))
            }
        }
    }

    fn flag(&self, table: &Table<'_>, key: &str) -> Result<bool, RuleError> {
        match entry(table, key) {
            None => Ok(false),
            Some((_, value)) => value.get_ref().as_bool().ok_or_else(|| {
                let message = format!("{key} must be true or false");
                self.error(RuleErrorKind::BadValue, value.span(), message)
            }),
        }
    }

    fn max_values(&self, table: &Table<'_>) -> Result<usize, RuleError> {
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

/// A type of TOML with its article.
fn type_name(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// The place of a key and its value.
fn entry<'v, 't>(table: &'v Table<'t>, key: &str) -> Option<(Range<usize>, &'v Value<'t>)> {
    table
        .get_key_value(key)
        .map(|(place, value)| (place.span(), value))
}

/// The known name most like `name`, if one is alike enough to be meant.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|&candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

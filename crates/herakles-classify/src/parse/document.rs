//! The TOML of a rule file: typed access in which every mistake has its place.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{RuleError, RuleErrorKind};

pub(super) type TomlTable<'t> = DeTable<'t>;
pub(super) type TomlValue<'t> = Spanned<DeValue<'t>>;

/// The text being read, to turn spans into places.
pub(super) struct Source<'t> {
    text: &'t str,
    pub(super) origin: Arc<str>,
    line_starts: Vec<usize>,
}

impl<'s> Source<'s> {
    pub(super) fn new(text: &'s str, origin: &str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let line_starts = std::iter::once(0).chain(ends.map(|end| end + 1)).collect();
        Self {
            text,
            origin: origin.into(),
            line_starts,
        }
    }

    /// A mistake at a place of the text.
    pub(super) fn error(
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
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|index| self.line_starts.get(index));
        let before = start
            .and_then(|&start| self.text.get(start..offset))
            .unwrap_or_default();
        let column = before.chars().count() + 1;
        (
            u32::try_from(line).unwrap_or(u32::MAX),
            u32::try_from(column).unwrap_or(u32::MAX),
        )
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, offset: usize) -> u32 {
        self.place(offset).0
    }

    /// Refuses the first key, in order of the text, that is not among `known`.
    pub(super) fn check_keys(
        &self,
        table: &TomlTable<'_>,
        known: &[&'static str],
    ) -> Result<(), RuleError> {
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

    /// A list of strings, each with its place; empty if the key is absent.
    pub(super) fn strings(
        &self,
        table: &TomlTable<'_>,
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

    /// The items of a list.
    pub(super) fn items<'v, 't>(
        &self,
        value: &'v TomlValue<'t>,
        key: &str,
    ) -> Result<&'v [TomlValue<'t>], RuleError> {
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

    /// A string that is not empty.
    pub(super) fn text<'v>(
        &self,
        value: &'v TomlValue<'_>,
        key: &str,
    ) -> Result<&'v str, RuleError> {
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

    /// True or false; false if the key is absent.
    pub(super) fn flag(&self, table: &TomlTable<'_>, key: &str) -> Result<bool, RuleError> {
        match entry(table, key) {
            None => Ok(false),
            Some((_, value)) => value.get_ref().as_bool().ok_or_else(|| {
                let message = format!("{key} must be true or false");
                self.error(RuleErrorKind::BadValue, value.span(), message)
            }),
        }
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
pub(super) fn entry<'v, 't>(
    table: &'v TomlTable<'t>,
    key: &str,
) -> Option<(Range<usize>, &'v TomlValue<'t>)> {
    table
        .get_key_value(key)
        .map(|(place, value)| (place.span(), value))
}

/// The known name most like `name`, if one is alike enough to be meant.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|&candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

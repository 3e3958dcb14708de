//! The YAML of a process-exporter's configuration.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::{Error, Location, Spanned};

use super::ImportError;

/// The one key at the top of the file that is read.
const SECTION: &str = "process_names";

/// The keys of an item.
const KEYS: [&str; 4] = ["name", "comm", "exe", "cmdline"];

/// One item of `process_names`. A process must pass all selectors that are there; an empty list of
/// names is one that no process passes.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// A template of Go; without one the file name of the first argument.
    pub(super) name: String,
    /// Names of processes.
    pub(super) comm: Option<Vec<String>>,
    /// First arguments: paths, or file names.
    pub(super) exe: Option<Vec<String>>,
    /// Regular expressions, all of which must match the command line.
    pub(super) cmdline: Option<Vec<String>>,
    /// Keys that mean nothing.
    pub(super) unknown: Vec<String>,
}

/// What a file holds.
pub(super) struct Document {
    /// Each with its line.
    pub(super) entries: Vec<(u64, Entry)>,
    /// Keys at the top that mean nothing, each with its line.
    pub(super) unknown: Vec<(u64, String)>,
}

/// Reads a file.
///
/// # Errors
/// That it is no configuration of a process-exporter, with line and column.
pub(super) fn parse(yaml: &str, origin: &str) -> Result<Document, ImportError> {
    let error = |at: Option<Location>, message: String| {
        let (line, column) = at.map_or((1, 1), |at| (at.line(), at.column()));
        ImportError {
            origin: origin.into(),
            line,
            column,
            message,
        }
    };
    // Its own errors would quote neighbouring lines, which may be anything.
    let options = serde_saphyr::options! { with_snippet: false };
    let top: Top = serde_saphyr::from_str_with_options(yaml, options)
        .map_err(|found| error(found.location(), sentence(&found)))?;
    let Some(items) = top.entries else {
        let message = format!("there is no {SECTION}; name a file that process-exporter reads");
        return Err(error(None, message));
    };
    let entries = items
        .into_iter()
        .map(|item| (item.referenced.line(), item.value));
    Ok(Document {
        entries: entries.collect(),
        unknown: top.unknown,
    })
}

struct Top {
    entries: Option<Vec<Spanned<Entry>>>,
    unknown: Vec<(u64, String)>,
}

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TopVisitor)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a mapping with {SECTION}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top, A::Error> {
        let mut top = Top {
            entries: None,
            unknown: Vec::new(),
        };
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if key.value == SECTION {
                top.entries = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
                top.unknown.push((key.referenced.line(), key.value));
            }
        }
        Ok(top)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a mapping with {}", KEYS.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut entry = Entry::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => entry.name = map.next_value()?,
                "comm" => entry.comm = Some(map.next_value()?),
                "exe" => entry.exe = Some(map.next_value()?),
                "cmdline" => entry.cmdline = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    entry.unknown.push(key);
                }
            }
        }
        if entry.comm.is_none() && entry.exe.is_none() && entry.cmdline.is_none() {
            let found = match entry.unknown.first() {
                Some(key) => format!("; it knows no {key:?}"),
                None => String::new(),
            };
            let message = format!("the entry selects nothing: give it comm, exe or cmdline{found}");
            return Err(de::Error::custom(message));
        }
        Ok(entry)
    }
}

/// The message on one line, without the place at its end, which is said before it.
fn sentence(error: &Error) -> String {
    if let Error::DuplicateMappingKey { key, .. } = error.without_snippet() {
        let key = key.as_deref().unwrap_or("a key");
        return format!("{key:?} stands twice in one mapping; keep the one that is meant");
    }
    let text = error.to_string();
    let place = error
        .location()
        .map(|at| format!(" at line {}, column {}", at.line(), at.column()));
    let message = place
        .and_then(|place| text.strip_suffix(&place))
        .unwrap_or(&text);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Entry {
    /// As comments can hold it: whatever stands in there, each line is one of ours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            writeln!(f, "name: {:?}", self.name)?;
        }
        for (key, items) in [
            ("comm", &self.comm),
            ("exe", &self.exe),
            ("cmdline", &self.cmdline),
        ] {
            if let Some(items) = items {
                writeln!(f, "{key}: {items:?}")?;
            }
        }
        Ok(())
    }
}

//! A strict reader of both text formats, written from their descriptions and knowing nothing of the
//! code that writes them.

use std::collections::{BTreeMap, BTreeSet};

/// The labels of a sample, by name.
pub(crate) type Labels = BTreeMap<String, String>;

/// Which of the formats it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenMetrics,
    Text,
}

/// The samples of an exposition: name, labels, value.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Samples(pub(crate) BTreeMap<(String, Labels), String>);

impl Samples {
    /// Reads an exposition.
    ///
    /// # Errors
    /// What is against the format, with the line.
    pub(crate) fn read(text: &str, dialect: Dialect) -> Result<Self, String> {
        let mut reader = Reader {
            dialect,
            seen: BTreeSet::new(),
            family: Family::default(),
            samples: Self::default(),
        };
        let body = text.strip_suffix('\n').ok_or("the last line has no end")?;
        let body = match dialect {
            Dialect::OpenMetrics => body.strip_suffix("\n# EOF").ok_or("no # EOF at the end")?,
            Dialect::Text => body,
        };
        for line in body.split('\n') {
            reader
                .line(line)
                .map_err(|what| format!("{what}: {line}"))?;
        }
        Ok(reader.samples)
    }
}

#[derive(Default)]
struct Family {
    name: String,
    kind: String,
    has_help: bool,
    has_samples: bool,
}

struct Reader {
    dialect: Dialect,
    /// Families that have begun.
    seen: BTreeSet<String>,
    family: Family,
    samples: Samples,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let Some(comment) = line.strip_prefix("# ") else {
            return self.sample(line);
        };
        let (word, rest) = comment.split_once(' ').ok_or("a comment of one word")?;
        let (name, text) = rest.split_once(' ').ok_or("a descriptor without text")?;
        if name != self.family.name {
            self.family = Family {
                name: name.to_owned(),
                ..Family::default()
            };
            if !self.seen.insert(name.to_owned()) {
                return Err("a family in two pieces");
            }
        }
        if self.family.has_samples {
            return Err("a descriptor behind samples");
        }
        match word {
            "HELP" if !self.family.has_help => self.family.has_help = true,
            "TYPE" if self.family.kind.is_empty() => text.clone_into(&mut self.family.kind),
            "UNIT" if self.dialect == Dialect::OpenMetrics => {
                if !name.ends_with(&format!("_{text}")) {
                    return Err("a unit that the name does not end with");
                }
            }
            _ => return Err("an unknown or second descriptor"),
        }
        Ok(())
    }

    fn sample(&mut self, line: &str) -> Result<(), &'static str> {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let end = line.find(|c| !is_of_name(c)).ok_or("no value")?;
        let (name, rest) = line.split_at(end);
        let suffix = name
            .strip_prefix(self.family.name.as_str())
            .ok_or("a sample of another family")?;
        let kind = self.family.kind.as_str();
        match (self.dialect, kind, suffix) {
            (_, "gauge" | "unknown" | "untyped", "")
            | (Dialect::Text, "counter", "")
            | (Dialect::OpenMetrics, "counter", "_total" | "_created")
            | (Dialect::OpenMetrics, "info", "_info") => {}
            _ => return Err("a name that its type does not have"),
        }
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest)?,
            None => (Labels::new(), rest),
        };
        let value = rest.strip_prefix(' ').ok_or("no blank before the value")?;
        let number: f64 = value.parse().map_err(|_| "no number")?;
        if kind == "counter" && !(number >= 0.0 && number.is_finite()) {
            return Err("no value of a counter");
        }
        self.family.has_samples = true;
        let key = (name.to_owned(), labels);
        match self.samples.0.insert(key, value.to_owned()) {
            None => Ok(()),
            Some(_) => Err("a series that comes twice"),
        }
    }
}

/// The labels behind an opening brace, and what follows the closing one.
fn labels(mut rest: &str) -> Result<(Labels, &str), &'static str> {
    let mut labels = Labels::new();
    loop {
        let (name, behind) = rest.split_once("=\"").ok_or("a label without value")?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err("no name of a label");
        }
        let (value, behind) = quoted(behind)?;
        if labels.insert(name.to_owned(), value).is_some() {
            return Err("a label that comes twice");
        }
        match behind.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Ok((labels, behind.strip_prefix('}').ok_or("no closing brace")?)),
        }
    }
}

/// A label's value behind its opening quote, and what follows the closing one.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or("a value without end")? {
            '"' => return Ok((value, chars.as_str())),
            '\\' => value.push(match chars.next() {
                Some('n') => '\n',
                Some(c @ ('\\' | '"')) => c,
                _ => return Err("an unknown escape"),
            }),
            c => value.push(c),
        }
    }
}

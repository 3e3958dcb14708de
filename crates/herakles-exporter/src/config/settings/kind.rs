//! What values a setting takes, and how text becomes one.

use std::time::Duration;

use herakles_classify::Glob;
use herakles_settings::{did_you_mean, nearest, quoted};
use herakles_web::{ListenAddress, ParseListenAddressError};
use toml::de::DeValue;

use super::value::{Value, spelled};
use crate::routes::{Page, ROUTES};

/// The values a setting takes, and how they are read from text and from TOML.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number from `min` to `max`; where `zero` has a meaning of its own, also 0.
    Integer {
        min: i64,
        max: i64,
        zero: Option<&'static str>,
    },
    /// A number from `min` to `max`.
    Ratio { min: f64, max: f64 },
    /// A time such as `30s`, from `min` to `max`.
    Duration { min: Duration, max: Duration },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The path of a page: `/` and what a URL path may hold, not one the exporter already serves.
    Route,
    /// A path in the file system.
    Path,
    /// A path in the file system, or nothing.
    OptionalPath,
    /// Addresses to listen on, at least one.
    Addresses,
    /// Paths of files; the last component may hold `*`, `?` and `[ ]`.
    Paths,
    /// Globs with `*`, `?` and `[ ]` on a process name.
    Globs,
    /// Exact names.
    Names,
}

/// Why a value cannot be taken. The messages are fragments that follow the place of the value.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Invalid {
    #[error("expected {expected}, found {found}")]
    Type { expected: String, found: String },
    #[error("{found} is out of range: expected {expected}")]
    Range { expected: String, found: String },
    #[error("{found} has no unit: write it as \"{hint}\"")]
    NoUnit { found: String, hint: String },
    #[error("{found} is not one of {known}{}", did_you_mean(*.nearest))]
    Choice {
        found: String,
        known: String,
        nearest: Option<&'static str>,
    },
    #[error("an item of the list is empty: remove it or the comma beside it")]
    EmptyItem,
    #[error("the list is empty: give at least one address, such as \":9215\"")]
    EmptyList,
    #[error("the value is empty: expected {0}")]
    Empty(String),
    #[error("{found} is no address to listen on: {reason}")]
    Address {
        found: String,
        reason: ParseListenAddressError,
    },
    #[error("{found} is no usable glob: {reason}")]
    Glob { found: String, reason: String },
    #[error("{found} cannot be the path of the metrics: {reason}")]
    Route { found: String, reason: &'static str },
}

impl Kind {
    /// True if the setting takes several items.
    pub(crate) const fn is_list(&self) -> bool {
        matches!(
            self,
            Self::Addresses | Self::Paths | Self::Globs | Self::Names
        )
    }

    /// What is expected, as a phrase: `a duration from 1s to 1h`.
    pub(crate) fn expected(&self) -> String {
        let noun = match self {
            Self::Bool => "true or false",
            Self::Integer { .. } => "a whole number",
            Self::Ratio { .. } => "a number",
            Self::Duration { .. } => "a duration",
            Self::Choice(words) => return format!("one of {}", words.join(", ")),
            Self::Route => "a path such as /metrics",
            Self::Path | Self::OptionalPath => "a path",
            Self::Addresses => "a list of addresses such as :9215 or [::1]:9215",
            Self::Paths => "a list of paths",
            Self::Globs => "a list of globs (* ? [ ])",
            Self::Names => "a list of names",
        };
        match self.bounds() {
            Some(bounds) => format!("{noun} {bounds}"),
            None => noun.to_owned(),
        }
    }

    /// The range of a number or duration: `from 1s to 1h`.
    pub(crate) fn bounds(&self) -> Option<String> {
        Some(match self {
            Self::Integer {
                min,
                max,
                zero: None,
            } => format!("from {min} to {max}"),
            Self::Integer {
                min,
                max,
                zero: Some(meaning),
            } => {
                format!("from {min} to {max}, or 0 ({meaning})")
            }
            Self::Ratio { min, max } => format!("from {min} to {max}"),
            Self::Duration { min, max } => format!("from {} to {}", spelled(*min), spelled(*max)),
            _ => return None,
        })
    }

    /// The words it takes, where they are few.
    pub(crate) const fn words(&self) -> &'static [&'static str] {
        match self {
            Self::Bool => &["true", "false"],
            Self::Choice(words) => words,
            _ => &[],
        }
    }

    /// The placeholder in help, such as `DURATION`.
    pub(crate) fn placeholder(&self) -> String {
        let name = match self {
            Self::Bool | Self::Choice(_) => return self.words().join("|"),
            Self::Integer { .. } => "N",
            Self::Ratio { .. } => "RATIO",
            Self::Duration { .. } => "DURATION",
            Self::Route | Self::Path | Self::OptionalPath | Self::Paths => "PATH",
            Self::Addresses => "ADDRESS",
            Self::Globs => "GLOB",
            Self::Names => "NAME",
        };
        name.to_owned()
    }

    /// Reads the items of a flag or an environment variable. Of several items for a setting that
    /// takes one the last holds.
    ///
    /// # Errors
    /// [`Invalid`] if this kind does not take them.
    pub(crate) fn parse(&self, items: &[impl AsRef<str>]) -> Result<Value, Invalid> {
        if self.is_list() {
            return self.list(items.iter().map(|item| item.as_ref().to_owned()).collect());
        }
        let text = items.last().map_or("", |item| item.as_ref().trim());
        let mistaken = || self.mistaken(quoted(text));
        match self {
            Self::OptionalPath => self.text(text),
            _ if text.is_empty() => Err(Invalid::Empty(self.expected())),
            Self::Bool => text.parse().map(Value::Bool).map_err(|_| mistaken()),
            Self::Integer { .. } => self.integer(text.parse().map_err(|_| mistaken())?),
            Self::Ratio { .. } => self.ratio(text.parse().map_err(|_| mistaken())?),
            Self::Duration { .. } => self.duration(text),
            _ => self.text(text),
        }
    }

    /// Reads a value of the configuration file.
    ///
    /// # Errors
    /// [`Invalid`] if this kind does not take it. A list that holds something else than strings is
    /// refused as a whole.
    pub(crate) fn read_toml(&self, value: &DeValue<'_>) -> Result<Value, Invalid> {
        let mistaken = || self.mistaken(described(value));
        match (self, value) {
            (Self::Bool, DeValue::Boolean(value)) => Ok(Value::Bool(*value)),
            (Self::Integer { .. }, DeValue::Integer(number)) => self.integer(
                i64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| self.out_of_range(quoted(number.as_str())))?,
            ),
            (Self::Ratio { .. }, DeValue::Integer(number)) if number.radix() == 10 => {
                self.ratio(number.as_str().parse().map_err(|_| mistaken())?)
            }
            (Self::Ratio { .. }, DeValue::Float(number)) => {
                self.ratio(number.as_str().parse().map_err(|_| mistaken())?)
            }
            (Self::Duration { .. }, DeValue::Integer(number)) => self.duration(number.as_str()),
            (Self::Duration { .. }, DeValue::String(text)) => self.duration(text),
            (
                Self::Choice(_) | Self::Route | Self::Path | Self::OptionalPath,
                DeValue::String(text),
            ) => self.text(text),
            (_, DeValue::Array(items)) if self.is_list() => {
                let texts = items.iter().map(|item| item.get_ref().as_str());
                let texts = texts.map(|text| text.map(str::to_owned)).collect();
                let other = || self.mistaken("an item that is no string".to_owned());
                self.list(Option::ok_or_else(texts, other)?)
            }
            _ => Err(mistaken()),
        }
    }

    fn integer(&self, number: i64) -> Result<Value, Invalid> {
        match self {
            Self::Integer { min, max, zero }
                if !((number == 0 && zero.is_some()) || (*min..=*max).contains(&number)) =>
            {
                Err(self.out_of_range(format!("`{number}`")))
            }
            _ => Ok(Value::Integer(number)),
        }
    }

    fn ratio(&self, number: f64) -> Result<Value, Invalid> {
        match self {
            Self::Ratio { min, max } if !(*min..=*max).contains(&number) => {
                Err(self.out_of_range(format!("`{number}`")))
            }
            _ => Ok(Value::Ratio(number)),
        }
    }

    fn duration(&self, text: &str) -> Result<Value, Invalid> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && text != "0" {
            return Err(no_unit(text));
        }
        let duration = humantime::parse_duration(text).map_err(|_| self.mistaken(quoted(text)))?;
        match self {
            Self::Duration { min, max } if !(*min..=*max).contains(&duration) => {
                Err(self.out_of_range(format!("`{}`", spelled(duration))))
            }
            _ => Ok(Value::Duration(duration)),
        }
    }

    fn text(&self, text: &str) -> Result<Value, Invalid> {
        match self {
            Self::Choice(words) => match words.iter().find(|word| **word == text) {
                Some(word) => Ok(Value::Word(word)),
                None => Err(Invalid::Choice {
                    found: quoted(text),
                    known: words.join(", "),
                    nearest: nearest(text, words.iter().copied()),
                }),
            },
            Self::Path if text.is_empty() => Err(Invalid::Empty(self.expected())),
            Self::Route => route(text).map(|()| Value::Text(text.to_owned())),
            _ => Ok(Value::Text(text.to_owned())),
        }
    }

    fn list(&self, items: Vec<String>) -> Result<Value, Invalid> {
        if items.iter().any(|item| item.trim().is_empty()) {
            return Err(Invalid::EmptyItem);
        }
        match self {
            Self::Addresses if items.is_empty() => Err(Invalid::EmptyList),
            Self::Addresses => {
                let addresses = items
                    .iter()
                    .map(|item| address(item))
                    .collect::<Result<_, _>>();
                addresses.map(Value::Addresses)
            }
            Self::Globs => {
                let globs = items.into_iter().map(|item| Ok((name_glob(&item)?, item)));
                globs.collect::<Result<_, _>>().map(Value::Globs)
            }
            Self::Paths => {
                items.iter().try_for_each(|item| file_pattern(item))?;
                Ok(Value::Texts(items))
            }
            _ => Ok(Value::Texts(items)),
        }
    }

    fn mistaken(&self, found: String) -> Invalid {
        Invalid::Type {
            expected: self.expected(),
            found,
        }
    }

    fn out_of_range(&self, found: String) -> Invalid {
        Invalid::Range {
            expected: self.expected(),
            found,
        }
    }
}

fn no_unit(number: &str) -> Invalid {
    Invalid::NoUnit {
        found: quoted(number),
        hint: format!("{number}s"),
    }
}

/// A TOML value in a message: its text where it is short, else its type.
fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string {}", quoted(text)),
        DeValue::Integer(number) => format!("the number {}", quoted(number.as_str())),
        DeValue::Float(number) => format!("the number {}", quoted(number.as_str())),
        DeValue::Boolean(value) => format!("`{value}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// Compiles a glob on a process name. `{` and `\` are refused: names of processes may hold them,
/// and nobody should have to guess whether they are taken literally.
///
/// # Errors
/// [`Invalid::Glob`] with the reason.
pub(crate) fn name_glob(text: &str) -> Result<Glob, Invalid> {
    let refuse = |reason: String| Invalid::Glob {
        found: quoted(text),
        reason,
    };
    if text.contains(['{', '}', '\\']) {
        return Err(refuse(
            "only *, ? and [ ] are special, and {, } and \\ are not allowed".into(),
        ));
    }
    Glob::parse(text).map_err(|reason| refuse(reason.to_owned()))
}

fn address(text: &str) -> Result<ListenAddress, Invalid> {
    text.parse().map_err(|reason| Invalid::Address {
        found: quoted(text),
        reason,
    })
}

/// A path whose last component may be a glob.
fn file_pattern(text: &str) -> Result<(), Invalid> {
    let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
    if folder.contains(['*', '?', '[']) {
        return Err(Invalid::Glob {
            found: quoted(text),
            reason: "only the file name may hold *, ? and [ ], not its folder".into(),
        });
    }
    if name.contains(['*', '?', '[']) {
        name_glob(name).map(drop)
    } else {
        Ok(())
    }
}

/// Paths below which pages are or may come.
const RESERVED_BELOW: &[&str] = &["/-/", "/api/", "/subgroup/", "/process/"];

fn route(text: &str) -> Result<(), Invalid> {
    let refuse = |reason| {
        Err(Invalid::Route {
            found: quoted(text),
            reason,
        })
    };
    if !text.starts_with('/') {
        return refuse("it must start with /");
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&b))
    {
        return refuse("only letters, digits and -._~!$&'()*+,;=:@/ may stand in it");
    }
    let mut others = ROUTES.iter().filter(|route| route.page != Page::Metrics);
    let below = |taken: &&str| text.starts_with(*taken);
    if others.any(|route| route.path == text) || RESERVED_BELOW.iter().any(below) {
        return refuse("another page has that path");
    }
    Ok(())
}

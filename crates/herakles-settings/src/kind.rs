//! What values a setting takes, and how text becomes one.

use std::time::Duration;

use toml::de::DeValue;

use crate::invalid::Invalid;
use crate::names::{nearest, quoted};
use crate::value::{FromValue, Value, spelled};

/// The values a setting takes, and how they are read from text and from TOML.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number from `min` to `max`.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// What 0 means, where it is taken for its meaning: `no limit`.
        zero: Option<&'static str>,
    },
    /// A number from `min` to `max`.
    Ratio {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
    },
    /// A time such as `30s`, from `min` to `max`.
    Duration {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A path in the file system.
    Path,
    /// A path in the file system, or nothing.
    OptionalPath,
    /// A text of this syntax.
    Text(&'static Syntax),
    /// Any number of texts, each of this syntax.
    Texts(&'static Syntax),
}

/// What a text of the program's own is to look like.
#[derive(Debug)]
pub struct Syntax {
    /// What is expected, of a list of such texts as a whole: `a list of colours such as red`.
    pub expected: &'static str,
    /// What stands for it in help, such as `COLOUR`.
    pub placeholder: &'static str,
    /// The text as it is spelled, or why it cannot be taken, as a phrase that begins with the
    /// [`quoted`] text.
    pub read: fn(&str) -> Result<String, String>,
    /// What a list must hold at least, if it must: `one colour, such as red`.
    pub at_least: Option<&'static str>,
}

impl Kind {
    /// A whole number from `min` to `max`.
    pub const fn integer(min: i64, max: i64) -> Self {
        let zero = None;
        Self::Integer { min, max, zero }
    }

    /// A whole number from `min` to `max`, or 0 with a meaning of its own, such as `no limit`.
    pub const fn integer_or_zero(min: i64, max: i64, zero: &'static str) -> Self {
        let zero = Some(zero);
        Self::Integer { min, max, zero }
    }

    /// A number from `min` to `max`.
    pub const fn number(min: f64, max: f64) -> Self {
        Self::Ratio { min, max }
    }

    /// A duration from so many seconds to so many.
    pub const fn seconds(min: u64, max: u64) -> Self {
        Self::Duration {
            min: Duration::from_secs(min),
            max: Duration::from_secs(max),
        }
    }

    /// A duration from so many milliseconds to so many seconds.
    pub const fn milliseconds_to_seconds(min: u64, max: u64) -> Self {
        Self::Duration {
            min: Duration::from_millis(min),
            max: Duration::from_secs(max),
        }
    }

    /// One of the words that the type is made from.
    pub const fn choice<Settings, T: FromValue<Settings>>() -> Self {
        Self::Choice(T::WORDS)
    }

    /// True if the setting takes several items.
    pub const fn is_list(&self) -> bool {
        matches!(self, Self::Texts(_))
    }

    /// What is expected, as a phrase: `a duration from 1s to 1h`.
    pub fn expected(&self) -> String {
        let noun = match self {
            Self::Bool => "true or false",
            Self::Integer { .. } => "a whole number",
            Self::Ratio { .. } => "a number",
            Self::Duration { .. } => "a duration",
            Self::Choice(words) => return format!("one of {}", words.join(", ")),
            Self::Path | Self::OptionalPath => "a path",
            Self::Text(syntax) | Self::Texts(syntax) => syntax.expected,
        };
        match self.bounds() {
            Some(bounds) => format!("{noun} {bounds}"),
            None => noun.to_owned(),
        }
    }

    /// The range of a number or duration: `from 1s to 1h`.
    pub fn bounds(&self) -> Option<String> {
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
    pub const fn words(&self) -> &'static [&'static str] {
        match self {
            Self::Bool => &["true", "false"],
            Self::Choice(words) => words,
            _ => &[],
        }
    }

    /// The placeholder in help, such as `DURATION`.
    pub fn placeholder(&self) -> String {
        let name = match self {
            Self::Bool | Self::Choice(_) => return self.words().join("|"),
            Self::Integer { .. } => "N",
            Self::Ratio { .. } => "RATIO",
            Self::Duration { .. } => "DURATION",
            Self::Path | Self::OptionalPath => "PATH",
            Self::Text(syntax) | Self::Texts(syntax) => syntax.placeholder,
        };
        name.to_owned()
    }

    /// Reads the items of a flag or an environment variable. Of several items for a setting that
    /// takes one the last holds.
    ///
    /// # Errors
    /// [`Invalid`] if this kind does not take them.
    pub fn parse(&self, items: &[impl AsRef<str>]) -> Result<Value, Invalid> {
        if self.is_list() {
            return self.read_list(items.iter().map(|item| item.as_ref().to_owned()).collect());
        }
        let text = items.last().map_or("", |item| item.as_ref().trim());
        let mistaken = || self.mistaken(quoted(text));
        match self {
            Self::OptionalPath => self.read_text(text),
            _ if text.is_empty() => Err(Invalid::Empty(self.expected())),
            Self::Bool => text.parse().map(Value::Bool).map_err(|_| mistaken()),
            Self::Integer { .. } => self.read_integer(text.parse().map_err(|_| mistaken())?),
            Self::Ratio { .. } => self.read_ratio(text.parse().map_err(|_| mistaken())?),
            Self::Duration { .. } => self.read_duration(text),
            _ => self.read_text(text),
        }
    }

    /// Reads a value of the configuration file.
    ///
    /// # Errors
    /// [`Invalid`] if this kind does not take it. A list that holds something else than strings is
    /// refused as a whole.
    pub fn read_toml(&self, value: &DeValue<'_>) -> Result<Value, Invalid> {
        let mistaken = || self.mistaken(described(value));
        match (self, value) {
            (Self::Bool, DeValue::Boolean(value)) => Ok(Value::Bool(*value)),
            (Self::Integer { .. }, DeValue::Integer(number)) => self.read_integer(
                i64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| self.out_of_range(quoted(number.as_str())))?,
            ),
            (Self::Ratio { .. }, DeValue::Integer(number)) if number.radix() == 10 => {
                self.read_ratio(number.as_str().parse().map_err(|_| mistaken())?)
            }
            (Self::Ratio { .. }, DeValue::Float(number)) => {
                self.read_ratio(number.as_str().parse().map_err(|_| mistaken())?)
            }
            (Self::Duration { .. }, DeValue::Integer(number)) => {
                self.read_duration(number.as_str())
            }
            (Self::Duration { .. }, DeValue::String(text)) => self.read_duration(text),
            (
                Self::Choice(_) | Self::Text(_) | Self::Path | Self::OptionalPath,
                DeValue::String(text),
            ) => self.read_text(text),
            (_, DeValue::Array(items)) if self.is_list() => {
                let texts = items.iter().map(|item| item.get_ref().as_str());
                let texts = texts.map(|text| text.map(str::to_owned)).collect();
                let other = || self.mistaken("an item that is no string".to_owned());
                self.read_list(Option::ok_or_else(texts, other)?)
            }
            _ => Err(mistaken()),
        }
    }

    fn read_integer(&self, number: i64) -> Result<Value, Invalid> {
        match self {
            Self::Integer { min, max, zero }
                if !((number == 0 && zero.is_some()) || (*min..=*max).contains(&number)) =>
            {
                Err(self.out_of_range(format!("`{number}`")))
            }
            _ => Ok(Value::Integer(number)),
        }
    }

    fn read_ratio(&self, number: f64) -> Result<Value, Invalid> {
        match self {
            Self::Ratio { min, max } if !(*min..=*max).contains(&number) => {
                Err(self.out_of_range(format!("`{number}`")))
            }
            _ => Ok(Value::Ratio(number)),
        }
    }

    fn read_duration(&self, text: &str) -> Result<Value, Invalid> {
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

    fn read_text(&self, text: &str) -> Result<Value, Invalid> {
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
            Self::Text(syntax) => (syntax.read)(text)
                .map(Value::Text)
                .map_err(Invalid::Syntax),
            _ => Ok(Value::Text(text.to_owned())),
        }
    }

    fn read_list(&self, items: Vec<String>) -> Result<Value, Invalid> {
        if items.iter().any(|item| item.trim().is_empty()) {
            return Err(Invalid::EmptyItem);
        }
        let Self::Texts(syntax) = self else {
            return Ok(Value::Texts(items));
        };
        if let (true, Some(least)) = (items.is_empty(), syntax.at_least) {
            return Err(Invalid::EmptyList(least));
        }
        let texts = items.iter().map(|item| (syntax.read)(item));
        let texts = texts.collect::<Result<_, _>>().map(Value::Texts);
        texts.map_err(Invalid::Syntax)
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

#[cfg(test)]
mod tests;

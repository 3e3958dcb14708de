//! A checked value of a setting, and its spelling.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// A value of a setting that has passed the checks of its [`super::Kind`].
///
/// `Display` is its TOML spelling.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Ratio(f64),
    Duration(Duration),
    Text(String),
    List(Vec<String>),
}

impl Value {
    /// The value as the configuration file would hold it.
    pub(crate) fn to_toml(&self) -> toml::Value {
        match self {
            Self::Bool(value) => toml::Value::Boolean(*value),
            Self::Integer(value) => toml::Value::Integer(*value),
            Self::Ratio(value) => toml::Value::Float(*value),
            Self::Duration(value) => toml::Value::String(spelled(*value)),
            Self::Text(value) => toml::Value::String(value.clone()),
            Self::List(items) => {
                toml::Value::Array(items.iter().cloned().map(toml::Value::String).collect())
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_toml().fmt(f)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_toml().serialize(serializer)
    }
}

/// A duration as one writes it, such as `1m 30s` without the blank.
pub(super) fn spelled(duration: Duration) -> String {
    humantime::format_duration(duration)
        .to_string()
        .replace(' ', "")
}

/// Foreign text for a message: in backquotes, control characters escaped, cut to a readable length.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(|c| escaped(c).collect::<Vec<_>>())
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

fn escaped(c: char) -> Box<dyn Iterator<Item = char>> {
    if c.is_control() {
        Box::new(c.escape_default())
    } else {
        Box::new(std::iter::once(c))
    }
}

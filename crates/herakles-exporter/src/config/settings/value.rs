//! A checked value of a setting, its spelling, and the types it becomes.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use herakles_classify::Glob;
use herakles_plan::Ratio;
use herakles_web::ListenAddress;
use serde::{Serialize, Serializer};

/// A value of a setting that has passed the checks of its [`super::Kind`].
///
/// `Display` is its TOML spelling; equal is what is spelled alike.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Ratio(f64),
    Duration(Duration),
    /// One of a few.
    Word(&'static str),
    Text(String),
    Texts(Vec<String>),
    Addresses(Vec<ListenAddress>),
    /// Each with its text.
    Globs(Vec<(Glob, String)>),
}

impl Value {
    /// The value as the configuration file would hold it.
    pub(crate) fn to_toml(&self) -> toml::Value {
        fn list<T: Into<toml::Value>>(items: impl Iterator<Item = T>) -> toml::Value {
            toml::Value::Array(items.map(Into::into).collect())
        }
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Ratio(value) => (*value).into(),
            Self::Duration(value) => spelled(*value).into(),
            Self::Word(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
            Self::Texts(items) => list(items.iter().map(String::as_str)),
            Self::Addresses(items) => list(items.iter().map(ToString::to_string)),
            Self::Globs(items) => list(items.iter().map(|(_, text)| text.as_str())),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.to_toml() == other.to_toml()
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

/// A type that a checked value becomes.
pub(super) trait FromValue: Sized {
    /// The words it is made from, if it is one of a few.
    const WORDS: &'static [&'static str] = &[];

    /// `None` for a value of another kind.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty: $variant:ident($value:ident) => $made:expr;)+) => {
        $(impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::$variant($value) => $made,
                    _ => None,
                }
            }
        })+
    };
}

from_value! {
    bool: Bool(value) => Some(*value);
    u64: Integer(value) => (*value).try_into().ok();
    usize: Integer(value) => (*value).try_into().ok();
    NonZeroUsize: Integer(value) => usize::try_from(*value).ok().and_then(Self::new);
    Option<NonZeroUsize>: Integer(value) => usize::try_from(*value).ok().map(NonZeroUsize::new);
    f64: Ratio(value) => Some(*value);
    Ratio: Ratio(value) => Self::new(*value);
    Duration: Duration(value) => Some(*value);
    String: Text(value) => Some(value.clone());
    PathBuf: Text(value) => Some(value.into());
    Option<PathBuf>: Text(value) => Some((!value.is_empty()).then(|| value.into()));
    Vec<String>: Texts(items) => Some(items.clone());
    Vec<ListenAddress>: Addresses(items) => Some(items.clone());
    Vec<Glob>: Globs(items) => Some(items.iter().map(|(glob, _)| glob.clone()).collect());
}

/// Makes a type from words: `words! { Coin { "heads" => Self::Heads, "tails" => Self::Tails } }`.
macro_rules! words {
    ($($type:ty { $($word:literal => $value:expr),+ $(,)? })+) => {
        $(impl FromValue for $type {
            const WORDS: &'static [&'static str] = &[$($word),+];

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $(Value::Word($word) => Some($value),)+
                    _ => None,
                }
            }
        })+
    };
}
pub(super) use words;

/// A duration as one writes it, such as `1m 30s` without the blank.
pub(super) fn spelled(duration: Duration) -> String {
    humantime::format_duration(duration)
        .to_string()
        .replace(' ', "")
}

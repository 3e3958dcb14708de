//! A checked value of a setting, its spelling, and the types it becomes.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// A value of a setting that has passed the checks of its [`Kind`](crate::Kind).
///
/// `Display` is its TOML spelling; equal is what is spelled alike.
#[derive(Clone, Debug)]
pub enum Value {
    /// A switch.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Ratio(f64),
    /// A time.
    Duration(Duration),
    /// One of a few.
    Word(&'static str),
    /// A text or path.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
}

impl Value {
    /// The value as the configuration file would hold it.
    pub fn to_toml(&self) -> toml::Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Ratio(value) => (*value).into(),
            Self::Duration(value) => spelled(*value).into(),
            Self::Word(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
            Self::Texts(items) => items.clone().into(),
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

/// A type that a checked value becomes. `Settings` is the program's own type of all its settings:
/// for it the program may say this of types of others.
pub trait FromValue<Settings>: Sized {
    /// The words it is made from, if it is one of a few.
    const WORDS: &'static [&'static str] = &[];

    /// `None` for a value of another kind.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty: $variant:ident($value:ident) => $made:expr;)+) => {
        $(impl<Settings> FromValue<Settings> for $type {
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
    Duration: Duration(value) => Some(*value);
    String: Text(value) => Some(value.clone());
    PathBuf: Text(value) => Some(value.into());
    Option<PathBuf>: Text(value) => Some((!value.is_empty()).then(|| value.into()));
    Vec<String>: Texts(items) => Some(items.clone());
}

/// Makes types from words: `words! { for Config; Coin { "heads" => Self::Heads } }`.
#[macro_export]
macro_rules! words {
    (for $settings:ty; $($type:ty { $($word:literal => $value:expr),+ $(,)? })+) => {
        $(impl $crate::FromValue<$settings> for $type {
            const WORDS: &'static [&'static str] = &[$($word),+];

            fn from_value(value: &$crate::Value) -> Option<Self> {
                match value {
                    $($crate::Value::Word($word) => Some($value),)+
                    _ => None,
                }
            }
        })+
    };
}

/// A duration as one writes it, such as `1m 30s` without the blank.
pub(crate) fn spelled(duration: Duration) -> String {
    humantime::format_duration(duration)
        .to_string()
        .replace(' ', "")
}

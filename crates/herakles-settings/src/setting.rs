//! The table of a program's settings, and the types that follow from it.

use std::borrow::Cow;

use crate::invalid::Invalid;
use crate::kind::Kind;
use crate::value::Value;

/// What is one for all settings of a program.
#[derive(Debug)]
pub struct Program<S> {
    /// Its name, as it is called.
    pub name: &'static str,
    /// What it is in a sentence: `the server`.
    pub noun: &'static str,
    /// What the names of its variables begin with, such as `EXAMPLE`.
    pub prefix: &'static str,
    /// The file that is read if it is there and no other is named.
    pub default_file: &'static str,
    /// Tables that somebody may look for in the file, but that belong elsewhere: the name of each,
    /// and a sentence that says so.
    pub elsewhere: &'static [(&'static str, &'static str)],
    /// Settings that do not go together, as sentences: allowed, but hardly meant.
    pub contradictions: fn(&S) -> Vec<String>,
}

impl<S> Program<S> {
    /// The variable that names another file, as the flag `--config.file` does.
    pub fn file_variable(&self) -> String {
        format!("{}_CONFIG_FILE", self.prefix)
    }
}

/// One setting of a program.
#[derive(Debug)]
pub struct Setting {
    /// The table of the file it stands in, such as `web`.
    pub table: &'static str,
    /// The key within the table, such as `max_age`.
    pub key: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The default as it would be written on the command line, one item for each list entry.
    pub default: &'static [&'static str],
    /// One line for people, without a full stop.
    pub help: &'static str,
    /// A change takes effect only when the program starts again.
    pub restart: bool,
    /// It may stand in the file; else only flag and environment set it.
    pub in_file: bool,
    /// What its variable begins with.
    prefix: &'static str,
    /// The flag without dashes, where it is not derived from table and key.
    flag: Option<&'static str>,
}

/// A table of the configuration file.
#[derive(Debug)]
pub struct Table {
    /// The name between brackets.
    pub name: &'static str,
    /// The heading over its settings in help and documentation.
    pub heading: &'static str,
}

/// The type of all settings of a program, which [`settings!`](crate::settings) makes.
pub trait Settings: Sized + 'static {
    /// Whose settings they are.
    const PROGRAM: &'static Program<Self>;
    /// The tables in the order of help and documentation.
    const TABLES: &'static [Table];
    /// Every setting, grouped by table in the order of the tables.
    const SETTINGS: &'static [Setting];

    /// Made of the value of each setting, named by table and key.
    ///
    /// # Errors
    /// The setting whose value is not there or of another kind: `web.max_age`.
    fn from_values<'v>(
        value: impl Fn(&str, &str) -> Option<&'v Value>,
    ) -> Result<Self, &'static str>;
}

impl Setting {
    /// A setting of the [`Program`] with that prefix. It may stand in the file, and a change takes
    /// effect at once.
    pub const fn new(
        prefix: &'static str,
        table: &'static str,
        key: &'static str,
        kind: Kind,
        default: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            table,
            key,
            kind,
            default,
            help,
            restart: false,
            in_file: true,
            prefix,
            flag: None,
        }
    }

    /// The same, but a change waits until the program starts again.
    #[must_use]
    pub const fn restart(mut self) -> Self {
        self.restart = true;
        self
    }

    /// The same with a flag of another name, given without dashes.
    #[must_use]
    pub const fn flag_name(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    /// The same, but set by flag and environment alone.
    #[must_use]
    pub const fn not_in_file(mut self) -> Self {
        self.in_file = false;
        self
    }

    /// `table.key`, the name in messages.
    pub fn path(&self) -> String {
        format!("{}.{}", self.table, self.key)
    }

    /// The flag without its leading dashes, such as `web.max-age`.
    pub fn flag(&self) -> Cow<'static, str> {
        match self.flag {
            Some(flag) => Cow::Borrowed(flag),
            None => Cow::Owned(self.path().replace('_', "-")),
        }
    }

    /// The environment variable, such as `EXAMPLE_WEB_MAX_AGE`.
    pub fn variable(&self) -> String {
        format!("{}_{}_{}", self.prefix, self.table, self.key).to_ascii_uppercase()
    }

    /// The value that holds when nothing sets it.
    ///
    /// # Errors
    /// Only if kind and default contradict each other.
    pub fn default_value(&self) -> Result<Value, Invalid> {
        self.kind.parse(self.default)
    }
}

impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        (self.table, self.key) == (other.table, other.key)
    }
}

/// Makes the type of all settings of a program, and of those of each table, from rows of the form
/// `key: type = kind, [defaults], properties;` under their help. A property is a method of
/// [`Setting`].
///
/// ```
/// use std::time::Duration;
/// use herakles_settings::{Kind, Program, Settings, settings};
///
/// settings! {
///     /// All settings.
///     Config of Program {
///         name: "example",
///         noun: "the example",
///         prefix: "EXAMPLE",
///         default_file: "/etc/example.toml",
///         elsewhere: &[],
///         contradictions: |_| Vec::new(),
///     };
///
///     /// `[web]`: what is asked of others.
///     web: Web, "Web" {
///         /// Time an answer may take
///         timeout: Duration = Kind::seconds(1, 60), ["30s"];
///         /// Where to ask
///         url: String = Kind::Path, ["/"], restart();
///     }
/// }
///
/// assert_eq!(Config::SETTINGS[0].flag(), "web.timeout");
/// assert_eq!(Config::SETTINGS[1].variable(), "EXAMPLE_WEB_URL");
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $all:literal])+
        $visible:vis $Config:ident of $program:expr;
        $(
            $(#[doc = $about:literal])+
            $table:ident: $Table:ident, $heading:literal {$(
                $(#[doc = $help:literal])+
                $key:ident: $type:ty = $kind:expr, [$($default:literal),*]
                    $(, $property:ident($($argument:expr),*))*;
            )+}
        )+
    ) => {
        $(#[doc = $all])+
        #[derive(Clone, Debug)]
        $visible struct $Config {
            $($(#[doc = $about])+ $visible $table: $Table,)+
        }

        $(
            $(#[doc = $about])+
            #[derive(Clone, Debug)]
            $visible struct $Table {
                $($(#[doc = $help])+ $visible $key: $type,)+
            }
        )+

        impl $crate::Settings for $Config {
            const PROGRAM: &'static $crate::Program<Self> = &$program;

            const TABLES: &'static [$crate::Table] = &[
                $($crate::Table { name: stringify!($table), heading: $heading },)+
            ];

            const SETTINGS: &'static [$crate::Setting] = &[
                $($($crate::Setting::new(
                    Self::PROGRAM.prefix,
                    stringify!($table),
                    stringify!($key),
                    $kind,
                    &[$($default),*],
                    concat!($($help),+).trim_ascii_start(),
                )$(.$property($($argument),*))*,)+)+
            ];

            fn from_values<'v>(
                value: impl Fn(&str, &str) -> Option<&'v $crate::Value>,
            ) -> Result<Self, &'static str> {
                Ok(Self {
                    $($table: $Table {
                        $($key: value(stringify!($table), stringify!($key))
                            .and_then(<$type as $crate::FromValue<$Config>>::from_value)
                            .ok_or(concat!(stringify!($table), ".", stringify!($key)))?,)+
                    },)+
                })
            }
        }
    };
}

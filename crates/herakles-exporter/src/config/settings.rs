//! The settings table: every key of the configuration, once.
//!
//! Flags, environment variables, file keys, the `config` output, the manual page, completions and
//! `docs/configuration.md` all derive from [`SETTINGS`], as does the type [`Config`]. A new key is one row there.

mod forms;
mod table;

use std::borrow::Cow;

use herakles_settings::{Invalid, Kind, Value};

pub(crate) use forms::name_glob;
pub(crate) use table::{Config, MemoryReading, SETTINGS, TABLES};

/// One key of the configuration.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The table of the file it stands in, such as `scan`.
    pub(crate) table: &'static str,
    /// The key within the table, such as `cache_ttl`.
    pub(crate) key: &'static str,
    /// What values it takes.
    pub(crate) kind: Kind,
    /// The default as it would be written on the command line, one item for each list entry.
    pub(crate) default: &'static [&'static str],
    /// One line for people, without a full stop.
    pub(crate) help: &'static str,
    /// A change takes effect only when the exporter starts again.
    pub(crate) restart: bool,
    /// It may stand in the file; else only flag and environment set it.
    pub(crate) in_file: bool,
    /// The flag without dashes, where it is not derived from table and key.
    flag: Option<&'static str>,
}

/// A table of the configuration file.
#[derive(Debug)]
pub(crate) struct Table {
    /// The name between brackets.
    pub(crate) name: &'static str,
    /// The heading over its settings in help and documentation.
    pub(crate) heading: &'static str,
}

impl Setting {
    const fn new(
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
            flag: None,
        }
    }

    const fn restart(mut self) -> Self {
        self.restart = true;
        self
    }

    const fn flag_name(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    const fn not_in_file(mut self) -> Self {
        self.in_file = false;
        self
    }

    /// `table.key`, the name in messages.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.table, self.key)
    }

    /// The flag without its leading dashes, such as `scan.cache-ttl`.
    pub(crate) fn flag(&self) -> Cow<'static, str> {
        match self.flag {
            Some(flag) => Cow::Borrowed(flag),
            None => Cow::Owned(self.path().replace('_', "-")),
        }
    }

    /// The environment variable, such as `HERAKLES_SCAN_CACHE_TTL`.
    pub(crate) fn variable(&self) -> String {
        format!("HERAKLES_{}_{}", self.table, self.key).to_ascii_uppercase()
    }

    /// The value that holds when nothing sets it.
    ///
    /// # Errors
    /// Only if the table contradicts itself, which a test rules out.
    pub(crate) fn default_value(&self) -> Result<Value, Invalid> {
        self.kind.parse(self.default)
    }
}

impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        (self.table, self.key) == (other.table, other.key)
    }
}

#[cfg(test)]
mod tests;

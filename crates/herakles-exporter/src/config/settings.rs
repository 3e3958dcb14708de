//! The settings table: every key of the configuration, once.
//!
//! Flags, environment variables, file keys, the `config` output, the manual page, completions and
//! `docs/configuration.md` all derive from [`SETTINGS`], as does the type [`Config`]. A new key is
//! one row of the table.

mod forms;
mod table;

use herakles_settings::{Setting, Settings, Table};

pub(crate) use forms::name_glob;
pub(crate) use table::{Config, MemoryReading};

/// The tables in the order of help and documentation.
pub(crate) const TABLES: &[Table] = Config::TABLES;

/// Every setting, grouped by table in the order of [`TABLES`].
pub(crate) const SETTINGS: &[Setting] = Config::SETTINGS;

#[cfg(test)]
mod tests;

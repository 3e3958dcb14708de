//! The settings table: every key of the configuration, once.
//!
//! Flags, environment variables, file keys, the `config` output, the manual page, completions and
//! `docs/configuration.md` all derive from its rows, as does the type [`Config`].

mod syntax;
mod table;

pub(crate) use syntax::name_glob;
pub(crate) use table::{Config, MemoryReading};

#[cfg(test)]
mod tests;

//! `rules import`: the configuration of a process-exporter as rules of ours.
//!
//! There a process must pass every selector of an entry, and `exe` looks at the first argument;
//! here one pattern of a rule is enough. So what belongs together becomes one expression on the
//! command line, and what cannot be said that way becomes a comment.

mod entry;
mod name;
mod selectors;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use herakles_classify::Rules;

use self::entry::Entry;
use super::super::{Failure, output};

/// The group of the rules: process-exporter has names of one part.
const GROUP: &str = "imported";

/// Why a configuration could not be converted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("cannot read {}: {source}; name a file that process-exporter reads", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{file}:{line}:{column}: {message}")]
    Entry {
        file: String,
        line: u64,
        column: u64,
        message: String,
    },
}

pub(super) fn run(path: &Path) -> Result<ExitCode, Failure> {
    let yaml = fs::read_to_string(path).map_err(|source| ImportError::Read {
        path: path.to_owned(),
        source,
    })?;
    output::print(&convert(&yaml, &path.display().to_string())?)
}

/// The rules as a file that loads, with comments where something is lost or left out.
///
/// # Errors
/// That the text is no configuration of process-exporter, with line and column.
fn convert(yaml: &str, file: &str) -> Result<String, ImportError> {
    let entries = entry::parse(yaml, file)?;
    let mut out = format!(
        "# Made of {}, a configuration of process-exporter.\n\
         # Its names become subgroups of the group {GROUP:?}. The first rule that matches wins, as\n\
         # there; `inherit` is what its flag -children does. Processes that none of these rules\n\
         # matches are left to the built-in ones.\n",
        file.escape_debug()
    );
    for (line, entry) in &entries {
        out.push('\n');
        match rule(entry) {
            Ok((notes, rule)) => {
                let _ = writeln!(out, "# From line {line}.");
                for note in notes {
                    let _ = writeln!(out, "# Note: {note}");
                }
                out.push_str(&rule);
            }
            Err(reason) => {
                let _ = writeln!(out, "# Line {line} is left out: {reason}");
                for line in entry.to_string().lines() {
                    let _ = writeln!(out, "#   {line}");
                }
            }
        }
    }
    Ok(out)
}

/// One rule, and what is not quite the same in it; or why there can be none.
fn rule(entry: &Entry) -> Result<(Vec<String>, String), String> {
    let mut notes = Vec::new();
    let (key, patterns) = selectors::patterns(entry, &mut notes)?;
    let subgroup = name::subgroup(entry, &mut notes);
    let patterns: Vec<toml::Value> = patterns.into_iter().map(Into::into).collect();
    let rule = format!(
        "[[subgroups]]\ngroup = {}\nsubgroup = {}\n{key} = {}\ninherit = true\n",
        toml::Value::from(GROUP),
        toml::Value::from(subgroup),
        toml::Value::from(patterns),
    );
    match Rules::parse(&rule, "") {
        Ok(_) => Ok((notes, rule)),
        Err(error) => Err(error.message),
    }
}

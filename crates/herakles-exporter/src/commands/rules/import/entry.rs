//! The YAML of process-exporter.

use std::fmt;

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::ImportError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    process_names: Vec<Spanned<Entry>>,
}

/// One item of `process_names`. A process must pass all selectors that are there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// A template of Go; without one the file name of the first argument.
    #[serde(default)]
    pub(super) name: String,
    /// Names of processes.
    #[serde(default)]
    pub(super) comm: Vec<String>,
    /// First arguments: paths, or file names.
    #[serde(default)]
    pub(super) exe: Vec<String>,
    /// Regular expressions, all of which must match the command line.
    #[serde(default)]
    pub(super) cmdline: Vec<String>,
}

/// The entries, each with its line.
pub(super) fn parse(yaml: &str, file: &str) -> Result<Vec<(u64, Entry)>, ImportError> {
    let error = |at: Option<Location>, message: String| {
        let (line, column) = at.map_or((1, 1), |at| (at.line(), at.column()));
        ImportError::Entry {
            file: file.to_owned(),
            line,
            column,
            message,
        }
    };
    // Its own errors would quote neighbouring lines, which may be anything.
    let options = serde_saphyr::options! { with_snippet: false };
    let document: Document = serde_saphyr::from_str_with_options(yaml, options)
        .map_err(|it| error(it.location(), sentence(&it)))?;
    let mut entries = Vec::with_capacity(document.process_names.len());
    for it in document.process_names {
        let entry = &it.value;
        if entry.comm.is_empty() && entry.exe.is_empty() && entry.cmdline.is_empty() {
            let message = "the entry selects nothing: give it comm, exe or cmdline".to_owned();
            return Err(error(Some(it.referenced), message));
        }
        entries.push((it.referenced.line(), it.value));
    }
    Ok(entries)
}

/// The message on one line, without the place at its end, which is said before it.
fn sentence(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let place = error
        .location()
        .map(|at| format!(" at line {}, column {}", at.line(), at.column()));
    let message = place
        .and_then(|place| text.strip_suffix(&place))
        .unwrap_or(&text);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            writeln!(f, "name: {:?}", self.name)?;
        }
        for (key, items) in [
            ("comm", &self.comm),
            ("exe", &self.exe),
            ("cmdline", &self.cmdline),
        ] {
            if !items.is_empty() {
                writeln!(f, "{key}: {items:?}")?;
            }
        }
        Ok(())
    }
}

//! A page: a complete document, of which the rows of processes are written one by one.

use std::fmt;

use maud::Markup;

use crate::process_list::{PLACE, Rows};

/// A page as a complete HTML document, for [`write!`] or [`to_string`](ToString::to_string).
///
/// It may have a row for each of ten thousand processes, so that is written row by row: who
/// compresses on the way needs no more memory for it than for a short one.
#[derive(Debug)]
pub struct HtmlPage<'a> {
    document: String,
    rows: Option<Rows<'a>>,
}

impl<'a> HtmlPage<'a> {
    pub(crate) fn new(document: Markup, rows: Option<Rows<'a>>) -> Self {
        Self {
            document: document.into_string(),
            rows,
        }
    }
}

impl fmt::Display for HtmlPage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.rows, self.document.split_once(PLACE)) {
            (Some(rows), Some((before, after))) => {
                f.write_str(before)?;
                rows.write(f)?;
                f.write_str(after)
            }
            _ => f.write_str(&self.document),
        }
    }
}

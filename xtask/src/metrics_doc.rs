//! The metric table of `docs/metrics.md`, generated from the code.

use std::{fs, process::Command};

use crate::{command, failure::Failure, metadata, workspace};

const PAGE: &str = "docs/metrics.md";
const BEGIN: &str = "<!-- metrics: begin, written by cargo xtask metrics-doc -->\n";
const END: &str = "<!-- metrics: end -->";

/// Writes the table into its page, or only compares it.
///
/// # Errors
/// When the table cannot be had, or the page has no place for it, or a stale one while checking.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let path = workspace::root().join(PAGE);
    let page = workspace::read(&path)?;
    let fresh = replace_table(&page, &table()?)
        .ok_or_else(|| Failure::new(format!("{PAGE} lacks {} … {END}", BEGIN.trim_end())))?;
    if fresh == page {
        return Ok(());
    }
    if check {
        return Err(Failure::new(format!(
            "the metric table of {PAGE} is stale; `cargo xtask metrics-doc` writes it"
        )));
    }
    fs::write(&path, fresh).map_err(|e| Failure::new(format!("cannot write {PAGE}: {e}")))
}

fn replace_table(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
}

/// The table as the crate of the families prints it.
fn table() -> Result<String, Failure> {
    // With the whole workspace, as for the tests: alone it would be built with other features.
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "--workspace"]);
    command::run(build.args(["--example", "families"]))?;
    let example = metadata::target_directory()?.join("debug/examples/families");
    let table = command::output(&mut Command::new(example))?;
    String::from_utf8(table).map_err(|_| Failure::new("the table of families is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = format!("# Title\n{BEGIN}old\n{END}\nrest\n");
        let fresh = replace_table(&page, "new\n");
        assert_eq!(fresh, Some(format!("# Title\n{BEGIN}new\n{END}\nrest\n")));
        assert_eq!(replace_table("no markers", "new\n"), None);
    }
}

//! The metric table of the README, generated from the code.

use std::{fs, process::Command};

use crate::{command, failure::Failure, metadata, workspace};

const BEGIN: &str = "<!-- metrics: begin, written by cargo xtask metrics-doc -->\n";
const END: &str = "<!-- metrics: end -->";

/// Writes the table into the README, or only compares it.
///
/// # Errors
/// When the table cannot be had, or the README has no place for it, or a stale one while checking.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let path = workspace::root().join("README.md");
    let readme = workspace::read(&path)?;
    let fresh = replace_table(&readme, &table()?)
        .ok_or_else(|| Failure::new(format!("README.md lacks {} … {END}", BEGIN.trim_end())))?;
    if fresh == readme {
        return Ok(());
    }
    if check {
        return Err(Failure::new(
            "the metric table of README.md is stale; `cargo xtask metrics-doc` writes it",
        ));
    }
    fs::write(&path, fresh).map_err(|e| Failure::new(format!("cannot write README.md: {e}")))
}

fn replace_table(readme: &str, table: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
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
        let readme = format!("# Title\n{BEGIN}old\n{END}\nrest\n");
        let fresh = replace_table(&readme, "new\n");
        assert_eq!(fresh, Some(format!("# Title\n{BEGIN}new\n{END}\nrest\n")));
        assert_eq!(replace_table("no markers", "new\n"), None);
    }
}

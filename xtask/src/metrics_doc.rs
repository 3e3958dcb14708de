//! The metric table of the README, generated from the code.

use std::{fmt::Write, fs};

use herakles_metrics::{FAMILIES, Family};

use crate::{failure::Failure, workspace};

const BEGIN: &str = "<!-- metrics: begin, written by cargo xtask metrics-doc -->\n";
const END: &str = "<!-- metrics: end -->";

/// Writes the table into the README, or only compares it.
///
/// # Errors
/// When the README has no place for the table, or a stale one while checking.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let path = workspace::root().join("README.md");
    let readme = workspace::read(&path)?;
    let fresh = replace_table(&readme, &table(FAMILIES))
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

fn table(families: &[Family]) -> String {
    let mut table = String::from("| family | type | labels | meaning |\n|---|---|---|---|\n");
    for family in families {
        let labels = family.labels.join(", ");
        let absent = match family.absent {
            "" => String::new(),
            when => format!(" Absent: {when}."),
        };
        let meaning = escape(&format!("{}{absent}", family.help));
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| `{}` | {} | {labels} | {meaning} |",
            family.name,
            family.kind.as_str(),
        );
    }
    table
}

/// A bar would end the cell.
fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_readme_is_fresh() {
        run(true).expect("the README says what the code says");
    }

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let readme = format!("# Title\n{BEGIN}old\n{END}\nrest\n");
        let fresh = replace_table(&readme, "new\n");
        assert_eq!(fresh, Some(format!("# Title\n{BEGIN}new\n{END}\nrest\n")));
        assert_eq!(replace_table("no markers", "new\n"), None);
    }

    #[test]
    fn each_family_has_a_row_and_each_row_four_cells() {
        let table = table(FAMILIES);
        for family in FAMILIES {
            assert_eq!(table.matches(&format!("| `{}` |", family.name)).count(), 1);
        }
        for row in table.lines() {
            assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
        }
    }
}

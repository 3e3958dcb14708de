//! The tables of ARCHITECTURE.md, which are rules: who may use whom, and why an outside crate is
//! worth having.

use std::collections::{BTreeMap, BTreeSet};

use crate::{failure::Failure, workspace};

/// Where findings about the page itself are.
pub(super) const PAGE: &str = "ARCHITECTURE.md";

/// Names of our crates are written without it.
const PREFIX: &str = "herakles-";

/// What the page says.
#[derive(Debug, PartialEq)]
pub(super) struct Architecture {
    /// Crates of ours that each crate uses, both by their full names.
    pub(super) arrows: BTreeMap<String, Arrows>,
    /// The crates that use each outside crate, as the table has it: without prefix, `tests` for
    /// dev-dependencies.
    pub(super) used_by: BTreeMap<String, BTreeSet<String>>,
}

/// What a crate uses of ours.
#[derive(Debug, PartialEq)]
pub(super) enum Arrows {
    /// Exactly these.
    To(BTreeSet<String>),
    /// Any library, as tools do.
    Libraries,
}

impl Architecture {
    /// Reads the page.
    ///
    /// # Errors
    /// When it cannot be read, or a table is missing or cannot be understood.
    pub(super) fn read() -> Result<Self, Failure> {
        let text = workspace::read(&workspace::root().join(PAGE))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let mut arrows = BTreeMap::new();
        for row in rows(text, "crates")? {
            let [names, _, uses] = &row[..] else {
                return Err(unclear(&row));
            };
            let uses = || match uses.as_str() {
                "any library" => Arrows::Libraries,
                "–" => Arrows::To(BTreeSet::new()),
                list => Arrows::To(items(list).map(|name| format!("{PREFIX}{name}")).collect()),
            };
            arrows.extend(items(names).map(|name| (unquoted(name).to_owned(), uses())));
        }
        let mut used_by = BTreeMap::new();
        for row in rows(text, "dependencies")? {
            let [name, users, reason] = &row[..] else {
                return Err(unclear(&row));
            };
            if reason.is_empty() {
                return Err(Failure::new(format!("{PAGE} gives no reason for {name}")));
            }
            let users = items(users).map(str::to_owned).collect();
            used_by.insert(unquoted(name).to_owned(), users);
        }
        Ok(Self { arrows, used_by })
    }
}

/// The name of a crate of ours as the tables write it.
pub(super) fn short(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

fn unclear(row: &[String]) -> Failure {
    let row = row.join(" | ");
    Failure::new(format!("{PAGE}: the row `{row}` has not three cells"))
}

fn items(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(',').map(str::trim)
}

fn unquoted(name: &str) -> &str {
    name.trim_matches('`')
}

/// The rows of the table between `<!-- NAME: begin -->` and `<!-- NAME: end -->`, without its head.
fn rows(text: &str, name: &str) -> Result<Vec<Vec<String>>, Failure> {
    let (begin, end) = (
        format!("<!-- {name}: begin -->"),
        format!("<!-- {name}: end -->"),
    );
    let table = text
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once(&end))
        .map(|(table, _)| table)
        .ok_or_else(|| Failure::new(format!("{PAGE} lacks {begin} … {end}")))?;
    let cells = |row: &str| -> Vec<String> {
        let row = row.trim_matches('|').split('|');
        row.map(|cell| cell.trim().to_owned()).collect()
    };
    let lines = table.lines().filter(|line| line.starts_with('|'));
    Ok(lines.skip(2).map(cells).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
<!-- crates: begin -->
| crate | one line | uses of ours |
|---|---|---|
| `herakles-stat` | parses | – |
| `herakles-cpu` | counts | stat |
| `herakles-benches`, `herakles-lab` | measure | any library |
<!-- crates: end -->
<!-- dependencies: begin -->
| crate | used by | reason |
|---|---|---|
| `flate2` | web, tests | deflate |
<!-- dependencies: end -->
";

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn tables_are_read_by_their_cells() {
        let read = Architecture::parse(TEXT).unwrap();
        let arrows = |name: &str| &read.arrows[name];
        assert_eq!(arrows("herakles-stat"), &Arrows::To(set(&[])));
        assert_eq!(arrows("herakles-cpu"), &Arrows::To(set(&["herakles-stat"])));
        assert_eq!(arrows("herakles-lab"), &Arrows::Libraries);
        assert_eq!(read.used_by["flate2"], set(&["web", "tests"]));
    }

    #[test]
    fn a_page_without_a_table_or_a_reason_is_no_rule() {
        let failure = |text: &str| Architecture::parse(text).unwrap_err().to_string();
        assert!(failure("").contains("lacks <!-- crates: begin -->"));
        let unreasoned = TEXT.replace("deflate", "");
        assert!(failure(&unreasoned).contains("gives no reason for `flate2`"));
        let unclear = TEXT.replace("| counts ", "");
        assert!(failure(&unclear).contains("has not three cells"));
    }
}

//! What every manifest says, and that ARCHITECTURE.md gives a reason for each outside crate.

use std::collections::BTreeSet;

use super::Finding;
use crate::{
    failure::Failure,
    workspace::{self, Member},
};

const TABLE_BEGIN: &str = "<!-- dependencies: begin -->";
const TABLE_END: &str = "<!-- dependencies: end -->";

pub(super) fn check(members: &[Member], findings: &mut Vec<Finding>) -> Result<(), Failure> {
    for member in members {
        check_fields(member, findings);
        let manifest = workspace::read(&member.manifest)?;
        if !inherits_lints(&manifest) {
            findings.push(Finding::error(
                &member.name,
                "its Cargo.toml lacks `[lints] workspace = true`",
            ));
        }
    }
    let architecture = workspace::read(&workspace::root().join("ARCHITECTURE.md"))?;
    check_reasons(members, &architecture, findings);
    Ok(())
}

fn check_fields(member: &Member, findings: &mut Vec<Finding>) {
    if member.license.is_none() {
        findings.push(Finding::error(
            &member.name,
            "its Cargo.toml states no license",
        ));
    }
    if member.description.as_deref().is_none_or(str::is_empty) {
        findings.push(Finding::error(
            &member.name,
            "its Cargo.toml has no description",
        ));
    }
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[lints]");
    lines.next().is_some() && lines.next() == Some("workspace = true")
}

/// Every outside crate that a crate of the product names has a row, and every row a crate.
fn check_reasons(members: &[Member], architecture: &str, findings: &mut Vec<Finding>) {
    let place = "ARCHITECTURE.md";
    let Some(reasons) = reasons(architecture) else {
        findings.push(Finding::error(
            place,
            format!("lacks {TABLE_BEGIN} … {TABLE_END}"),
        ));
        return;
    };
    let own: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let used: BTreeSet<&str> = members
        .iter()
        .filter(|member| {
            member
                .directory()
                .parent()
                .is_some_and(|dir| dir.ends_with("crates"))
        })
        .flat_map(|member| &member.dependencies)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !own.contains(name))
        .collect();
    for name in used.difference(&reasons) {
        findings.push(Finding::error(
            place,
            format!("gives no reason for the dependency {name}"),
        ));
    }
    for name in reasons.difference(&used) {
        findings.push(Finding::error(
            place,
            format!("explains {name}, which no crate uses"),
        ));
    }
}

/// The crate names of the rows that have a reason: ``| `name` | … | reason |``.
fn reasons(architecture: &str) -> Option<BTreeSet<&str>> {
    let (_, rest) = architecture.split_once(TABLE_BEGIN)?;
    let (table, _) = rest.split_once(TABLE_END)?;
    let names = table.lines().filter_map(|line| {
        let mut cells = line
            .trim()
            .strip_prefix('|')?
            .trim_end_matches('|')
            .split('|');
        let name = cells.next()?.trim().strip_prefix('`')?.strip_suffix('`')?;
        cells
            .next_back()
            .is_some_and(|reason| !reason.trim().is_empty())
            .then_some(name)
    });
    Some(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_are_inherited_only_by_saying_so() {
        assert!(inherits_lints(
            "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"
        ));
        assert!(!inherits_lints("[package]\nname = \"a\"\n"));
        assert!(!inherits_lints("[lints]\nrust.unsafe_code = \"allow\"\n"));
    }

    #[test]
    fn a_row_counts_if_it_gives_a_reason() {
        let text = format!(
            "{TABLE_BEGIN}\n| crate | used by | reason |\n|---|---|---|\n\
             | `memchr` | smaps | finds line ends fast |\n| `bytes` | web | |\n{TABLE_END}\n"
        );
        assert_eq!(reasons(&text), Some(BTreeSet::from(["memchr"])));
        assert_eq!(reasons("no table"), None);
    }
}

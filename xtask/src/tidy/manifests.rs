//! What every manifest says, so that a crate is found, understood and held to the same lints.

use super::Finding;
use crate::{failure::Failure, metadata::Member, workspace};

pub(super) fn check(members: &[Member], findings: &mut Vec<Finding>) -> Result<(), Failure> {
    for member in members {
        for missing in missing(member) {
            findings.push(Finding::error(
                &member.name,
                format!("its Cargo.toml has no {missing}"),
            ));
        }
        if !inherits_lints(&workspace::read(&member.manifest)?) {
            findings.push(Finding::error(
                &member.name,
                "its Cargo.toml lacks `[lints] workspace = true`",
            ));
        }
    }
    Ok(())
}

/// Fields that a manifest should have and has not. What is never published needs fewer.
fn missing(member: &Member) -> Vec<&'static str> {
    let text = |field: &Option<String>| field.as_deref().is_some_and(|text| !text.is_empty());
    let list = |field: &[String]| !field.is_empty();
    let everywhere = [
        ("license", text(&member.license)),
        ("description", text(&member.description)),
        ("rust-version", text(&member.rust_version)),
    ];
    let published = [
        ("repository", text(&member.repository)),
        ("documentation", text(&member.documentation)),
        ("readme", text(&member.readme)),
        ("keywords", list(&member.keywords)),
        ("categories", list(&member.categories)),
    ];
    let published = published.into_iter().filter(|_| member.is_product());
    let fields = everywhere.into_iter().chain(published);
    fields
        .filter(|(_, is_there)| !is_there)
        .map(|(name, _)| name)
        .collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[lints]");
    lines.next().is_some() && lines.next() == Some("workspace = true")
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
    fn a_library_says_more_of_itself_than_a_tool() {
        let library = Member {
            keywords: Vec::new(),
            ..Member::example("herakles-stat")
        };
        assert_eq!(missing(&library), ["keywords"]);
        let tool = Member {
            manifest: workspace::root().join("xtask/Cargo.toml"),
            description: None,
            ..library
        };
        assert_eq!(missing(&tool), ["description"]);
    }
}

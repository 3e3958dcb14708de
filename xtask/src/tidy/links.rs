//! Every relative link of a Markdown page leads to something.

use std::path::Path;

use super::Finding;

pub(super) fn check(file: &Path, place: &str, text: &str, findings: &mut Vec<Finding>) {
    let directory = file.parent().unwrap_or(file);
    for (number, line) in (1..).zip(text.lines()) {
        for target in relative_targets(line) {
            if !directory.join(target).exists() {
                findings.push(Finding::error(
                    format!("{place}:{number}"),
                    format!("links to {target}, which does not exist"),
                ));
            }
        }
    }
}

/// The targets of `[text](target)` that are paths, without their fragments.
fn relative_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let (target, _) = rest.split_once(')')?;
        let path = target.split('#').next().unwrap_or(target);
        let is_path = !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:");
        is_path.then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_are_followed() {
        let line = "[a](x.md) [b](https://example.com/y) [c](#here) [d](dir/z.md#there)";
        assert_eq!(
            relative_targets(line).collect::<Vec<_>>(),
            ["x.md", "dir/z.md"]
        );
    }

    #[test]
    fn a_link_to_nothing_is_named_with_its_line() {
        let mut findings = Vec::new();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("page.md");
        check(
            &file,
            "page.md",
            "[ok](Cargo.toml)\n[bad](no-such-file)\n",
            &mut findings,
        );
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place, "page.md:2");
    }
}

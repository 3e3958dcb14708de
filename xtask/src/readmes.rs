//! The README of each library, generated from the documentation of its crate.

use std::{fs, path::PathBuf};

use crate::{
    failure::Failure,
    metadata::{self, Member},
    workspace,
};

/// Writes the READMEs that are stale.
///
/// # Errors
/// When a file cannot be read or written.
pub(crate) fn run() -> Result<(), Failure> {
    for Stale { path, fresh, .. } in stale(&metadata::members()?)? {
        fs::write(&path, fresh)
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))?;
    }
    Ok(())
}

/// A README that does not say what its crate does.
pub(crate) struct Stale {
    pub(crate) member: String,
    path: PathBuf,
    fresh: String,
}

/// The READMEs that are stale. The program has that of the whole project.
///
/// # Errors
/// When the documentation of a crate cannot be read.
pub(crate) fn stale(members: &[Member]) -> Result<Vec<Stale>, Failure> {
    let is_library =
        |member: &&Member| member.is_product() && !member.directory().join("src/main.rs").exists();
    let mut stale = Vec::new();
    for member in members.iter().filter(is_library) {
        let source = workspace::read(&member.directory().join("src/lib.rs"))?;
        let fresh = readme(&member.name, &source);
        let path = member.directory().join("README.md");
        if !fs::read_to_string(&path).is_ok_and(|old| old == fresh) {
            stale.push(Stale {
                member: member.name.clone(),
                path,
                fresh,
            });
        }
    }
    Ok(stale)
}

fn readme(name: &str, source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let mut text = format!("# {name}\n\n");
    // Links may go over the end of a line, but not into code.
    let mut prose = String::new();
    let mut in_code = false;
    for line in lines {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let is_fence = line.starts_with("```");
        match (is_fence, in_code) {
            (true, false) => {
                text.push_str(&without_links_to_items(&prose));
                prose.clear();
                text.push_str("```rust\n");
            }
            // What rustdoc hides.
            (false, true) if line == "#" || line.starts_with("# ") => {}
            (_, true) => text.extend([line, "\n"]),
            (false, false) => {
                // The title of the page is the first level.
                let below = if line.starts_with('#') { "#" } else { "" };
                prose.extend([below, line, "\n"]);
            }
        }
        in_code ^= is_fence;
    }
    text.push_str(&without_links_to_items(&prose));
    text.push_str(
        "\nPart of [Herakles](https://github.com/herakles-exporter/herakles). Licensed under MIT \
         or Apache-2.0, as you like.\n",
    );
    text
}

/// Only rustdoc knows where the items of a crate are described: what leads to one becomes its text.
fn without_links_to_items(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        result.push_str(before);
        let link = after.split_once(']').and_then(|(label, after)| {
            let target = after
                .strip_prefix('(')
                .and_then(|rest| rest.split_once(')'));
            match target {
                Some((target, _)) if target.contains('/') => None,
                Some((_, after)) => Some((label, after)),
                None if label.starts_with('`') => Some((label, after)),
                None => None,
            }
        });
        rest = match link {
            Some((label, after)) => {
                result.push_str(label);
                after
            }
            None => {
                result.push('[');
                after
            }
        };
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_is_the_documentation_without_what_only_rustdoc_knows() {
        let source = "//! Reads [`Stat`]s, [one](Stat::parse) at a time; see [x](https://x.org/).\n\
             //!\n//! ```\n//! # hidden();\n//! let a = [0; 3];\n//! ```\n//!\n//! # More\n\
             use std::fs;\n//! not this\n";
        assert_eq!(
            readme("a-crate", source),
            "# a-crate\n\nReads `Stat`s, one at a time; see [x](https://x.org/).\n\n\
             ```rust\nlet a = [0; 3];\n```\n\n## More\n\nPart of \
             [Herakles](https://github.com/herakles-exporter/herakles). Licensed under MIT or \
             Apache-2.0, as you like.\n"
        );
    }
}

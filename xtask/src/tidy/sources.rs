//! What the text of the sources may hold: its length, what it is for, places on somebody's machine,
//! undone work, I/O in pure crates, words for the user in libraries.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Finding, arrows::PURE, links, size::Size};
use crate::{failure::Failure, workspace};

/// A file beyond this many lines has more than one reason to change.
const LONG: usize = 400;
const TOO_LONG: usize = 500;

/// What a pure crate would do I/O, ask the clock or talk to the user with.
const IMPURE_NAMES: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::os",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
];

/// The program, and what writes its log.
const MAY_TALK: &[&str] = &["herakles-exporter", "herakles-log"];

/// What a library would talk with. What is worth a line is for the program to decide.
const TALK: &[&str] = &["println!", "eprintln!", "print!(", "tracing::", "log::"];

/// Names that hold nothing of ours to check. In a linked worktree `.git` is a file.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules"];

pub(super) fn check(findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let root = workspace::root();
    let mut files = Vec::new();
    list(root, &mut files)?;
    let private = private_paths(root);
    let mut size = Size::default();
    for file in files {
        // Fixtures hold bytes of the kernel, which need not be text.
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let place = workspace::place(&file);
        check_private_paths(&place, &text, &private, findings);
        if file.extension().is_some_and(|extension| extension == "md") {
            links::check(&file, &place, &text, findings);
        }
        if file.extension().is_some_and(|extension| extension == "rs") {
            check_length(&place, &text, findings);
            check_purpose(&place, &text, findings);
            check_markers(&place, &text, findings);
            let Some(member) = product_of(&place) else {
                continue;
            };
            size.add(&place, without_tests(&text).count());
            if PURE.contains(&member) {
                check_names(&place, &text, IMPURE_NAMES, "in a pure crate", findings);
            }
            if !MAY_TALK.contains(&member) {
                check_names(&place, &text, TALK, "in a library", findings);
            }
        }
    }
    size.check(findings);
    Ok(())
}

fn list(directory: &Path, out: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |e| Failure::new(format!("cannot list {}: {e}", directory.display()));
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            list(&entry.path(), out)?;
        } else if kind.is_file() {
            out.push(entry.path());
        }
    }
    Ok(())
}

/// Places that exist on the machine of whoever runs this, and nowhere else.
fn private_paths(root: &Path) -> Vec<String> {
    // The home of root is the same everywhere, and a path like "/src" is too common to tell.
    let is_telling = |path: &String| path.matches('/').count() > 2 && path != "/root/";
    let home = std::env::var("HOME").ok();
    let home = home.map(|home| format!("{}/", home.trim_end_matches('/')));
    let root = format!("{}/", root.display());
    home.into_iter().chain([root]).filter(is_telling).collect()
}

fn check_private_paths(place: &str, text: &str, private: &[String], findings: &mut Vec<Finding>) {
    for (index, line) in text.lines().enumerate() {
        if let Some(path) = private.iter().find(|path| line.contains(path.as_str())) {
            findings.push(Finding::error(
                format!("{place}:{}", index + 1),
                format!("names {path}, a place on one machine only"),
            ));
        }
    }
}

fn check_length(place: &str, text: &str, findings: &mut Vec<Finding>) {
    let lines = text.lines().count();
    let message = format!("has {lines} lines; split it by reason to change");
    if lines > TOO_LONG {
        findings.push(Finding::error(place, message));
    } else if lines > LONG {
        findings.push(Finding::warning(place, message));
    }
}

/// Work that is left undone belongs into an issue, where somebody looks for it.
fn check_markers(place: &str, text: &str, findings: &mut Vec<Finding>) {
    const MARKERS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(marker) = MARKERS.iter().find(|marker| line.contains(**marker)) {
            findings.push(Finding::error(
                format!("{place}:{number}"),
                format!("{marker}: do it, or open an issue"),
            ));
        }
    }
}

/// A reader who opens a file is told first what it is for.
fn check_purpose(place: &str, text: &str, findings: &mut Vec<Finding>) {
    if !text.starts_with("//! ") {
        findings.push(Finding::warning(
            place,
            "its first line does not say with //! what it is for",
        ));
    }
}

/// The crate of the product that a file is part of, unless it is a test.
fn product_of(place: &str) -> Option<&str> {
    let (member, source) = place.strip_prefix("crates/")?.split_once("/src/")?;
    let is_test = source.split('/').any(|name| name == "tests") || place.ends_with("tests.rs");
    (!is_test).then_some(member)
}

fn check_names(place: &str, text: &str, names: &[&str], when: &str, findings: &mut Vec<Finding>) {
    let code = without_tests(text).filter(|(_, line)| !line.trim_start().starts_with("//"));
    for (number, line) in code {
        if let Some(name) = names.iter().find(|name| line.contains(**name)) {
            findings.push(Finding::error(
                format!("{place}:{number}"),
                format!("{name} {when}"),
            ));
        }
    }
}

/// The lines outside an in-file test module, with their numbers.
fn without_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut after_cfg_test = false;
    let mut in_tests = false;
    (1..).zip(text.lines()).filter(move |&(_, line)| {
        let in_tests_before = in_tests;
        if in_tests {
            in_tests = line != "}";
        } else if after_cfg_test && line.starts_with("mod ") && line.ends_with('{') {
            in_tests = true;
        }
        after_cfg_test = line == "#[cfg(test)]";
        !in_tests_before && !in_tests
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_counts_in_code_but_not_in_comments_and_tests() {
        let text = "//! Not `std::fs`.\nuse std::fs;\n\n#[cfg(test)]\nmod tests {\n    \
                    use std::fs;\n}\n\nfn after() { std::fs::read(\"x\"); }\n";
        let mut findings = Vec::new();
        check_names("a.rs", text, IMPURE_NAMES, "in a pure crate", &mut findings);
        let places: Vec<_> = findings
            .iter()
            .map(|finding| finding.place.as_str())
            .collect();
        assert_eq!(places, ["a.rs:2", "a.rs:9"]);
    }

    #[test]
    fn a_test_module_in_its_own_file_does_not_hide_what_follows() {
        let text = "#[cfg(test)]\nmod tests;\nuse std::fs;\n";
        assert_eq!(without_tests(text).count(), 3);
    }

    #[test]
    fn the_product_is_what_is_no_test() {
        let member = |place| product_of(place);
        assert_eq!(
            member("crates/herakles-cpu/src/tracker.rs"),
            Some("herakles-cpu")
        );
        assert_eq!(member("crates/herakles-cpu/src/tracker/tests.rs"), None);
        assert_eq!(member("crates/herakles-cpu/src/tests/storms.rs"), None);
        assert_eq!(member("crates/herakles-cpu/tests/storm.rs"), None);
        assert_eq!(member("xtask/src/main.rs"), None);
    }

    #[test]
    fn a_file_begins_with_its_purpose() {
        let mut findings = Vec::new();
        check_purpose("a.rs", "//! What it is for.\n", &mut findings);
        assert_eq!(findings, []);
        check_purpose("a.rs", "use std::fs;\n", &mut findings);
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn length_warns_before_it_fails() {
        let mut findings = Vec::new();
        check_length("a.rs", &"x\n".repeat(LONG), &mut findings);
        assert_eq!(findings, []);
        check_length("a.rs", &"x\n".repeat(LONG + 1), &mut findings);
        check_length("a.rs", &"x\n".repeat(TOO_LONG + 1), &mut findings);
        let severities: Vec<_> = findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(
            severities,
            [
                super::super::Severity::Warning,
                super::super::Severity::Error
            ]
        );
    }

    #[test]
    fn undone_work_is_named_with_its_line() {
        let mut findings = Vec::new();
        let text = concat!("fn done() {}\n// TO", "DO: more\n");
        check_markers("a.rs", text, &mut findings);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place, "a.rs:2");
    }

    #[test]
    fn a_place_on_one_machine_is_named_with_its_line() {
        let mut findings = Vec::new();
        let private = ["/home/someone/".to_owned()];
        check_private_paths(
            "a.md",
            "fine\nsee /home/someone/notes\n",
            &private,
            &mut findings,
        );
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place, "a.md:2");
    }
}

//! Rules as people read them.

use std::fmt::Write as _;

use herakles_classify::{Rule, quoted};

/// Appends the patterns and constraints of a rule in the words of its file.
pub(crate) fn patterns(rule: &Rule, out: &mut String) {
    list(out, "matches", rule.matches());
    list(out, "cmdline_matches", rule.cmdline_matches());
    list(out, "exe_matches", rule.exe_matches());
    list(out, "users", rule.users());
    list(out, "cgroups", rule.cgroups());
    list(out, "parents", rule.parents());
    list(out, "names", rule.names());
    list(out, "argv0", rule.argv0());
    list(out, "cmdline_all", rule.cmdline_all());
    if rule.is_fallback() {
        out.push_str("  fallback");
    }
    if rule.inherits() {
        out.push_str("  inherit");
    }
    if rule.is_always_shown() {
        out.push_str("  always");
    }
}

fn list<'a>(out: &mut String, key: &str, items: impl Iterator<Item = &'a str>) {
    for (index, item) in items.enumerate() {
        let separator = if index == 0 {
            format!("  {key}=")
        } else {
            ", ".to_owned()
        };
        let _ = write!(out, "{separator}{}", quoted(item));
    }
}

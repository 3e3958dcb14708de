//! What a pattern can match by itself: nothing, everything, or something.

use crate::name::{CMDLINE_LEN, COMM_LEN};
use crate::pattern::{CmdlinePattern, GlobPattern, LiteralSet, Matcher, parse_regex};

/// Why no name ever matches.
pub(super) fn unmatchable_name(pattern: &GlobPattern) -> Option<&'static str> {
    pattern
        .matcher
        .exact()
        .is_some_and(|name| name.len() > COMM_LEN && name.contains(&b'/'))
        .then_some("a name this long is compared with file names, which hold no /")
}

/// Why no executable's path ever matches.
pub(super) fn unmatchable_exe(pattern: &GlobPattern) -> Option<&'static str> {
    pattern
        .matcher
        .starts_unlike(b'/')
        .then_some("paths of executables start with /")
}

/// Why no control group's path ever matches.
pub(super) fn unmatchable_cgroup(pattern: &GlobPattern) -> Option<&'static str> {
    pattern
        .matcher
        .starts_unlike(b'/')
        .then_some("paths of control groups start with /")
}

/// Why no parent's name ever matches.
pub(super) fn unmatchable_parent(pattern: &GlobPattern) -> Option<&'static str> {
    (pattern.matcher.min_len() > COMM_LEN)
        .then_some("names of parents are known by their first 15 bytes")
}

/// What a regular expression can match, of all command lines.
pub(super) enum Reach {
    Nothing(&'static str),
    Something,
    Everything,
}

pub(super) fn reach(pattern: &CmdlinePattern) -> Reach {
    const IMPOSSIBLE: Reach = Reach::Nothing("nothing is at once all that it asks for");
    let Ok(hir) = parse_regex(&pattern.text) else {
        return IMPOSSIBLE;
    };
    let properties = hir.properties();
    match properties.minimum_len() {
        None => IMPOSSIBLE,
        Some(shortest) if shortest > CMDLINE_LEN => {
            Reach::Nothing("only the first 4 KiB of a command line are looked at")
        }
        Some(0) if properties.look_set().is_empty() => Reach::Everything,
        Some(_) => {
            let holds_nul = |set: &LiteralSet| set.iter().all(|text| text.contains(&0));
            if pattern.required_literals().iter().any(holds_nul) {
                Reach::Nothing("NULs in command lines are seen as spaces")
            } else {
                Reach::Something
            }
        }
    }
}

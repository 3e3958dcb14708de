//! What a pattern can match by itself: nothing, everything, or something.

use regex_syntax::hir::{Hir, HirKind, Look};

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
    let Ok(hir) = parse_regex(pattern.text()) else {
        return IMPOSSIBLE;
    };
    let properties = hir.properties();
    match properties.minimum_len() {
        None => IMPOSSIBLE,
        Some(shortest) if shortest > CMDLINE_LEN => {
            Reach::Nothing("only the first 4 KiB of a command line are looked at")
        }
        Some(0 | 1) if is_boundless(&hir, pattern) => Reach::Everything,
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

/// Whether every command line matches, newlines in odd places aside.
///
/// An expression that looks at nothing behind its match and matches each single byte matches all that
/// begin with that byte too.
fn is_boundless(hir: &Hir, pattern: &CmdlinePattern) -> bool {
    let hir = without_end(hir);
    let looks = hir.properties().look_set();
    let is_open = looks.iter().all(|look| look == Look::Start);
    let mut bytes = (1..=u8::MAX).filter(|byte| *byte != b'\n');
    is_open && bytes.all(|byte| pattern.is_match(&[byte]))
}

/// The expression without a `$` that leaves open what stands before it.
fn without_end(hir: &Hir) -> Hir {
    if let HirKind::Concat(parts) = hir.kind()
        && let [before @ .., end] = parts.as_slice()
        && matches!(end.kind(), HirKind::Look(Look::End))
        && let Some(HirKind::Repetition(last)) = before.last().map(Hir::kind)
        && last.max.is_none()
        && last.sub.properties().maximum_len() == Some(1)
        && is_any_byte(&last.sub)
    {
        return Hir::concat(before.to_vec());
    }
    hir.clone()
}

fn is_any_byte(hir: &Hir) -> bool {
    let HirKind::Class(regex_syntax::hir::Class::Bytes(class)) = hir.kind() else {
        return false;
    };
    let bytes = class.ranges().iter().map(|range| range.len());
    // All but the newline, or all.
    bytes.sum::<usize>() >= 255
}

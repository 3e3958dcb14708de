//! From a name of process-exporter, a template of Go, to a subgroup.

use super::entry::Entry;
use super::selectors;

/// What takes this place where an entry has no name.
const DEFAULT: &str = "{{.ExeBase}}";

/// Our own variables, which a capture of that name would be taken for.
const RESERVED: [&str; 8] = [
    "comm",
    "exe",
    "user",
    "unit",
    "slice",
    "container",
    "pod",
    "script",
];

/// What captures the file name of the first argument, if the name of the entry needs it and one
/// of several programs has to be told.
pub(super) fn program_capture(entry: &Entry) -> Option<&'static str> {
    let needed = template(entry).contains(".ExeBase") && entry.exe.len() != 1;
    let is_looked_at = !entry
        .cmdline
        .iter()
        .any(|it| selectors::starts_at_start(it));
    let name = if captures(entry, "program") {
        "program_"
    } else {
        "program"
    };
    let has_programs = !(entry.exe.is_empty() && entry.comm.is_empty());
    (needed && is_looked_at && has_programs).then_some(name)
}

fn template(entry: &Entry) -> &str {
    match entry.name.as_str() {
        "" => DEFAULT,
        name => name,
    }
}

/// The capture's name in our rules.
pub(super) fn capture(name: &str) -> String {
    if RESERVED.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// The name with our variables in place of theirs. What has none is dropped, with the
/// punctuation around it.
pub(super) fn subgroup(entry: &Entry, notes: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut dropped = false;
    let mut rest = template(entry);
    while let Some((text, (action, after))) = rest
        .split_once("{{")
        .and_then(|(text, rest)| Some((text, rest.split_once("}}")?)))
    {
        let (action, trims_before) = trimmed(action.strip_prefix('-'), action);
        push_text(&mut out, text, trims_before);
        let (action, trims_after) = trimmed(action.strip_suffix('-'), action);
        match variable(action.trim(), entry, notes) {
            Some(value) => out.push_str(&value),
            None => dropped = true,
        }
        rest = if trims_after {
            after.trim_start()
        } else {
            after
        };
    }
    push_text(&mut out, rest, false);
    if dropped {
        let punctuation: &[char] = &['-', '_', ':', '.', '/', ',', ';', '@', '#', ' '];
        out = out.trim_matches(punctuation).to_owned();
    }
    if out.is_empty() {
        notes.push("nothing is left of the name, so the name of the process stands in".to_owned());
        "{comm}".clone_into(&mut out);
    }
    out
}

/// `{{-` and `-}}` take the blanks beside them away.
fn trimmed<'t>(stripped: Option<&'t str>, action: &'t str) -> (&'t str, bool) {
    stripped.map_or((action, false), |stripped| (stripped, true))
}

fn push_text(out: &mut String, text: &str, trim_end: bool) {
    let text = if trim_end { text.trim_end() } else { text };
    out.push_str(&text.replace(['{', '}'], "_"));
}

/// What an action stands for, or nothing if rules have nothing like it.
fn variable(action: &str, entry: &Entry, notes: &mut Vec<String>) -> Option<String> {
    let mut note = |sentence: &str| notes.push(format!("{{{{{action}}}}} {sentence}"));
    let known = match action {
        ".Comm" => match entry.comm.as_slice() {
            [comm] => without_braces(comm),
            _ => "{comm}".to_owned(),
        },
        ".ExeBase" => return Some(exe_base(entry, &mut note)),
        ".ExeFull" => {
            note("becomes {exe}, the name of the file that runs, without its folder");
            "{exe}".to_owned()
        }
        ".Username" => "{user}".to_owned(),
        ".Cgroups" => {
            note("becomes {unit}; {slice}, {container} and {pod} are there too");
            "{unit}".to_owned()
        }
        ".PID" => {
            note("is dropped: herakles_process_* have every process by its pid");
            return None;
        }
        ".StartTime" => {
            note("is dropped: herakles_process_start_time_seconds has it");
            return None;
        }
        _ => match matched(action) {
            Some(name) if captures(entry, name) => format!("{{{}}}", capture(name)),
            Some(_) => {
                note("is dropped: no expression of the entry has this group");
                return None;
            }
            None => {
                note("is dropped: rules have nothing like it");
                return None;
            }
        },
    };
    Some(known)
}

/// The file name of the first argument: known, captured, or the nearest there is.
fn exe_base(entry: &Entry, note: &mut impl FnMut(&str)) -> String {
    if let [exe] = entry.exe.as_slice() {
        return without_braces(exe.rsplit('/').next().unwrap_or(exe));
    }
    if entry.exe.is_empty() && entry.cmdline.is_empty() {
        note("is the file name of the first argument there; the name of the process stands in");
        return "{comm}".to_owned();
    }
    if let Some(capture) = program_capture(entry) {
        return format!("{{{capture}}}");
    }
    note(
        "is the file name of the first argument there, {exe} that of the file that runs; it is \
         unknown where its link may not be read",
    );
    "{exe}".to_owned()
}

/// The name in `.Matches.NAME` and `index .Matches "NAME"`.
fn matched(action: &str) -> Option<&str> {
    let name = action.strip_prefix(".Matches.").or_else(|| {
        let argument = action.strip_prefix("index")?.trim_start();
        let quoted = argument.strip_prefix(".Matches")?.trim();
        quoted.strip_prefix('"')?.strip_suffix('"')
    })?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

fn captures(entry: &Entry, name: &str) -> bool {
    let group = format!("(?P<{name}>");
    let short = format!("(?<{name}>");
    let mut expressions = entry.cmdline.iter();
    expressions.any(|it| it.contains(&group) || it.contains(&short))
}

fn without_braces(name: &str) -> String {
    name.replace(['{', '}'], "_")
}

//! One item of `process_names` as a rule of ours.

use std::fmt::Write as _;

use super::document::Entry;
use super::go_regex::{self, Translation};
use super::template::{self, NamePart, Value};
use super::{GROUP, RemarkKind};
use crate::glob::Glob;
use crate::template::BUILT_IN;

/// What the kernel keeps of a name.
const COMM_LENGTH: usize = 15;

/// How many groups one template may make: theirs have no bound.
const MAX_VALUES: usize = 1000;

/// The group that holds the first argument where a name needs all of it.
const WHOLE_ARGUMENT: &str = "argv0_path";

/// A rule as TOML, and what is not quite the same in it.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) notes: Vec<(RemarkKind, String)>,
    pub(super) rule: String,
}

/// The rule that says what an item says.
///
/// # Errors
/// Why there is none.
pub(super) fn convert(entry: &Entry) -> Result<Converted, String> {
    if [&entry.comm, &entry.exe]
        .into_iter()
        .flatten()
        .any(Vec::is_empty)
    {
        return Err("a list without names matches nothing, there as here".to_owned());
    }
    let mut notes = Notes::default();
    let comm = entry.comm.as_deref().unwrap_or_default();
    let exe = entry.exe.as_deref().unwrap_or_default();
    notes.long_names(comm);
    notes.same_file_names(exe);
    let mut expressions = expressions(entry.cmdline.as_deref().unwrap_or_default())?;
    let name = Naming {
        comm,
        exe,
        expressions: &expressions,
        notes: &mut notes,
    };
    let (subgroup, needs_whole_argument) = name.subgroup(&template::parse(template_of(entry))?);
    expressions.retain(|expression| !expression.captures.is_empty() || !expression.is_boundless());
    let mut texts: Vec<String> = expressions.into_iter().map(|it| it.text).collect();
    if needs_whole_argument {
        texts.push(format!("^(?P<{WHOLE_ARGUMENT}>[^ ]*)"));
    }

    let mut rule = String::new();
    let mut line = |key: &str, value: toml::Value| {
        // Writing to a string does not fail.
        let _ = writeln!(rule, "{key} = {value}");
    };
    line("group", GROUP.into());
    line("subgroup", subgroup.as_str().into());
    let globs = |names: &[String]| -> Vec<String> {
        let names = names.iter();
        names.map(|name| Glob::exactly(name.as_bytes())).collect()
    };
    match comm {
        [] => line("matches", vec!["*"].into()),
        comm => line("matches", globs(comm).into()),
    }
    if !exe.is_empty() {
        line("argv0", globs(exe).into());
    }
    if !texts.is_empty() {
        line("cmdline_all", texts.into());
    }
    line("inherit", true.into());
    if subgroup.contains('{') {
        line(
            "max_values",
            i64::try_from(MAX_VALUES).unwrap_or(i64::MAX).into(),
        );
    }
    Ok(Converted {
        notes: notes.0,
        rule: format!("[[subgroups]]\n{rule}"),
    })
}

/// Without a name there is the file name of the first argument.
fn template_of(entry: &Entry) -> &str {
    match entry.name.as_str() {
        "" => "{{.ExeBase}}",
        name => name,
    }
}

/// The expressions in our syntax. Of groups of the same name the last counts, there as here.
fn expressions(go: &[String]) -> Result<Vec<Translation>, String> {
    let numbered = |number: usize, error: String| {
        format!("its expression {} has no equal here: {error}", number + 1)
    };
    let mut names = Vec::new();
    for (number, text) in go.iter().enumerate() {
        names.push(go_regex::group_names(text).map_err(|error| numbered(number, error))?);
    }
    let mut translations = Vec::new();
    for (number, text) in go.iter().enumerate() {
        let rename = |name: &str| {
            let mut later = names.iter().skip(number + 1).flatten();
            let counts = !later.any(|other| other == name);
            counts.then(|| our_name(name, &names.concat()))
        };
        let translation = go_regex::translate(text, rename);
        translations.push(translation.map_err(|error| numbered(number, error))?);
    }
    Ok(translations)
}

/// A name that is no variable of ours, no other group's, and starts with a letter.
fn our_name(name: &str, all: &[String]) -> String {
    let mut ours = name.to_owned();
    if ours.starts_with(|first: char| first.is_ascii_digit()) {
        ours.insert(0, '_');
    }
    let is_taken = |ours: &str| {
        let is_built_in = BUILT_IN.iter().any(|(built_in, _)| *built_in == ours);
        is_built_in
            || ours == WHOLE_ARGUMENT
            || (ours != name && all.iter().any(|other| other == ours))
    };
    while is_taken(&ours) {
        ours.push('_');
    }
    ours
}

#[derive(Default)]
struct Notes(Vec<(RemarkKind, String)>);

impl Notes {
    fn differs(&mut self, note: impl Into<String>) {
        self.0.push((RemarkKind::Differs, note.into()));
    }

    fn long_names(&mut self, comm: &[String]) {
        for name in comm.iter().filter(|name| name.len() > COMM_LENGTH) {
            self.differs(format!(
                "the name {name:?} is longer than 15 bytes and matches nothing there; here it is \
                 completed from the command line"
            ));
        }
    }

    fn same_file_names(&mut self, exe: &[String]) {
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        for (index, path) in exe.iter().enumerate() {
            let later = exe.iter().skip(index + 1);
            if later
                .clone()
                .any(|other| other != path && base(other) == base(path))
            {
                self.differs(format!(
                    "of the exe with the file name {:?} only the last counts there; here all do",
                    base(path)
                ));
                return;
            }
        }
    }
}

/// Makes the name of the subgroup.
struct Naming<'e> {
    comm: &'e [String],
    exe: &'e [String],
    expressions: &'e [Translation],
    notes: &'e mut Notes,
}

impl Naming<'_> {
    /// The name, and whether it holds [`WHOLE_ARGUMENT`]. What has no value here is dropped, with
    /// the punctuation around it.
    fn subgroup(mut self, parts: &[NamePart]) -> (String, bool) {
        let mut out = String::new();
        let mut dropped = false;
        let mut needs_whole_argument = false;
        for part in parts {
            let text = match part {
                NamePart::Text(text) => Some(self.text(text)),
                NamePart::Value(value) => self.value(value),
            };
            dropped |= text.is_none();
            let text = text.unwrap_or_default();
            needs_whole_argument |= text == format!("{{{WHOLE_ARGUMENT}}}");
            out.push_str(&text);
        }
        if dropped {
            let punctuation: &[char] = &['-', '_', ':', '.', '/', ',', ';', '@', '#', ' '];
            out = out.trim_matches(punctuation).to_owned();
        }
        if out.is_empty() {
            self.notes
                .differs("nothing is left of the name, so the name of the process stands in");
            "{comm}".clone_into(&mut out);
        }
        (out, needs_whole_argument)
    }

    fn text(&mut self, text: &str) -> String {
        if text.contains(['{', '}']) {
            self.notes.differs("the braces in its name become _");
        }
        without_braces(text)
    }

    fn value(&mut self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Comm => match self.comm {
                [comm] if comm.len() <= COMM_LENGTH => without_braces(comm),
                _ => "{comm}".to_owned(),
            },
            Value::ExeBase => match self.exe {
                [exe] => without_braces(exe.rsplit('/').next().unwrap_or(exe)),
                _ => "{argv0}".to_owned(),
            },
            Value::ExeFull => match self.exe {
                [exe] if exe.contains('/') => without_braces(exe),
                _ => {
                    self.notes.differs(
                        "{{.ExeFull}} is taken from the command line up to its first blank; it \
                         needs a command line, and has 64 bytes at most",
                    );
                    format!("{{{WHOLE_ARGUMENT}}}")
                }
            },
            Value::Username => "{user}".to_owned(),
            Value::Cgroups => {
                self.notes.differs(
                    "{{.Cgroups}} becomes {unit}; {slice}, {container} and {pod} are there too",
                );
                "{unit}".to_owned()
            }
            Value::Pid => {
                self.notes.differs(
                    "{{.PID}} is dropped: herakles_process_* have every process by its pid",
                );
                return None;
            }
            Value::StartTime => {
                self.notes.differs(
                    "{{.StartTime}} is dropped: herakles_process_start_time_seconds has it",
                );
                return None;
            }
            Value::Match(name) => self.matched(name),
            Value::Unknown(action) => {
                let note = format!("{{{{{action}}}}} is dropped: rules have nothing like it");
                self.notes.0.push((RemarkKind::LeftOut, note));
                return None;
            }
        })
    }

    fn matched(&mut self, name: &str) -> String {
        let captures = self.expressions.iter().flat_map(|expression| {
            let captures = expression.captures.iter();
            captures.map(move |(theirs, ours)| (expression, theirs, ours))
        });
        let found = captures.into_iter().find(|(_, theirs, _)| *theirs == name);
        let Some((expression, _, ours)) = found else {
            self.notes.differs(format!(
                "no expression has the group {name}, for which Go writes <no value>"
            ));
            return "<no value>".to_owned();
        };
        if expression.may_lack(ours) {
            self.notes.differs(format!(
                "where nothing is in the group {name} its place is empty there, and unknown here"
            ));
        }
        format!("{{{ours}}}")
    }
}

fn without_braces(name: &str) -> String {
    name.replace(['{', '}'], "_")
}

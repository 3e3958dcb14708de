//! The table of programs that run others, read from `programs.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::words::file_name;

/// What an option does to the arguments behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It is complete.
    Flag,
    /// A number may follow the letter, then more letters.
    Number,
    /// One character follows the letter, then more letters.
    Single,
    /// Its value, if any, is the rest of the argument.
    Attached,
    /// Its value is the rest of the argument, or the next one.
    Value,
    /// Its value is the next argument.
    Deferred,
    /// Its value is what runs.
    Target,
    /// Nothing that has a name runs.
    End,
}

/// How a program runs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// It reads the text of a program.
    Interpreter,
    /// It starts or becomes another program.
    Wrapper,
    /// It runs a program made for another machine; the name it was called by may follow.
    Emulator,
}

/// A program of the table and its options.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) kind: Kind,
    /// Rules expect a version behind its name.
    versioned: bool,
    /// Options are words of one dash or two, without clusters of letters.
    pub(super) words: bool,
    /// Options may have a plus for the dash.
    pub(super) plus: bool,
    /// `NAME=VALUE` may stand before the command.
    pub(super) assignments: bool,
    /// `@FILE` stands for arguments in a file.
    pub(super) argument_files: bool,
    /// It is a script, run by an interpreter.
    pub(super) is_script: bool,
    /// What a wrapper runs is itself a script.
    pub(super) runs_scripts: bool,
    /// How many arguments of its own follow the options.
    pub(super) operands: usize,
    /// How the name of a program must end; empty if in any way.
    pub(super) extensions: Vec<Vec<u8>>,
    pub(super) commands: Commands,
    /// `_` is as good as `-` within a word.
    underscores: bool,
    letters: HashMap<u8, Effect>,
    exact: HashMap<Vec<u8>, Effect>,
    prefixes: Vec<Prefix>,
}

/// Words that may stand where the program would.
#[derive(Debug)]
pub(super) struct Commands {
    /// The program and more options follow.
    pub(super) runs: Vec<Vec<u8>>,
    /// Something without a name runs.
    pub(super) ends: Vec<Vec<u8>>,
    /// Nothing runs without one of them.
    pub(super) only: bool,
}

#[derive(Debug)]
struct Prefix {
    start: Vec<u8>,
    /// It counts only where a value follows behind `=`.
    with_value: bool,
    effect: Effect,
}

/// Longer options are in no table.
const WORD_LEN: usize = 64;

impl Program {
    /// The effect of a letter of a cluster.
    pub(super) fn letter(&self, letter: u8) -> Option<Effect> {
        self.letters.get(&letter).copied()
    }

    /// The effect of an option compared as a whole, up to its `=`, or by its beginning.
    pub(super) fn word(&self, option: &[u8]) -> Option<Effect> {
        let mut buffer = [0; WORD_LEN];
        let sign = memchr::memchr(b'=', option).filter(|_| option.starts_with(b"--"));
        let name = option.get(..sign.unwrap_or(option.len()))?;
        let same = buffer.get_mut(..=name.len())?;
        for (to, from) in same.iter_mut().zip(name.iter().chain(b"=")) {
            *to = if self.underscores && *from == b'_' {
                b'-'
            } else {
                *from
            };
        }
        let (with_sign, name) = (&*same, same.get(..name.len())?);
        let exact = self.exact.get(name);
        let exact = exact.or_else(|| sign.and_then(|_| self.exact.get(with_sign)));
        let by_start = || {
            self.prefixes
                .iter()
                .find(|prefix| {
                    name.starts_with(&prefix.start) && (sign.is_some() || !prefix.with_value)
                })
                .map(|prefix| &prefix.effect)
        };
        exact.or_else(by_start).copied()
    }
}

/// All programs, by each of their names.
#[derive(Debug)]
pub(super) struct Programs {
    programs: Vec<Program>,
    by_name: HashMap<Vec<u8>, Entrance>,
}

/// Where a name leads.
#[derive(Debug)]
struct Entrance {
    program: usize,
    /// The name that rules know it by.
    known_as: Vec<u8>,
}

/// A program as a command line calls it.
pub(super) struct Call<'a> {
    pub(super) program: &'static Program,
    /// The name that rules know it by.
    pub(super) known_as: &'static [u8],
    /// What follows that name in the path; all of the file's name if it is another one.
    variant: &'a [u8],
}

impl Call<'_> {
    /// Whether rules find it under the name it has here.
    pub(super) fn has_common_name(&self) -> bool {
        let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        self.variant.is_empty() || (self.program.versioned && self.variant.iter().all(is_number))
    }
}

/// Names of builds that may end a program's name.
const BUILDS: [&[u8]; 11] = [
    b"32", b"64", b"arm64", b"cli", b"dbg", b"debug", b"intel64", b"nogil", b"static", b"zts", b"",
];

impl Programs {
    /// The program with this path, in whatever version and build.
    pub(super) fn find<'a>(&'static self, path: &'a [u8]) -> Option<Call<'a>> {
        let file = file_name(path);
        let name = match file.split_last_chunk::<4>() {
            Some((name, extension)) if extension.eq_ignore_ascii_case(b".exe") => name,
            _ => file,
        };
        let name = name.strip_prefix(b"buildkit-").unwrap_or(name);
        let name = name.strip_suffix(b"-static").unwrap_or(name);
        let entrance = self.by_name.get(name).or_else(|| {
            let version = name
                .iter()
                .position(|byte| !byte.is_ascii_alphabetic())
                .filter(|&at| name.get(at..).is_some_and(is_version));
            self.by_name.get(name.get(..version?)?)
        })?;
        let known_as = &*entrance.known_as;
        Some(Call {
            program: self.programs.get(entrance.program)?,
            known_as,
            variant: file.strip_prefix(known_as).unwrap_or(file),
        })
    }
}

/// Whether this can follow the name of a program without making it another: numbers, the letters
/// of an ABI, a build.
fn is_version(text: &[u8]) -> bool {
    let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    let number = text.iter().take_while(|byte| is_number(byte)).count();
    let build = text.get(number..).unwrap_or_default();
    let abi = build
        .iter()
        .take_while(|byte| matches!(byte, b'd' | b'm' | b't' | b'u' | b'w'))
        .count();
    let behind_abi = build.get(abi..).unwrap_or_default();
    let behind_abi = behind_abi.strip_prefix(b"-").unwrap_or(behind_abi);
    BUILDS.contains(&build) || BUILDS.contains(&behind_abi) || build.ends_with(b"-linux-gnu")
}

/// The table, read when it is first asked for.
pub(super) static PROGRAMS: LazyLock<Programs> =
    LazyLock::new(|| read(include_str!("programs.toml")).unwrap_or_default());

impl Default for Programs {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Programs {
    fn new(entries: Vec<ProgramEntry>) -> Self {
        let mut by_name = HashMap::new();
        for (program, entry) in entries.iter().enumerate() {
            let mut add = |name: &str, known_as: &str| {
                let known_as = known_as.as_bytes().to_vec();
                by_name.insert(name.into(), Entrance { program, known_as });
            };
            add(&entry.name, &entry.name);
            for alias in entry.aliases.split_whitespace() {
                add(alias, &entry.name);
            }
            for relative in entry.relatives.split_whitespace() {
                add(relative, relative);
            }
        }
        let programs = entries.into_iter().map(Program::from).collect();
        Self { programs, by_name }
    }
}

/// Reads the table.
///
/// # Errors
/// What is wrong with it, which a test sees.
pub(super) fn read(text: &str) -> Result<Programs, toml::de::Error> {
    toml::from_str(text).map(|Table { programs }| Programs::new(programs))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    programs: Vec<ProgramEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramEntry {
    name: String,
    #[serde(default)]
    aliases: String,
    #[serde(default)]
    relatives: String,
    kind: Kind,
    #[serde(default)]
    versioned: bool,
    #[serde(default)]
    words: bool,
    #[serde(default)]
    underscores: bool,
    #[serde(default)]
    plus: bool,
    #[serde(default)]
    assignments: bool,
    #[serde(default)]
    argument_files: bool,
    #[serde(default)]
    is_script: bool,
    #[serde(default)]
    runs_scripts: bool,
    #[serde(default)]
    operands: usize,
    #[serde(default)]
    extensions: String,
    #[serde(default)]
    commands: CommandLists,
    #[serde(default)]
    flags: String,
    #[serde(default)]
    numbers: String,
    #[serde(default)]
    singles: String,
    #[serde(default)]
    attached: String,
    #[serde(default)]
    values: String,
    #[serde(default)]
    deferred: String,
    #[serde(default)]
    targets: String,
    #[serde(default)]
    ends: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandLists {
    #[serde(default)]
    runs: String,
    #[serde(default)]
    ends: String,
    #[serde(default)]
    only: bool,
}

impl From<ProgramEntry> for Program {
    fn from(entry: ProgramEntry) -> Self {
        let words = |list: &str| list.split_whitespace().map(|word| word.into()).collect();
        let mut program = Self {
            kind: entry.kind,
            versioned: entry.versioned,
            words: entry.words,
            plus: entry.plus,
            assignments: entry.assignments,
            argument_files: entry.argument_files,
            is_script: entry.is_script,
            runs_scripts: entry.runs_scripts,
            operands: entry.operands,
            extensions: words(&entry.extensions),
            commands: Commands {
                runs: words(&entry.commands.runs),
                ends: words(&entry.commands.ends),
                only: entry.commands.only,
            },
            underscores: entry.underscores,
            letters: HashMap::new(),
            exact: HashMap::new(),
            prefixes: Vec::new(),
        };
        for (list, effect) in [
            (entry.flags, Effect::Flag),
            (entry.numbers, Effect::Number),
            (entry.singles, Effect::Single),
            (entry.attached, Effect::Attached),
            (entry.values, Effect::Value),
            (entry.deferred, Effect::Deferred),
            (entry.targets, Effect::Target),
            (entry.ends, Effect::End),
        ] {
            for option in list.split_whitespace() {
                program.add(option.as_bytes(), effect);
            }
        }
        program
    }
}

impl Program {
    fn add(&mut self, option: &[u8], effect: Effect) {
        match option {
            [letter] if *letter != b'-' => {
                self.letters.insert(*letter, effect);
            }
            [start @ .., b'*', b'='] | [start @ .., b'*'] => self.prefixes.push(Prefix {
                start: start.to_vec(),
                with_value: option.ends_with(b"="),
                effect,
            }),
            _ => {
                self.exact.insert(option.to_vec(), effect);
            }
        }
    }
}

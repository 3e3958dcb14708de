//! The file layer: TOML text into checked values with their lines.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Place, Problem, ProblemKind};
use crate::names::nearest;
use crate::origin::Origin;
use crate::setting::{Setting, Settings, Table};
use crate::value::Value;

/// A value the file sets.
pub(crate) struct FileValue {
    pub(crate) setting: &'static Setting,
    pub(crate) value: Value,
    /// The file and the line of the key.
    pub(crate) origin: Origin,
}

/// What a file says, and everything that is wrong with it.
#[derive(Default)]
pub(crate) struct FileLayer {
    pub(crate) values: Vec<FileValue>,
    pub(crate) problems: Vec<Problem>,
}

/// Reads the text of a configuration file; `path` is for messages.
pub(crate) fn parse<S: Settings>(path: &Path, text: &str) -> FileLayer {
    let mut reader = Reader {
        elsewhere: S::PROGRAM.elsewhere,
        tables: S::TABLES,
        settings: S::SETTINGS,
        path,
        text,
        out: FileLayer::default(),
    };
    match DeTable::parse(text) {
        Ok(root) => reader.root(root.get_ref()),
        Err(error) => {
            let message = error.message().replace('\n', ", ");
            reader.report(
                &error.span().unwrap_or_default(),
                ProblemKind::Syntax(message),
            );
        }
    }
    // A table may stand before another one it is listed after: report in the order of the text.
    reader.out.problems.sort_by_key(|problem| match problem.at {
        Place::File { line, column, .. } => (line, column),
        _ => (0, 0),
    });
    reader.out
}

struct Reader<'a> {
    /// Tables of others, each with a sentence.
    elsewhere: &'static [(&'static str, &'static str)],
    tables: &'static [Table],
    settings: &'static [Setting],
    path: &'a Path,
    text: &'a str,
    out: FileLayer,
}

impl Reader<'_> {
    fn root(&mut self, root: &DeTable<'_>) {
        for (name, value) in root {
            let known = self
                .tables
                .iter()
                .find(|table| table.name == name.get_ref().as_ref());
            match (known, value.get_ref()) {
                (Some(table), DeValue::Table(keys)) => self.table(table, keys),
                (Some(table), _) => self.report(&name.span(), ProblemKind::NotATable(table.name)),
                (None, value) => {
                    let kind = self.unknown_at_root(name.get_ref(), value);
                    self.report(&name.span(), kind);
                }
            }
        }
    }

    fn table(&mut self, table: &'static Table, keys: &DeTable<'_>) {
        for (name, value) in keys {
            let known = self
                .settings_of(table)
                .find(|setting| setting.key == name.get_ref().as_ref());
            match known {
                Some(setting) if setting.in_file => self.value(setting, name, value),
                Some(setting) => self.report(&name.span(), ProblemKind::NotInFile(setting)),
                None => {
                    let kind = self.unknown_key(table, name.get_ref());
                    self.report(&name.span(), kind);
                }
            }
        }
    }

    fn value(
        &mut self,
        setting: &'static Setting,
        name: &Spanned<impl Sized>,
        value: &Spanned<DeValue<'_>>,
    ) {
        match setting.kind.read_toml(value.get_ref()) {
            Ok(value) => {
                let (line, _) = line_and_column(self.text, name.span().start);
                let origin = Origin::File {
                    path: self.path.to_owned(),
                    line,
                };
                self.out.values.push(FileValue {
                    setting,
                    value,
                    origin,
                });
            }
            Err(reason) => {
                self.report(
                    &value.span(),
                    ProblemKind::Invalid {
                        path: setting.path(),
                        reason,
                    },
                );
            }
        }
    }

    fn settings_of(&self, table: &'static Table) -> impl Iterator<Item = &'static Setting> {
        let settings = self.settings.iter();
        settings.filter(|setting| setting.table == table.name)
    }

    /// A name that is no table: perhaps a misspelt one, perhaps a key that lost its table.
    fn unknown_at_root(&self, name: &str, value: &DeValue<'_>) -> ProblemKind {
        if let Some((_, sentence)) = self.elsewhere.iter().find(|(table, _)| *table == name) {
            return ProblemKind::Elsewhere(sentence);
        }
        let name = name.to_owned();
        if value.is_table() {
            let tables = self.tables.iter().map(|table| table.name);
            let nearest = nearest(&name, tables).map(str::to_owned);
            return ProblemKind::UnknownTable { name, nearest };
        }
        let in_file = || self.settings.iter().filter(|setting| setting.in_file);
        let nearest = nearest(&name, in_file().map(|setting| setting.key))
            .and_then(|key| in_file().find(|setting| setting.key == key))
            .map(in_its_table);
        ProblemKind::KeyOutsideTable { name, nearest }
    }

    /// Perhaps misspelt, else perhaps a key of another table.
    fn unknown_key(&self, table: &'static Table, name: &str) -> ProblemKind {
        let here = nearest(name, self.settings_of(table).map(|setting| setting.key));
        let elsewhere = self.settings.iter().find(|setting| setting.key == name);
        let nearest = match (here, elsewhere) {
            (Some(key), _) => Some(key.to_owned()),
            (None, Some(setting)) if !setting.in_file => return ProblemKind::NotInFile(setting),
            (None, elsewhere) => elsewhere.map(in_its_table),
        };
        let name = name.to_owned();
        ProblemKind::UnknownKey {
            table: table.name,
            name,
            nearest,
        }
    }

    fn report(&mut self, span: &Range<usize>, kind: ProblemKind) {
        let (line, column) = line_and_column(self.text, span.start);
        let at = Place::File {
            path: self.path.to_owned(),
            line,
            column,
        };
        self.out.problems.push(Problem { at, kind });
    }
}

fn in_its_table(setting: &Setting) -> String {
    format!("[{}] {}", setting.table, setting.key)
}

/// Both from 1; the column counts characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    (line, column)
}

//! Default, file, environment, flags: the later wins.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use crate::error::{ConfigError, Place, Problem, ProblemKind, Problems};
use crate::file::{self, FileLayer};
use crate::names::{did_you_mean, nearest};
use crate::origin::Origin;
use crate::setting::{Setting, Settings};
use crate::text_file::read_text;
use crate::value::Value;

/// No configuration is longer: beyond it something else was named by mistake.
const MAX_FILE: u64 = 1 << 20;

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct FlagValues {
    /// `--config.file`.
    pub config_file: Option<PathBuf>,
    /// Every value given for each setting, by [`Setting::path`], as its items: all must be good, and
    /// the last holds.
    pub settings: BTreeMap<String, Vec<Vec<String>>>,
}

/// The environment as it was when the program started.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// That of this process.
    pub fn current() -> Self {
        std::env::vars_os().collect()
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let readable = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self(readable.collect())
    }
}

/// Where the settings come from. Kept for reloads: only the file can change in between.
#[derive(Clone, Debug)]
pub struct Sources<S> {
    flags: FlagValues,
    environment: Environment,
    default_file: PathBuf,
    settings: PhantomData<S>,
}

/// One setting with the value that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveSetting {
    /// Which one.
    pub setting: &'static Setting,
    /// What holds.
    pub value: Value,
    /// Where it is from.
    pub origin: Origin,
}

/// The settings that hold, and how they came about.
#[derive(Clone, Debug)]
pub struct Loaded<S> {
    /// As types.
    pub config: S,
    /// One for each of [`Settings::SETTINGS`], in their order.
    pub settings: Vec<EffectiveSetting>,
    /// What is allowed but hardly meant, as sentences.
    pub warnings: Vec<String>,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// The settings that a reload found changed, but which keep their value until a restart.
    pub restart_needed: Vec<String>,
}

impl<S: Settings> Sources<S> {
    /// What the command line says, the environment, and the file that one of them names, or else
    /// the [`default_file`](crate::Program::default_file). Variables of others are not kept.
    pub fn new(flags: FlagValues, mut environment: Environment) -> Self {
        let prefix = format!("{}_", S::PROGRAM.prefix);
        environment.0.retain(|name, _| name.starts_with(&prefix));
        Self {
            flags,
            environment,
            default_file: S::PROGRAM.default_file.into(),
            settings: PhantomData,
        }
    }

    /// The same with another default file.
    #[must_use]
    pub fn with_default_file(self, default_file: PathBuf) -> Self {
        Self {
            default_file,
            ..self
        }
    }

    /// Reads the file and merges the layers.
    ///
    /// # Errors
    /// [`ConfigError`] if a named file cannot be read or anything in any layer is wrong, even a
    /// value that a later one replaces.
    pub fn load(&self) -> Result<Loaded<S>, ConfigError> {
        match self.read_file()? {
            Some((path, text)) => self.load_text(path, &text),
            None => self.merge(FileLayer::default(), None),
        }
    }

    /// The same with a text in place of a file's; the path is for messages.
    ///
    /// # Errors
    /// As [`Sources::load`], but that nothing is read.
    pub fn load_text(&self, path: PathBuf, text: &str) -> Result<Loaded<S>, ConfigError> {
        self.merge(file::parse::<S>(&path, text), Some(path))
    }

    /// The layers in one.
    fn merge(&self, layer: FileLayer, file: Option<PathBuf>) -> Result<Loaded<S>, ConfigError> {
        let FileLayer {
            values,
            mut problems,
        } = layer;

        let mut settings = defaults(S::SETTINGS)?;
        for row in &mut settings {
            if let Some(found) = values.iter().find(|found| found.setting == row.setting) {
                row.value = found.value.clone();
                row.origin = found.origin.clone();
            }
            self.apply_environment(row, &mut problems);
            self.apply_flags(row, &mut problems);
        }
        Problems::none(problems)?;

        let config: S = typed(&settings)?;
        let mut warnings = self.unknown_variables();
        warnings.extend((S::PROGRAM.contradictions)(&config));
        Ok(Loaded {
            config,
            settings,
            warnings,
            file,
            restart_needed: Vec::new(),
        })
    }

    /// Loads again for a running program.
    ///
    /// # Errors
    /// As [`Sources::load`]; the running configuration then stays.
    pub fn reload(&self, running: &Loaded<S>) -> Result<Loaded<S>, ConfigError> {
        let mut loaded = self.load()?;
        for (new, old) in loaded.settings.iter_mut().zip(&running.settings) {
            if new.setting.restart && new.value != old.value {
                loaded.restart_needed.push(new.setting.path());
                new.clone_from(old);
            }
        }
        loaded.config = typed(&loaded.settings)?;
        Ok(loaded)
    }

    fn apply_environment(&self, out: &mut EffectiveSetting, problems: &mut Vec<Problem>) {
        let variable = out.setting.variable();
        let Some(raw) = self.environment.0.get(&variable) else {
            return;
        };
        let at = Place::Variable(variable.clone());
        let Some(text) = raw.to_str() else {
            problems.push(Problem {
                at,
                kind: ProblemKind::NotUnicode,
            });
            return;
        };
        let items: Vec<&str> = if out.setting.kind.is_list() {
            text.split(',').map(str::trim).collect()
        } else {
            vec![text]
        };
        apply(out, &items, Origin::Environment { variable }, at, problems);
    }

    fn apply_flags(&self, out: &mut EffectiveSetting, problems: &mut Vec<Problem>) {
        let values = self.flags.settings.get(&out.setting.path());
        for items in values.into_iter().flatten() {
            let flag = out.setting.flag().into_owned();
            let at = Place::Flag(flag.clone());
            apply(out, items, Origin::Flag { flag }, at, problems);
        }
    }

    /// The path and text of the file that applies.
    fn read_file(&self) -> Result<Option<(PathBuf, String)>, ConfigError> {
        let variable = self.environment.0.get(&S::PROGRAM.file_variable());
        let named = self.flags.config_file.as_deref();
        let named = named.or_else(|| variable.map(Path::new));
        let path = named.unwrap_or(&self.default_file);
        match read_text(path, MAX_FILE) {
            Ok(text) => Ok(Some((path.to_owned(), text))),
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ConfigError::Read {
                what: "the configuration file",
                path: path.to_owned(),
                remedy: remedy(&source, S::PROGRAM.noun),
                source,
            }),
        }
    }

    /// A warning for each variable with our prefix that is nearly one of ours. Others belong to
    /// others: Kubernetes sets several for a service of that name.
    fn unknown_variables(&self) -> Vec<String> {
        let mut known: Vec<String> = S::SETTINGS.iter().map(Setting::variable).collect();
        known.push(S::PROGRAM.file_variable());
        let given = self.environment.0.keys();
        given
            .filter(|name| !known.contains(name))
            .filter_map(|name| {
                let near = nearest(name, known.iter().map(String::as_str))?;
                let advice = did_you_mean(Some(near));
                Some(format!(
                    "{name}: unknown environment variable, ignored{advice}"
                ))
            })
            .collect()
    }
}

impl<S> Loaded<S> {
    /// What the file sets and a reload does not change.
    pub fn set_for_good(&self) -> Vec<String> {
        let rows = self.settings.iter();
        rows.filter(|row| row.setting.restart && matches!(row.origin, Origin::File { .. }))
            .map(|row| row.setting.path())
            .collect()
    }

    /// The settings whose value is another than `before`, in the order of the table.
    pub fn changed_since(&self, before: &Self) -> impl Iterator<Item = &'static Setting> {
        let settings = self.settings.iter().zip(&before.settings);
        settings
            .filter(|(new, old)| new.value != old.value)
            .map(|(new, _)| new.setting)
    }
}

fn remedy(error: &io::Error, program: &str) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "create it, or name another one with --config.file",
        io::ErrorKind::PermissionDenied => {
            return format!("let {program}'s user read it");
        }
        io::ErrorKind::FileTooLarge => "name the right file",
        io::ErrorKind::InvalidData => "a TOML file is UTF-8 text",
        _ => "name a readable file with --config.file",
    };
    remedy.to_owned()
}

fn apply(
    out: &mut EffectiveSetting,
    items: &[impl AsRef<str>],
    origin: Origin,
    at: Place,
    problems: &mut Vec<Problem>,
) {
    match out.setting.kind.parse(items) {
        Ok(value) => {
            out.value = value;
            out.origin = origin;
        }
        Err(reason) => problems.push(Problem {
            at,
            kind: ProblemKind::Value(reason),
        }),
    }
}

/// The lowest layer.
fn defaults(settings: &'static [Setting]) -> Result<Vec<EffectiveSetting>, ConfigError> {
    settings
        .iter()
        .map(|setting| match setting.default_value() {
            Ok(value) => Ok(EffectiveSetting {
                setting,
                value,
                origin: Origin::Default,
            }),
            Err(error) => Err(ConfigError::Table(format!("{}: {error}", setting.path()))),
        })
        .collect()
}

/// From checked values to types.
fn typed<S: Settings>(settings: &[EffectiveSetting]) -> Result<S, ConfigError> {
    S::from_values(|table, key| {
        let mut rows = settings.iter();
        let named = |row: &&EffectiveSetting| (row.setting.table, row.setting.key) == (table, key);
        rows.find(named).map(|row| &row.value)
    })
    .map_err(|path| ConfigError::Table(path.to_owned()))
}

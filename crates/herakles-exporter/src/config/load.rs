//! Default, file, environment, flags: the later wins.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use herakles_settings::{Setting, Settings, Value, did_you_mean, nearest, read_text};

use super::Config;
use super::error::{ConfigError, Place, Problem, ProblemKind, Problems};
use super::file::{self, FileLayer};
use super::origin::Origin;
use super::settings::SETTINGS;

/// Read if present, unless another file is named.
pub(crate) const DEFAULT_CONFIG_FILE: &str = "/etc/herakles/exporter.toml";
/// Names another file, as `--config.file` does.
pub(crate) const CONFIG_FILE_VARIABLE: &str = "HERAKLES_CONFIG_FILE";
const PREFIX: &str = "HERAKLES_";
/// No configuration is longer: beyond it something else was named by mistake.
const MAX_FILE: u64 = 1 << 20;

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlagValues {
    /// `--config.file`.
    pub(crate) config_file: Option<PathBuf>,
    /// Every value given for each setting, by [`Setting::path`], as its items: all must be good, and
    /// the last holds.
    pub(crate) settings: BTreeMap<String, Vec<Vec<String>>>,
}

/// The `HERAKLES_*` variables as they were when the program started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// Those of this process.
    pub(crate) fn current() -> Self {
        std::env::vars_os().collect()
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let ours = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(PREFIX));
        Self(ours.collect())
    }
}

/// Where the configuration comes from. Kept for reloads: only the file can change in between.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    flags: FlagValues,
    environment: Environment,
    default_file: PathBuf,
}

/// One setting with the value that holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EffectiveSetting {
    pub(crate) setting: &'static Setting,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A configuration, and how it came about.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// One for each row of the settings table, in its order.
    pub(crate) settings: Vec<EffectiveSetting>,
    /// Sentences for the log and `check`.
    pub(crate) warnings: Vec<String>,
    /// The file that was read, if any.
    pub(crate) file: Option<PathBuf>,
    /// The settings that a reload found changed, but which keep their value until a restart.
    pub(crate) restart_needed: Vec<String>,
}

impl Loaded {
    /// What the file sets and a reload does not change.
    pub(crate) fn set_for_good(&self) -> Vec<String> {
        let rows = self.settings.iter();
        rows.filter(|row| row.setting.restart && matches!(row.origin, Origin::File { .. }))
            .map(|row| row.setting.path())
            .collect()
    }
}

impl Sources {
    pub(crate) fn new(flags: FlagValues, environment: Environment) -> Self {
        Self {
            flags,
            environment,
            default_file: DEFAULT_CONFIG_FILE.into(),
        }
    }

    /// The same with another path in place of [`DEFAULT_CONFIG_FILE`].
    #[cfg(test)]
    pub(crate) fn with_default_file(self, default_file: PathBuf) -> Self {
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
    pub(crate) fn load(&self) -> Result<Loaded, ConfigError> {
        let (file, layer) = match self.read_file()? {
            Some((path, text)) => {
                let layer = file::parse(&path, &text);
                (Some(path), layer)
            }
            None => (None, FileLayer::default()),
        };
        self.merge(layer, file)
    }

    /// The layers in one.
    pub(super) fn merge(
        &self,
        layer: FileLayer,
        file: Option<PathBuf>,
    ) -> Result<Loaded, ConfigError> {
        let FileLayer {
            values,
            mut problems,
        } = layer;

        let mut settings = defaults()?;
        for row in &mut settings {
            if let Some(found) = values.iter().find(|found| found.setting == row.setting) {
                row.value = found.value.clone();
                row.origin = found.origin.clone();
            }
            self.apply_environment(row, &mut problems);
            self.apply_flags(row, &mut problems);
        }
        Problems::none(problems)?;

        let config = typed(&settings)?;
        let mut warnings = self.unknown_variables();
        warnings.extend(config.contradictions());
        Ok(Loaded {
            config,
            settings,
            warnings,
            file,
            restart_needed: Vec::new(),
        })
    }

    /// Loads again for a running exporter.
    ///
    /// # Errors
    /// As [`Sources::load`]; the running configuration then stays.
    pub(crate) fn reload(&self, running: &Loaded) -> Result<Loaded, ConfigError> {
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
        let named = self.flags.config_file.as_deref();
        let named = named.or_else(|| self.environment.0.get(CONFIG_FILE_VARIABLE).map(Path::new));
        let path = named.unwrap_or(&self.default_file);
        match read_text(path, MAX_FILE) {
            Ok(text) => Ok(Some((path.to_owned(), text))),
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ConfigError::Read {
                what: "the configuration file",
                path: path.to_owned(),
                remedy: remedy(&source),
                source,
            }),
        }
    }

    /// A warning for each `HERAKLES_*` variable that is nearly one of ours. Others belong to others:
    /// Kubernetes sets several for a service of that name.
    fn unknown_variables(&self) -> Vec<String> {
        let mut known: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
        known.push(CONFIG_FILE_VARIABLE.to_owned());
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

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "create it, or name another one with --config.file",
        io::ErrorKind::PermissionDenied => "let the exporter's user read it",
        io::ErrorKind::FileTooLarge => "name the right file",
        io::ErrorKind::InvalidData => "a TOML file is UTF-8 text",
        _ => "name a readable file with --config.file",
    }
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
fn defaults() -> Result<Vec<EffectiveSetting>, ConfigError> {
    SETTINGS
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
fn typed(settings: &[EffectiveSetting]) -> Result<Config, ConfigError> {
    Config::from_values(|table, key| {
        let mut rows = settings.iter();
        let named = |row: &&EffectiveSetting| (row.setting.table, row.setting.key) == (table, key);
        rows.find(named).map(|row| &row.value)
    })
    .map_err(|path| ConfigError::Table(path.to_owned()))
}

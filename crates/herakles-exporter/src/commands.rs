//! The subcommands, and how each can fail.

mod check;
mod explain;
mod once;
mod output;
mod rules;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use herakles_collect::OpenError;
use herakles_settings::Environment;

use crate::cli::{self, Command, ConfigFormat, UsageError};
use crate::config::{ConfigSources, LoadError, LoadedConfig, RunningConfig, template};
use crate::serve::{self, ServeError};

/// Why the program ends with another code than 0.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Serve(ServeError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Import(#[from] rules::ImportFailure),
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// Writes the sentence to standard error and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // If standard error is closed there is nobody to tell; the code still says it.
        let mut stderr = std::io::stderr();
        match self {
            Self::Load(LoadError::Config(error)) => {
                for sentence in error.sentences() {
                    let _ = writeln!(stderr, "herakles-exporter: {sentence}");
                }
            }
            other => {
                let _ = writeln!(stderr, "herakles-exporter: {other}");
            }
        }
        match self {
            Self::Usage(_)
            | Self::Load(_)
            | Self::Import(_)
            | Self::Serve(ServeError::WebConfig(_)) => ExitCode::from(2),
            Self::Serve(_) | Self::Open(_) | Self::Other(_) => ExitCode::FAILURE,
        }
    }
}

/// Does what the arguments ask for.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode, Failure> {
    let invocation = cli::parse(arguments)?;
    let sources = ConfigSources::new(invocation.flags, Environment::current());
    match invocation.command {
        Command::Print(text) => output::print(&text),
        Command::Completions(shell) => output::print_bytes(&cli::completions(shell)),
        Command::Man => output::print_bytes(&cli::manual()),
        Command::Config(format) => output::print(&match format {
            ConfigFormat::Template => template(),
            ConfigFormat::Toml => effective(&sources)?.to_toml(),
            ConfigFormat::Json => format!("{:#}\n", effective(&sources)?.to_json()),
        }),
        Command::Serve => {
            serve::run(sources).map_err(|error| match error {
                ServeError::Load(error) => Failure::Load(error),
                other => Failure::Serve(other),
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Once(once) => once::run(&once, RunningConfig::load(&sources)?),
        Command::Check(check) => Ok(check::run(&check, &sources)),
        Command::Explain(explain) => explain::run(&explain, &RunningConfig::load(&sources)?),
        Command::Rules(rules) => rules::run(&rules, &sources),
    }
}

/// The effective configuration. Its warnings go to standard error: among the settings the next
/// program would read them.
fn effective(sources: &ConfigSources) -> Result<LoadedConfig, Failure> {
    let loaded = sources.load().map_err(LoadError::from)?;
    output::warn(&loaded.warnings);
    Ok(loaded)
}

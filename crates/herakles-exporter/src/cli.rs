//! The command line: arguments into one [`Invocation`].

mod definition;
mod documents;
mod reading;
mod usage;
mod version;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use herakles_dashboard::Order;
use herakles_settings::FlagValues;
use herakles_stat::Pid;

pub(crate) use clap_complete::Shell;
pub(crate) use documents::{completions, manual};
pub(crate) use usage::UsageError;
pub(crate) use version::BUILD;

/// What one start of the program is to do.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) command: Command,
    /// What the flags say about the configuration.
    pub(crate) flags: FlagValues,
}

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// No subcommand: run until stopped.
    Serve,
    Once(Once),
    Check(Check),
    Explain(Explain),
    Rules(RulesCommand),
    Config(ConfigFormat),
    Completions(Shell),
    Man,
    /// Print this text (of `--help` or `--version`) to standard output, and that is all.
    Print(String),
}

/// `once`: two scans, then print.
#[derive(Debug, PartialEq)]
pub(crate) struct Once {
    /// `None`: text with `--output`, else a table.
    pub(crate) format: Option<OnceFormat>,
    /// Write there, aside and renamed; only with the text format.
    pub(crate) output: Option<PathBuf>,
    /// Between the two scans.
    pub(crate) interval: Duration,
    /// Do it again and again, so far apart.
    pub(crate) watch: Option<Duration>,
    /// What the table shows.
    pub(crate) table: TableOptions,
}

/// What the table of `once` shows.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct TableOptions {
    /// What it is sorted by.
    pub(crate) order: Order,
    /// Rows of each part; `None` for as many as fit.
    pub(crate) top: Option<usize>,
    /// Only this group.
    pub(crate) group: Option<String>,
    /// Only subgroups of this name.
    pub(crate) subgroup: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnceFormat {
    Table,
    Json,
    /// Prometheus text 0.0.4.
    Text,
    OpenMetrics,
}

/// `check`: what works here.
#[derive(Debug, PartialEq)]
pub(crate) struct Check {
    /// A missing capability is no failure.
    pub(crate) allow_partial: bool,
}

/// `explain`: which rule matches.
#[derive(Debug, PartialEq)]
pub(crate) struct Explain {
    pub(crate) subject: Subject,
    pub(crate) format: ReportFormat,
}

/// What `explain` is asked about.
#[derive(Debug, PartialEq)]
pub(crate) enum Subject {
    /// A running process.
    Process(Pid),
    /// A process one describes.
    Described(Description),
}

/// The facts about a process that need not exist.
#[derive(Debug, PartialEq)]
pub(crate) struct Description {
    pub(crate) comm: OsString,
    pub(crate) exe: Option<OsString>,
    /// Arguments with blanks between them, as one would type them.
    pub(crate) cmdline: Option<OsString>,
    /// A path of `/proc/PID/cgroup`.
    pub(crate) cgroup: Option<OsString>,
    pub(crate) user: Option<String>,
    /// The comm of the parent.
    pub(crate) parent: Option<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportFormat {
    Text,
    Json,
}

/// `rules`: what can be done with them.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub(crate) enum RulesCommand {
    /// The effective rules in order.
    List {
        /// Only this group's.
        group: Option<String>,
        format: RulesFormat,
    },
    /// A rule for each of the biggest processes that none knows.
    Suggest,
    /// The configuration of a process-exporter as rules.
    Import {
        /// Its YAML file.
        process_exporter: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RulesFormat {
    Table,
    Json,
    Toml,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigFormat {
    Toml,
    Json,
    /// No effective value: every key with its default, to start a file from.
    Template,
}

/// Reads the arguments, the name of the program first.
///
/// # Errors
/// [`UsageError`], one sentence; the program then ends with 2.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Invocation, UsageError> {
    match definition::program().try_get_matches_from(arguments) {
        Ok(matches) => reading::invocation(&matches),
        Err(error) if error.use_stderr() => Err(UsageError::from(&error)),
        Err(help_or_version) => Ok(Invocation {
            command: Command::Print(help_or_version.render().to_string()),
            flags: FlagValues::default(),
        }),
    }
}

#[cfg(test)]
mod tests;

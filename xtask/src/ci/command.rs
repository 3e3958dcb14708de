//! Commands that make up steps.

use std::process::Command;

use super::{log::Log, outcome::Outcome};
use crate::{failure::Failure, workspace};

/// The cargo that runs this program.
pub(super) fn cargo_command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(args);
    command
}

/// Runs cargo as a whole step.
///
/// # Errors
/// As [`pass`].
pub(super) fn cargo(step: &str, args: &[&str]) -> Result<Outcome, Failure> {
    pass(step, &mut cargo_command(args))
}

/// Runs one command from the root of the workspace; its output is shown if it fails.
///
/// # Errors
/// That it failed.
pub(super) fn pass(step: &str, command: &mut Command) -> Result<Outcome, Failure> {
    let mut log = Log::create(step)?;
    log.run(command.current_dir(workspace::root()))
        .inspect_err(|_| log.print())?;
    Ok(Outcome::Passed)
}

//! Commands that a task runs, and the sentence when one fails.

use std::{env, path::PathBuf, process::Command};

use crate::{failure::Failure, workspace};

/// Runs it from the root of the workspace, unless it has a directory of its own, to its end.
///
/// # Errors
/// When it cannot start, or ends with anything but 0.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    if command.get_current_dir().is_none() {
        command.current_dir(workspace::root());
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!(
            "`{}` ended with {status}",
            line(command)
        ))),
        Err(e) => Err(Failure::new(format!("cannot run `{}`: {e}", line(command)))),
    }
}

/// As [`run`], for what it prints.
///
/// # Errors
/// As [`run`].
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    command.stderr(std::process::Stdio::inherit());
    match command.output() {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => Err(Failure::new(format!(
            "`{}` ended with {}",
            line(command),
            output.status
        ))),
        Err(e) => Err(Failure::new(format!("cannot run `{}`: {e}", line(command)))),
    }
}

/// The command as it would be typed.
pub(crate) fn line(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

/// The program on the `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&on_path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

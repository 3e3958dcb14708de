//! What an interpreter runs: the script, module, archive or class behind `python3` or `java`.

mod language;
#[cfg(test)]
mod tests;
mod wrapper;

use crate::name::{arguments, basename};
use language::LANGUAGES;

/// The file name of the script, the module, or the main class that a command line runs; `None`
/// if no interpreter is at work or the program text itself stands on the line (`-c`, `-e`),
/// which may hold anything.
///
/// `cmdline` is raw, with NULs. Wrappers such as `env`, `sudo` and `nice` are looked through.
pub(crate) fn script(cmdline: &[u8]) -> Option<&[u8]> {
    let mut arguments = arguments(cmdline).peekable();
    loop {
        // Login shells have a dash before their name.
        let program = basename(arguments.next()?);
        let program = program.strip_prefix(b"-").unwrap_or(program);
        if wrapper::skip(program, &mut arguments) {
            continue;
        }
        if program == b"java" {
            return language::java(arguments);
        }
        let language = LANGUAGES
            .iter()
            .find(|language| language.is_run_by(program))?;
        let script = language.target(&mut arguments)?;
        // Ruby's bundle is itself a wrapper for the program that follows it.
        let runs_another = matches!(script, b"bundle" | b"bundler")
            && arguments.next_if(|next| *next == b"exec").is_some();
        return if runs_another {
            arguments.next().map(basename)
        } else {
            Some(script)
        };
    }
}

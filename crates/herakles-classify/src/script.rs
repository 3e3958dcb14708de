//! What an interpreter runs: the script, module, archive or class behind `python3` or `java`.

mod programs;
#[cfg(test)]
mod tests;
mod walk;
mod words;

use programs::{Kind, PROGRAMS};
use words::{Words, file_name, script_name};

/// The file name of the script, the module, or the main class that a command line runs; `None`
/// if no interpreter is at work, if the program text itself stands on the line (`-c`, `-e`),
/// which may hold anything, or if the place of the script is not certain.
///
/// `cmdline` is raw, with NULs and without its padding. Wrappers such as `env` and emulators are
/// looked through.
pub(crate) fn script(cmdline: &[u8]) -> Option<&[u8]> {
    let mut words = Words::new(cmdline);
    let mut path = called(words.next()?);
    // What is known to run, should the search go no further.
    let mut known = None;
    while let Some(program) = PROGRAMS.find(path) {
        let Some(next) = program.walk(&mut words) else {
            break;
        };
        path = next;
        match program.kind {
            Kind::Interpreter => {
                known = script_name(next);
                // Some wrappers are scripts themselves.
                let inner = known.and_then(|name| PROGRAMS.find(name));
                if !inner.is_some_and(|program| program.is_script) {
                    break;
                }
            }
            Kind::Wrapper if program.runs_scripts => known = script_name(next),
            Kind::Wrapper => {}
            Kind::Emulator => skip_repeated_name(next, &mut words),
        }
    }
    known
}

/// The name of a program, without the dash that login shells have before theirs.
fn called(argument: &[u8]) -> &[u8] {
    argument.strip_prefix(b"-").unwrap_or(argument)
}

/// The kernel may pass an emulator the path of the program and then the arguments, the name by
/// which it was called first.
fn skip_repeated_name(path: &[u8], words: &mut Words<'_>) {
    if words
        .peek()
        .is_some_and(|next| file_name(called(next)) == file_name(path))
    {
        words.next();
    }
}

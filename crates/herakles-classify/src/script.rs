//! What an interpreter runs: the script, module, archive or class behind `python3` or `java`.

mod programs;
#[cfg(test)]
mod tests;
mod walk;
mod words;

use crate::name::CMDLINE_LEN;
use programs::{Call, Kind, PROGRAMS};
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
    while let Some(Call { program, .. }) = PROGRAMS.find(path) {
        let Some(next) = program.walk(&mut words) else {
            break;
        };
        path = next;
        match program.kind {
            Kind::Interpreter => {
                known = script_name(next);
                // Some wrappers are scripts themselves.
                let inner = known.and_then(|name| PROGRAMS.find(name));
                if !inner.is_some_and(|call| call.program.is_script) {
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

/// A command line from its program on, spaces for NULs, as if no wrapper or emulator had started
/// it and by its common name: `/opt/bin/python -m celery` for
/// `qemu-aarch64 /opt/bin/python3.13t -m celery`. None if the line itself says the same.
pub(crate) fn program_line<'b>(
    cmdline: &[u8],
    buffer: &'b mut [u8; CMDLINE_LEN],
) -> Option<&'b [u8]> {
    let mut words = Words::new(cmdline);
    let mut path = called(words.next()?);
    let mut is_wrapped = false;
    let mut name = None;
    while let Some(call) = PROGRAMS.find(path) {
        if call.program.kind == Kind::Interpreter {
            name = Some(call.known_as).filter(|_| is_wrapped || !call.has_common_name());
            break;
        }
        path = call.program.walk(&mut words)?;
        if call.program.kind == Kind::Emulator {
            skip_repeated_name(path, &mut words);
        }
        is_wrapped = true;
    }
    let file = file_name(path);
    let name = name.or(is_wrapped.then_some(file))?;
    let is_foreign = path.contains(&b'\\');
    // Expressions take a blank for the end of the program.
    let folder = path.get(..path.len() - file.len());
    let folder = folder
        .filter(|folder| !folder.contains(&b' '))
        .unwrap_or_default();
    // To wine, Z: is the root.
    let folder = folder.strip_prefix(b"Z:").unwrap_or(folder);
    let rest = words.rest();
    let border: &[u8] = if rest.is_empty() { b"" } else { b" " };
    let mut length = 0;
    for (to, from) in buffer
        .iter_mut()
        .zip([folder, name, border, rest].into_iter().flatten())
    {
        *to = match from {
            0 => b' ',
            b'\\' if is_foreign => b'/',
            other => *other,
        };
        length += 1;
    }
    buffer.get(..length)
}

/// The name of a program, without the dash that login shells have before theirs.
fn called(argument: &[u8]) -> &[u8] {
    argument.strip_prefix(b"-").unwrap_or(argument)
}

/// The kernel may pass an emulator the path of the program and then the arguments, the name by
/// which it was called first.
fn skip_repeated_name(path: &[u8], words: &mut Words<'_>) {
    let name = file_name(path);
    if words
        .peek()
        .is_some_and(|next| file_name(called(next)) == name)
    {
        words.next();
    }
}

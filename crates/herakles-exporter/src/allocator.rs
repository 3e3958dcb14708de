//! Memory that a refresh has used goes back to the system.
//!
//! Each refresh replaces pages of a megabyte. glibc takes that as a sign to keep more and more
//! freed memory for later (mallopt(3), "dynamic mmap threshold"), about a third of all that an
//! idle exporter would hold. A threshold that is set stays; it can be set without unsafe code
//! only by the environment at the start of a program, so the service starts itself once more.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Free memory at the end of a heap beyond these bytes is given back.
const VARIABLE: &str = "MALLOC_TRIM_THRESHOLD_";
const BYTES: &str = "131072";

/// Says that this is the second start. Not the threshold itself: the loader takes that away from
/// a program that has capabilities of its own.
const MARKER: &str = "_HERAKLES_STARTED_AGAIN";

/// Starts the program again in its own place, with the same pid, arguments and descriptors, unless
/// somebody has chosen a threshold already. Comes back if that is not possible.
pub(crate) fn give_memory_back() {
    let is_set = |name| env::var_os(name).is_some();
    if !cfg!(target_env = "gnu") || is_set(VARIABLE) || is_set(MARKER) {
        return;
    }
    let Ok(program) = env::current_exe() else {
        return;
    };
    // Started by the loader's name, the program would not be found among the arguments again.
    if program
        .file_name()
        .is_none_or(|name| name.as_encoded_bytes().starts_with(b"ld"))
    {
        return;
    }
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| program.clone().into());
    // Comes back only with an error, and then all is as it was.
    let _ = Command::new(program)
        .arg0(name)
        .args(arguments)
        .env(VARIABLE, BYTES)
        .env(MARKER, "1")
        .exec();
}

//! The small C programs of the measurements, and the product's own, each built when needed.

use std::{
    env, fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{failure::Failure, workspace};

/// Where the programs and their files are put.
pub(crate) fn directory() -> Result<PathBuf, Failure> {
    let directory = workspace::root().join("target/fleet");
    fs::create_dir_all(&directory)
        .map_err(|e| Failure::new(format!("cannot make {}: {e}", directory.display())))?;
    Ok(directory)
}

/// Puts a file that a program is to read beside the programs.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn written(name: &str, text: &str) -> Result<PathBuf, Failure> {
    let path = directory()?.join(name);
    fs::write(&path, text)
        .map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))?;
    Ok(path)
}

/// Compiles `NAME.c` in the directory `programs` with the C compiler of the system.
///
/// # Errors
/// When there is no compiler, or it does not like the program.
pub(crate) fn compile(name: &str) -> Result<PathBuf, Failure> {
    let source = workspace::root().join(format!("xtask/src/programs/{name}.c"));
    let program = directory()?.join(name);
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command
        .args(["-O2", "-pthread", "-o"])
        .arg(&program)
        .arg(&source);
    succeed(&mut command)?;
    Ok(program)
}

/// Builds the exporter as it is released, except for link-time optimisation.
///
/// # Errors
/// When cargo fails.
pub(crate) fn exporter() -> Result<PathBuf, Failure> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "herakles-exporter",
        ])
        .current_dir(workspace::root());
    succeed(&mut command)?;
    // Cargo puts both programs into one directory, wherever that is.
    let own = env::current_exe()
        .map_err(|e| Failure::new(format!("cannot tell where this program is: {e}")))?;
    let directory = own.parent().unwrap_or(Path::new("."));
    Ok(directory.join("herakles-exporter"))
}

/// Goes on in a release build, as figures of another one would mislead.
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn in_release() -> Result<(), Failure> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    eprintln!("building for release");
    let error = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(env::args_os().skip(1))
        .exec();
    Err(Failure::new(format!("cannot start cargo: {error}")))
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|e| Failure::new(format!("cannot start {program}: {e}; install it")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("{program} failed with {status}")))
    }
}

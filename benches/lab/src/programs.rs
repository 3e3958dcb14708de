//! The small C programs of the measurements, and the product's own, each built when needed.

use std::{
    env,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{failure::Failure, workspace};

/// Where the programs and their files are put.
pub(crate) fn directory() -> Result<PathBuf, Failure> {
    let directory = workspace::root().join("target/lab");
    fs::create_dir_all(&directory)
        .map_err(|e| Failure::new(format!("cannot make {}: {e}", directory.display())))?;
    Ok(directory)
}

/// Makes a file of that directory, aside and renamed: a run beside this one finds the old file or
/// the new one, and what it has started or mapped stays as it is.
fn made(name: &str, make: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<PathBuf, Failure> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let path = directory()?.join(name);
    let aside = directory()?.join(format!("{name}.{}.{number}", process::id()));
    let result = make(&aside).and_then(|()| {
        fs::rename(&aside, &path)
            .map_err(|e| Failure::new(format!("cannot replace {}: {e}", path.display())))
    });
    if result.is_err() {
        // It may not be there yet.
        let _ = fs::remove_file(&aside);
    }
    result.map(|()| path)
}

/// Puts a file that a program is to read beside the programs.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn written(name: &str, text: &str) -> Result<PathBuf, Failure> {
    made(name, |path| {
        fs::write(path, text)
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))
    })
}

/// Puts a file of so many bytes, all the same, beside the programs, for them to map. It is on the
/// disk before anybody does, as mapped files are mostly clean.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn filled(name: &str, bytes: usize) -> Result<PathBuf, Failure> {
    let path = directory()?.join(name);
    if fs::metadata(&path).is_ok_and(|it| it.len() == bytes as u64) {
        return Ok(path);
    }
    made(name, |path| {
        File::create(path)
            .and_then(|mut file| {
                file.write_all(&vec![0x5a; bytes])?;
                file.sync_all()
            })
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))
    })
}

/// Compiles `NAME.c` in the directory `programs` with the C compiler of the system.
///
/// # Errors
/// When there is no compiler, or it does not like the program.
pub(crate) fn compile(name: &str) -> Result<PathBuf, Failure> {
    let source = workspace::root().join(format!("benches/lab/programs/{name}.c"));
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    made(name, |program| {
        let mut command = Command::new(&compiler);
        command
            .args(["-O2", "-pthread", "-o"])
            .arg(program)
            .arg(&source);
        succeed(&mut command)
    })
}

/// Builds the exporter as it is released, except for link-time optimisation. Takes minutes and all
/// cores, or waits for another cargo, which says so: for the time before anything is timed.
///
/// # Errors
/// When cargo fails.
pub(crate) fn exporter() -> Result<PathBuf, Failure> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--release", "--package", "herakles-exporter"])
        .current_dir(workspace::root());
    // What cargo told this program of its own package would make others build anew each time.
    let told = env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    });
    told.for_each(|name| {
        command.env_remove(name);
    });
    succeed(&mut command)?;
    // Cargo puts both programs into one directory, wherever that is.
    let own = env::current_exe()
        .map_err(|e| Failure::new(format!("cannot tell where this program is: {e}")))?;
    let directory = own.parent().unwrap_or(Path::new("."));
    Ok(directory.join("herakles-exporter"))
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn programs_are_whole_while_others_make_them_too() {
        let run = || {
            for _ in 0..4 {
                let tether = compile("tether").unwrap();
                // Without arguments it only says that it needs some.
                let status = Command::new(tether).status().unwrap();
                assert_eq!(status.code(), Some(2));
            }
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(run);
            }
        });
    }
}

//! The output of a step, kept in a file and shown only when it is of interest.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{command, failure::Failure, workspace};

/// A file under `target/gate` that takes what commands print, in the order they print it.
pub(super) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// An empty log for `step`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn create(step: &str) -> Result<Self, Failure> {
        let directory = workspace::root().join("target/gate");
        let path = directory.join(format!("{step}.log"));
        fs::create_dir_all(&directory)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
            .and_then(|file| file.set_len(0).map(|()| file))
            .map(|file| Self {
                path: path.clone(),
                file,
            })
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))
    }

    /// Runs `command` to its end with both its outputs in this log.
    ///
    /// # Errors
    /// When it cannot start, or ends with anything but 0. The sentence holds the command line.
    pub(super) fn run(&mut self, command: &mut Command) -> Result<(), Failure> {
        let line = command::line(command);
        let mut attempt = || -> io::Result<_> {
            writeln!(self.file, "$ {line}")?;
            let (out, err) = (self.file.try_clone()?, self.file.try_clone()?);
            command
                .stdin(Stdio::null())
                .stdout(out)
                .stderr(err)
                .status()
        };
        match attempt() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(format!(
                "`{line}` ended with {status}; its output is in {}",
                self.path.display()
            ))),
            Err(e) => Err(Failure::new(format!("cannot run `{line}`: {e}"))),
        }
    }

    /// Prints all of it to standard error.
    pub(super) fn print(&self) {
        let mut text = Vec::new();
        if File::open(&self.path)
            .and_then(|mut file| file.read_to_end(&mut text))
            .is_ok()
        {
            eprintln!("{}", String::from_utf8_lossy(&text));
        }
    }
}

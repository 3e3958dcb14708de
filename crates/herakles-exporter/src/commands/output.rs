//! Writing to standard output, where the reader may have gone, and to files that others read.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use herakles_stat::Pid;

use super::Failure;

/// Prints `text`. A closed pipe is the reader's choice and no failure.
pub(super) fn print(text: &str) -> Result<ExitCode, Failure> {
    print_bytes(text.as_bytes())
}

pub(super) fn print_bytes(bytes: &[u8]) -> Result<ExitCode, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Other(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Says on standard error what is allowed but hardly meant, a line for each.
pub(super) fn warn(warnings: &[String]) {
    let mut stderr = io::stderr().lock();
    for warning in warnings {
        // If standard error is closed there is nobody to tell.
        let _ = writeln!(stderr, "herakles-exporter: warning: {warning}");
    }
}

/// Writes a file as a whole, with mode 0644: a reader sees the old one or the new one, also after
/// a crash. A link is followed; a device or pipe is written to as it is.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => {
            OpenOptions::new().write(true).open(path)?.write_all(bytes)
        }
        Ok(_) => replace(&fs::canonicalize(path)?, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(path, bytes),
        Err(error) => Err(error),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    remove_leftovers(path)?;
    let aside = aside(path)?;
    let written = write_aside(&aside, bytes).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
        return written;
    }
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Where the next content waits: beside the file, under a name of this very run that the textfile
/// collector of node_exporter does not read.
fn aside(path: &Path) -> io::Result<PathBuf> {
    let mut aside = prefix(path)?;
    aside.push(format!("{}.tmp", std::process::id()));
    Ok(folder(path).join(aside))
}

fn prefix(path: &Path) -> io::Result<OsString> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("it names no file"))?;
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    Ok(prefix)
}

/// Removes what runs that were interrupted have left.
fn remove_leftovers(path: &Path) -> io::Result<()> {
    let prefix = prefix(path)?;
    for entry in fs::read_dir(folder(path))? {
        let entry = entry?;
        let name = entry.file_name();
        let run = name
            .as_bytes()
            .strip_prefix(prefix.as_bytes())
            .and_then(|rest| rest.strip_suffix(b".tmp"))
            .and_then(Pid::from_name);
        if run.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn write_aside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Never a link that somebody put there.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)?;
    // Whatever the umask says: the reader is another user.
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileTypeExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_readable_by_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("herakles.prom");
        // No pid is that high: PID_MAX_LIMIT is 4 Mi.
        fs::write(
            folder.path().join(".herakles.prom.99999999.tmp"),
            "left over",
        )
        .unwrap();
        for content in ["old and long", "new"] {
            write_file(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o644
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_are_followed_and_devices_stay_devices() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write_file(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        let null = folder.path().join("null");
        symlink("/dev/null", &null).unwrap();
        write_file(&null, b"text").unwrap();
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
    }

    #[test]
    fn a_name_laid_as_a_trap_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        symlink(&victim, aside(&folder.path().join("out")).unwrap()).unwrap();
        write_file(&folder.path().join("out"), b"text").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
}

//! Reading a text that somebody names, whatever it turns out to be.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// So long a pipe may take to give all its text.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a file or pipe of at most `most` bytes. Neither opening nor reading waits for ever: at a
/// pipe that nobody writes to, at the kernel's log, at a terminal.
///
/// # Errors
/// Those of opening and reading; an empty pipe or device; `TimedOut` if nothing more comes;
/// `InvalidData` if it is no UTF-8, `FileTooLarge` if it is longer.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    read_text_within(path, most, PATIENCE)
}

fn read_text_within(path: &Path, most: u64, patience: Duration) -> io::Result<String> {
    let without_waiting = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(without_waiting.bits().cast_signed())
        .open(path)?;
    let mut bytes = Vec::new();
    let mut rest = (&file).take(most + 1);
    let deadline = Instant::now() + patience;
    loop {
        match rest.read_to_end(&mut bytes) {
            Ok(_) => break,
            // What has been read so far is kept.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(&file, deadline)?,
            Err(error) => return Err(error),
        }
    }
    if bytes.is_empty() && !file.metadata()?.is_file() {
        return Err(io::Error::other(
            "it is no regular file, and nothing comes out of it",
        ));
    }
    if bytes.len() as u64 > most {
        let sentence = format!("it has more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, sentence));
    }
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-8"))
}

/// Waits until there is something to read, or the other end is closed.
fn wait(file: &File, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    let left = Timespec::try_from(left).map_err(io::Error::other)?;
    let mut readable = [PollFd::new(file, PollFlags::IN)];
    match poll(&mut readable, Some(&left)) {
        Ok(0) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "it is no regular file, and its end does not come",
        )),
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_limit_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "12345");
        assert_eq!(
            read_text(&path, 4).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        let endless = read_text(Path::new("/dev/zero"), 1000).unwrap_err();
        assert_eq!(endless.kind(), io::ErrorKind::FileTooLarge);
        fs::write(&path, b"\xff").unwrap();
        let no_text = read_text(&path, 5).unwrap_err();
        assert_eq!(no_text.kind(), io::ErrorKind::InvalidData);
    }

    fn pipe(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
        path
    }

    #[test]
    fn a_pipe_without_a_writer_is_an_error_and_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_text(&pipe(folder.path()), 10).is_err());
    }

    #[test]
    fn a_pipe_is_waited_for_while_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(folder.path());
        let mut writer = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        writer.write_all(b"12").unwrap();
        let patience = Duration::from_millis(10);
        let silent = read_text_within(&path, 10, patience).unwrap_err();
        assert_eq!(silent.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn the_log_of_the_kernel_has_no_end() {
        let log = read_text_within(Path::new("/proc/kmsg"), 1 << 20, Duration::from_millis(10));
        assert!(log.is_err());
    }
}

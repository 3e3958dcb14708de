//! Reading a text that somebody names, whatever it turns out to be.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{OFlags, fcntl_setfl};

/// Reads a file or pipe of at most `most` bytes. Opening does not wait for a writer, as it would
/// for ever at a named pipe that nobody writes to.
///
/// # Errors
/// Those of opening and reading; an empty pipe or device; `InvalidData` if it is no UTF-8, `FileTooLarge` if it is longer.
pub(crate) fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let without_waiting = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(without_waiting)
        .open(path)?;
    // Reading waits again, for a writer that is there: text may come through a pipe.
    fcntl_setfl(&file, OFlags::empty())?;
    let is_file = file.metadata()?.is_file();
    let mut text = String::new();
    file.take(most + 1).read_to_string(&mut text)?;
    if text.is_empty() && !is_file {
        return Err(io::Error::other(
            "it is no regular file, and nothing comes out of it",
        ));
    }
    if text.len() as u64 > most {
        let sentence = format!("it has more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, sentence));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

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
    }

    #[test]
    fn a_pipe_without_a_writer_is_an_error_and_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert!(read_text(&path, 10).is_err());
    }
}

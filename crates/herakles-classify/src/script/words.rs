//! The arguments of a command line, and the names in them.

use crate::name::CMDLINE_LEN;

/// The arguments that are still to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
    is_cut: bool,
}

impl<'a> Words<'a> {
    /// Of a command line without its padding. A process that writes its own title may leave one
    /// text with blanks where the arguments were.
    pub(super) fn new(cmdline: &'a [u8]) -> Self {
        let is_title = !cmdline.contains(&0) && cmdline.contains(&b' ');
        Self {
            rest: Some(cmdline),
            separator: if is_title { b' ' } else { 0 },
            is_cut: cmdline.len() >= CMDLINE_LEN,
        }
    }

    /// Whether the borders are blanks, so that one may as well be inside of an argument.
    pub(super) fn are_guessed(&self) -> bool {
        self.separator == b' '
    }

    /// The next argument without taking it; none if it may be cut off.
    pub(super) fn peek(&self) -> Option<&'a [u8]> {
        let (word, rest) = self.split()?;
        (rest.is_some() || !self.is_cut).then_some(word)
    }

    /// What is left, separators included.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest.unwrap_or_default()
    }

    fn split(&self) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        let rest = self.rest?;
        let end = memchr::memchr(self.separator, rest);
        let word = rest.get(..end.unwrap_or(rest.len()))?;
        Some((word, end.and_then(|end| rest.get(end + 1..))))
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let word = self.peek();
        self.rest = self.split().and_then(|(_, rest)| rest);
        word
    }
}

/// What follows the last `/`, or the last `\` of a path as wine shows it.
pub(super) fn file_name(path: &[u8]) -> &[u8] {
    let has_drive = matches!(path, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let is_foreign = has_drive || path.starts_with(br"\\");
    let is_border = |byte: &u8| *byte == b'/' || (is_foreign && *byte == b'\\');
    path.rsplit(is_border).next().unwrap_or(path)
}

/// What is in them has no name of its own: standard input, a descriptor with a number.
const NAMELESS: [&[u8]; 5] = [b"-", b"data:", b"/dev/fd/", b"/dev/stdin", b"/proc/"];

/// The name of a script: the file's, the directory's, what stands behind the host of an address.
/// None if that names nothing, or may hold program text or a secret.
pub(super) fn script_name(path: &[u8]) -> Option<&[u8]> {
    if NAMELESS.iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let path = match memchr::memmem::find(path, b"://") {
        None => path,
        Some(scheme) => behind_host(path.get(scheme + 3..)?)?,
    };
    let last = path.iter().rposition(|byte| *byte != b'/')?;
    let name = file_name(path.get(..=last)?);
    (!matches!(name, b"" | b"." | b"..") && !name.starts_with(b"-")).then_some(name)
}

/// The path of an address, without what is asked of it.
fn behind_host(address: &[u8]) -> Option<&[u8]> {
    let end = address.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let address = address.get(..end.unwrap_or(address.len()))?;
    let host = memchr::memchr(b'/', address)?;
    address.get(host..)
}

//! Process names: their 15-byte form, their full form, and a form fit for labels and terminals.

use crate::facts::FactSource;

/// The bytes of `comm` a user process can have (`TASK_COMM_LEN` less the NUL, `linux/sched.h`).
pub(crate) const COMM_LEN: usize = 15;

/// The first bytes of a command line that rules look at.
pub(crate) const CMDLINE_LEN: usize = 4096;

/// A process name made fit for labels, logs and pages: valid UTF-8, no control characters, no
/// invisible ones and none that change the writing direction (each becomes U+FFFD), and never
/// empty (`unknown`).
///
/// ```
/// # use herakles_classify::display_name;
/// assert_eq!(display_name(b"nginx"), "nginx");
/// assert_eq!(display_name(b"a\xffb\x1b[31m"), "a\u{fffd}b\u{fffd}[31m");
/// assert_eq!(display_name("a\u{200b}b".as_bytes()), "a\u{fffd}b");
/// assert_eq!(display_name(b""), "unknown");
/// ```
pub fn display_name(comm: &[u8]) -> String {
    if comm.is_empty() {
        return "unknown".to_owned();
    }
    printable(&String::from_utf8_lossy(comm))
}

/// A text with U+FFFD for each character that is not seen or misleads.
pub(crate) fn printable(text: &str) -> String {
    text.replace(is_deceptive, "\u{fffd}")
}

/// Control characters, and characters that reorder or break a line or are not seen at all: the
/// format characters of Unicode (`Cf`), as far as they stand outside of scripts that need them.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What follows the last `/`.
pub(crate) fn basename(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path)
        .and_then(|slash| path.get(slash + 1..))
        .unwrap_or(path)
}

/// The target of an exe link without what the kernel adds once the file is gone.
pub(crate) fn exe_path(link: &[u8]) -> &[u8] {
    link.strip_suffix(b" (deleted)").unwrap_or(link)
}

/// The part of a command line that rules look at; none if that is empty.
pub(crate) fn visible_cmdline(raw: &[u8]) -> Option<&[u8]> {
    let head = raw.get(..CMDLINE_LEN).unwrap_or(raw);
    let end = head
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    head.get(..end).filter(|line| !line.is_empty())
}

/// The arguments of a raw command line.
pub(crate) fn arguments(cmdline: &[u8]) -> impl Iterator<Item = &[u8]> {
    cmdline.split(|&byte| byte == 0)
}

/// What a process calls itself: its first argument, any text it likes. None for a process without
/// a command line, or with an empty one.
pub(crate) fn first_argument<F: FactSource + ?Sized>(facts: &F) -> Option<&[u8]> {
    let first = arguments(visible_cmdline(facts.cmdline()?)?).next();
    first.filter(|argument| !argument.is_empty())
}

/// Whether `name` is what the kernel cut to `comm`.
pub(crate) fn is_cut_to(name: &[u8], comm: &[u8]) -> bool {
    comm.len() == COMM_LEN && name.len() > COMM_LEN && name.starts_with(comm)
}

/// The names that may stand for one the kernel cut: of the first arguments (a script started by
/// its `#!` line comes second or third) and of the executable. None unless `comm` is cut.
pub(crate) fn full_names<F: FactSource + ?Sized>(facts: &F) -> impl Iterator<Item = &[u8]> {
    let comm = facts.comm();
    let is_cut = comm.len() == COMM_LEN;
    let cmdline = if is_cut { facts.cmdline() } else { None };
    let first_arguments = cmdline.into_iter().flat_map(|line| arguments(line).take(3));
    let exe = std::iter::once_with(move || if is_cut { facts.exe() } else { None }).flatten();
    first_arguments
        .chain(exe.map(exe_path))
        .map(basename)
        .filter(move |name| is_cut_to(name, comm))
}

/// A command line as the patterns see it: spaces for NULs. `cmdline` is at most
/// [`CMDLINE_LEN`] long.
pub(crate) fn with_spaces<'b>(cmdline: &[u8], buffer: &'b mut [u8; CMDLINE_LEN]) -> &'b [u8] {
    let length = cmdline.len().min(CMDLINE_LEN);
    for (to, &from) in buffer.iter_mut().zip(cmdline) {
        *to = if from == 0 { b' ' } else { from };
    }
    buffer.get(..length).unwrap_or_default()
}

/// The longest value of a template variable, in bytes.
const VALUE_LEN: usize = 64;

/// A value fit to be part of a class name: as [`display_name`], and at most 64 bytes.
pub(crate) fn template_value(bytes: &[u8]) -> String {
    let mut value = display_name(bytes.get(..VALUE_LEN + 4).unwrap_or(bytes));
    let end = (0..=VALUE_LEN)
        .rev()
        .find(|&at| value.is_char_boundary(at))
        .unwrap_or(0);
    value.truncate(end);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_labels() {
        assert_eq!(display_name("caf\u{e9}".as_bytes()), "caf\u{e9}");
        assert_eq!(
            display_name(b"x\ny\tz\0\x7f"),
            "x\u{fffd}y\u{fffd}z\u{fffd}\u{fffd}"
        );
        assert_eq!(
            display_name("a\u{202e}b\u{85}c".as_bytes()),
            "a\u{fffd}b\u{fffd}c"
        );
        assert_eq!(display_name(b"x\"y\\z"), "x\"y\\z");
    }

    #[test]
    fn command_lines_end_before_their_padding() {
        assert_eq!(visible_cmdline(b"a\0b\0"), Some(&b"a\0b"[..]));
        assert_eq!(visible_cmdline(b"a\0\0\0"), Some(&b"a"[..]));
        assert_eq!(visible_cmdline(b"a\0\0b"), Some(&b"a\0\0b"[..]));
        assert_eq!(visible_cmdline(b"\0\0"), None);
        assert_eq!(visible_cmdline(b""), None);
        assert_eq!(
            visible_cmdline(&[b'x'; 5000]).map(<[u8]>::len),
            Some(CMDLINE_LEN)
        );
    }

    #[test]
    fn full_names() {
        assert!(is_cut_to(b"kube-controller-manager", b"kube-controller"));
        assert!(!is_cut_to(b"kube-controller", b"kube-controller"));
        assert!(!is_cut_to(b"systemd-networkd", b"systemd-network2"));
        assert!(!is_cut_to(b"nginx-very-long-name", b"nginx"));
        assert_eq!(basename(b"/usr/sbin/nginx"), b"nginx");
        assert_eq!(basename(b"nginx"), b"nginx");
        assert_eq!(basename(b"/usr/"), b"");
    }
}

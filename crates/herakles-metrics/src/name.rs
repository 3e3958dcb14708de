use std::borrow::Cow;

/// Makes comm (or any bytes a process chose) a printable label value.
///
/// Invalid UTF-8, control characters and characters that reorder text become U+FFFD; what is
/// empty becomes `unknown`, since an empty label is no label in Prometheus.
///
/// ```
/// use herakles_metrics::printable_name;
///
/// assert_eq!(printable_name(b"nginx"), "nginx");
/// assert_eq!(printable_name(b"a\nb\xff"), "a\u{fffd}b\u{fffd}");
/// assert_eq!(printable_name(b""), "unknown");
/// ```
pub fn printable_name(raw: &[u8]) -> Cow<'_, str> {
    if raw.is_empty() {
        return Cow::Borrowed("unknown");
    }
    let text = String::from_utf8_lossy(raw);
    if text.contains(unprintable) {
        Cow::Owned(text.replace(unprintable, "\u{fffd}"))
    } else {
        text
    }
}

/// Control characters, line and paragraph separators, and the bidirectional controls.
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

//! Text of rules and processes between quotes, as one would write it in a rule file.

/// The text between quotes, on one line, as TOML would have it: between single ones where double
/// ones would need escapes, which nobody who looks for a pattern in a file would find there.
///
/// ```
/// assert_eq!(herakles_classify::quoted("nginx*"), "\"nginx*\"");
/// assert_eq!(herakles_classify::quoted(r"worker\.py"), r"'worker\.py'");
/// ```
pub fn quoted(text: &str) -> String {
    let shown = |c: char| matches!(c, '\\' | '"' | '\'') || c.escape_debug().count() == 1;
    let is_literal = text.contains(['\\', '"']) && !text.contains('\'') && text.chars().all(shown);
    if is_literal {
        format!("'{text}'")
    } else {
        format!("{text:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_an_escape_stands_between_single_quotes() {
        for (text, expect) in [
            ("python*", r#""python*""#),
            (r"worker\.py (\w+)", r"'worker\.py (\w+)'"),
            (r#"say "no""#, r#"'say "no"'"#),
            ("it's", r#""it's""#),
            (r"it's \d", r#""it's \\d""#),
            ("a\\\nb", r#""a\\\nb""#),
            ("\\\u{202e}", r#""\\\u{202e}""#),
        ] {
            assert_eq!(quoted(text), expect);
        }
    }
}

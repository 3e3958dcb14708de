//! The words and signs of a Rust source, without comments, literals and what is only for tests.

/// One token. Signs that mean nothing here are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// `::`
    Path,
    /// Any other sign.
    Sign(char),
}

/// The tokens of a source, but those of items behind `#[cfg(test)]`.
pub(super) fn product_tokens(source: &str) -> Vec<Token<'_>> {
    without_tests(&tokens(source))
}

fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = string(rest) {
            length
        } else if first == '\'' {
            quote(rest)
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(&rest[..length]));
            length
        } else if rest.starts_with("::") {
            tokens.push(Token::Path);
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of a comment, with those inside it.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth.saturating_sub(1), at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            match rest.chars().next() {
                Some(c) => at += c.len_utf8(),
                None => break,
            }
        }
    }
    text.len()
}

/// The length of the string literal that the text begins with, raw or not.
fn string(text: &str) -> Option<usize> {
    let unprefixed = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - unprefixed.len();
    if prefix > 2 {
        return None;
    }
    let opened = unprefixed.trim_start_matches('#');
    let hashes = unprefixed.len() - opened.len();
    let body = opened.strip_prefix('"')?;
    let is_raw = text[..prefix].ends_with('r');
    if !is_raw && hashes > 0 {
        return None;
    }
    let head = prefix + hashes + 1;
    if is_raw {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(
            body.find(&end)
                .map_or(text.len(), |at| head + at + end.len()),
        );
    }
    let mut escaped = false;
    let end = body.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    Some(end.map_or(text.len(), |at| head + at + 1))
}

/// The length of a character literal, or of the quote of a lifetime.
fn quote(text: &str) -> usize {
    let mut after = text.char_indices().skip(1);
    match after.next() {
        // What is escaped may be a quote itself.
        Some((_, '\\')) => text
            .get(3..)
            .and_then(|rest| rest.find('\''))
            .map_or(text.len(), |at| 3 + at + 1),
        Some(_) => match after.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    use Token::{Sign, Word};
    const CFG_TEST: [Token<'_>; 7] = [
        Sign('#'),
        Sign('['),
        Word("cfg"),
        Sign('('),
        Word("test"),
        Sign(')'),
        Sign(']'),
    ];
    let mut product = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        if rest.starts_with(&CFG_TEST) {
            rest = &rest[CFG_TEST.len()..];
            rest = &rest[item(rest)..];
        } else {
            product.push(*first);
            rest = after;
        }
    }
    product
}

/// The number of tokens of the item that the tokens begin with: up to a semicolon, or the bracket
/// that closes its body.
fn item(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign(closing @ ('}' | ')' | ']')) => {
                depth = depth.saturating_sub(1);
                if depth == 0 && *closing == '}' {
                    return at + 1;
                }
            }
            Token::Sign(';') if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<&str> {
        let words = product_tokens(source).into_iter();
        words
            .filter_map(|token| match token {
                Token::Word(word) => Some(word),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn comments_and_literals_hold_no_words() {
        assert_eq!(words("a // b\n/* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(
            words(r##"a("b \" c", r#"d " e"#, b"f", c"g") h"##),
            ["a", "h"]
        );
        assert_eq!(
            words(r"let x: &'a str = ['b', '\'', '\\', '\u{1F}', c];"),
            ["let", "x", "a", "str", "c"]
        );
    }

    #[test]
    fn what_is_only_for_tests_is_left_out() {
        let source = "#[cfg(test)] mod tests { fn a() { b(); } } c \
            #[cfg(test)] mod tests; d #[cfg(test)] fn e([x; 2]: y) -> z { w } f";
        assert_eq!(words(source), ["c", "d", "f"]);
    }
}

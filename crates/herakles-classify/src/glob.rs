//! Globs on bytes: `*`, `?` and `[ ]`, nothing else.
//!
//! Our own because process names are bytes, not paths: `/` is a byte like any other, a backslash
//! too, and matching must neither allocate nor go through a regular expression per pattern.

use std::ops::RangeInclusive;

/// A compiled glob; one without a wildcard is an exact name.
///
/// ```
/// use herakles_classify::Glob;
///
/// let shells = Glob::parse("*sh")?;
/// assert!(shells.is_match(b"bash") && !shells.is_match(b"sshd"));
/// assert!(Glob::parse("[z-a]").is_err());
/// # Ok::<_, &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct Glob {
    text: Box<str>,
    /// Empty for an exact name, which is its text: most are, and there are thousands.
    tokens: Box<[Token]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Literal(Box<[u8]>),
    AnyByte,
    AnyBytes,
    OneOf {
        ranges: Box<[RangeInclusive<u8>]>,
        negated: bool,
    },
}

impl Token {
    fn literal(&self) -> Option<&[u8]> {
        match self {
            Self::Literal(literal) => Some(literal),
            _ => None,
        }
    }

    /// What is left of `text` after this token, which takes a fixed number of bytes.
    fn strip<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Self::Literal(literal) => text.strip_prefix(&literal[..]),
            Self::AnyByte => text.split_first().map(|(_, rest)| rest),
            Self::AnyBytes => Some(text),
            Self::OneOf { ranges, negated } => {
                let (byte, rest) = text.split_first()?;
                let found = ranges.iter().any(|range| range.contains(byte));
                (found != *negated).then_some(rest)
            }
        }
    }
}

impl Glob {
    /// Compiles a glob.
    ///
    /// # Errors
    /// A fragment saying what is wrong: braces, an unclosed or empty class, a backward range.
    pub fn parse(pattern: &str) -> Result<Self, &'static str> {
        let mut tokens = Vec::new();
        let mut literal = Vec::new();
        let mut rest = pattern.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let wildcard = match byte {
                b'*' => Token::AnyBytes,
                b'?' => Token::AnyByte,
                b'[' => {
                    let (class, after) = parse_class(rest)?;
                    rest = after;
                    class
                }
                b'{' | b'}' => {
                    return Err("braces are not supported, write one pattern for each \
                                alternative (or [{] for the character itself)");
                }
                0 => return Err("no name holds a NUL byte"),
                _ => {
                    literal.push(byte);
                    continue;
                }
            };
            if !literal.is_empty() {
                tokens.push(Token::Literal(std::mem::take(&mut literal).into()));
            }
            // Two stars in a row match what one does.
            if wildcard != Token::AnyBytes || tokens.last() != Some(&Token::AnyBytes) {
                tokens.push(wildcard);
            }
        }
        if !literal.is_empty() {
            tokens.push(Token::Literal(literal.into()));
        }
        if let [Token::Literal(_)] = tokens[..] {
            tokens.clear();
        }
        Ok(Self {
            text: pattern.into(),
            tokens: tokens.into(),
        })
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a glob that matches these bytes: exactly, but for bytes that a text cannot hold,
    /// for which any will do.
    pub(crate) fn exactly(name: &[u8]) -> String {
        let mut glob = String::with_capacity(name.len());
        for chunk in name.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '*' | '?' | '[' | '{' | '}' => glob.extend(['[', character, ']']),
                    '\0' => glob.push('?'),
                    _ => glob.push(character),
                }
            }
            glob.extend(chunk.invalid().iter().map(|_| '?'));
        }
        glob
    }

    /// The text itself if there is no wildcard in it.
    pub(crate) fn exact(&self) -> Option<&[u8]> {
        self.tokens.is_empty().then_some(self.text.as_bytes())
    }

    /// The runs of bytes that every match contains.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &[u8]> {
        let tokens = self.tokens.iter().filter_map(Token::literal);
        self.exact().into_iter().chain(tokens)
    }

    /// The shortest text that could match, in bytes.
    pub(crate) fn min_len(&self) -> usize {
        let token_len = |token: &Token| match token {
            Token::Literal(literal) => literal.len(),
            Token::AnyByte | Token::OneOf { .. } => 1,
            Token::AnyBytes => 0,
        };
        match self.exact() {
            Some(name) => name.len(),
            None => self.tokens.iter().map(token_len).sum(),
        }
    }

    /// Whether it is `*`.
    pub(crate) fn is_all(&self) -> bool {
        *self.tokens == [Token::AnyBytes]
    }

    /// Whether every match starts with another byte.
    pub(crate) fn starts_unlike(&self, byte: u8) -> bool {
        if let Some([first, ..]) = self.exact() {
            return *first != byte;
        }
        match self.tokens.first() {
            Some(Token::Literal(literal)) => !literal.starts_with(&[byte]),
            Some(token @ Token::OneOf { .. }) => token.strip(&[byte]).is_none(),
            Some(Token::AnyByte | Token::AnyBytes) | None => false,
        }
    }

    /// Whether all that `other` matches is surely matched here too. `false` may mean that it is
    /// hard to tell.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if let Some(text) = other.exact() {
            return self.is_match(text);
        }
        let first = other
            .tokens
            .first()
            .and_then(Token::literal)
            .unwrap_or_default();
        let last = other
            .tokens
            .last()
            .and_then(Token::literal)
            .unwrap_or_default();
        match &*self.tokens {
            [] => false,
            tokens if *tokens == *other.tokens => true,
            [Token::AnyBytes] => true,
            [Token::Literal(start), Token::AnyBytes] => first.starts_with(start),
            [Token::AnyBytes, Token::Literal(end)] => last.ends_with(end),
            [Token::AnyBytes, Token::Literal(middle), Token::AnyBytes] => other
                .literals()
                .any(|literal| memchr::memmem::find(literal, middle).is_some()),
            _ => false,
        }
    }

    /// Whether the whole of `text` matches.
    pub fn is_match(&self, text: &[u8]) -> bool {
        if let Some(name) = self.exact() {
            return name == text;
        }
        let mut tokens = &*self.tokens;
        let mut rest = text;
        // Where to go on when a token fails: after the last star, with the star one byte longer.
        // Earlier stars need no second try, because every other token has a fixed length.
        let mut retry: Option<(&[Token], &[u8])> = None;
        loop {
            match tokens.split_first() {
                None if rest.is_empty() => return true,
                None => {}
                Some((Token::AnyBytes, after)) => {
                    tokens = after;
                    retry = Some((after, rest));
                    continue;
                }
                Some((token, after)) => {
                    if let Some(stripped) = token.strip(rest) {
                        tokens = after;
                        rest = stripped;
                        continue;
                    }
                }
            }
            let Some((after, from)) = retry else {
                return false;
            };
            let Some(from) = from.get(1..) else {
                return false;
            };
            tokens = after;
            rest = from;
            retry = Some((after, from));
        }
    }
}

/// Parses a class after its `[`; a `]` that comes first stands for itself.
fn parse_class(text: &[u8]) -> Result<(Token, &[u8]), &'static str> {
    const UNCLOSED: &str = "[ has no closing ] (write [[] for the character itself)";
    let (negated, mut rest) = match text.split_first() {
        Some((b'!' | b'^', rest)) => (true, rest),
        _ => (false, text),
    };
    let mut ranges = Vec::new();
    loop {
        let (&first, after) = rest.split_first().ok_or(UNCLOSED)?;
        rest = after;
        match first {
            b']' if !ranges.is_empty() => {
                return Ok((
                    Token::OneOf {
                        ranges: ranges.into(),
                        negated,
                    },
                    rest,
                ));
            }
            0x80.. => return Err("only ASCII characters may stand in [ ]"),
            _ => {}
        }
        match rest {
            [b'-', last, after @ ..] if *last != b']' => {
                if !last.is_ascii() {
                    return Err("only ASCII characters may stand in [ ]");
                }
                if *last < first {
                    return Err("a range in [ ] runs backwards");
                }
                ranges.push(first..=*last);
                rest = after;
            }
            _ => ranges.push(first..=first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &[u8]) -> bool {
        Glob::parse(pattern).unwrap().is_match(text)
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("nginx", "nginx", true),
            ("nginx", "nginx2", false),
            ("pg_*", "pg_dump", true),
            ("pg_*", "pg_", true),
            ("pg_*", "apg_dump", false),
            ("*exporter", "node_exporter", true),
            ("*-*-*", "a-b", false),
            ("*a*b*c", "xxaxxbxbxc", true),
            ("*a*b*c", "xxaxxbxbxcx", false),
            ("php-fpm?.?", "php-fpm8.3", true),
            ("php-fpm?.?", "php-fpm8", false),
            ("python[23]", "python3", true),
            ("python[!23]", "python3", false),
            ("python[^23]", "python4", true),
            ("[a-c]x[]]", "bx]", true),
            ("[a-]", "-", true),
            ("[[]kworker]", "[kworker]", true),
            ("/usr/*/bin/*", "/usr/lib/postgresql/16/bin/postgres", true),
            (r"a\b", r"a\b", true),
            ("*", "", true),
            ("?", "", false),
        ] {
            assert_eq!(
                matches(pattern, text.as_bytes()),
                expected,
                "{pattern} on {text}"
            );
        }
        assert!(matches("a?b*", b"a\xffb\xfe\n"));
    }

    #[test]
    fn what_cannot_be_read() {
        for pattern in [
            "a{b,c}", "a[bc", "[", "[]", "[!]", "[z-a]", "[\u{e4}]", "a\0b",
        ] {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
    }

    fn pattern() -> impl Strategy<Value = String> {
        "[ab*?/.]{0,8}|[ab]{0,2}\\[!?[ab][b-]?\\][*]?b?"
    }

    proptest! {
        #[test]
        fn what_covers_matches_more(
            broad in "[*]?[ab]{0,2}[*]?", narrow in pattern(), text in "[ab/.\\-]{0,10}",
        ) {
            let (broad, narrow) = (Glob::parse(&broad).unwrap(), Glob::parse(&narrow).unwrap());
            if broad.covers(&narrow) && narrow.is_match(text.as_bytes()) {
                prop_assert!(broad.is_match(text.as_bytes()));
            }
        }

        #[test]
        fn a_first_byte_tells(pattern in pattern(), text in "/[ab/.]{0,6}") {
            let glob = Glob::parse(&pattern).unwrap();
            prop_assert!(!(glob.starts_unlike(b'/') && glob.is_match(text.as_bytes())));
        }

        /// The same answer as globset, which reads the same language (its extras left out).
        #[test]
        fn agrees_with_globset(pattern in pattern(), text in "[ab/.\\-]{0,10}") {
            // To globset two stars mean whole path components.
            prop_assume!(!pattern.contains("**"));
            let theirs = globset::GlobBuilder::new(&pattern)
                .literal_separator(false)
                .backslash_escape(false)
                .build()
                .unwrap()
                .compile_matcher();
            prop_assert_eq!(matches(&pattern, text.as_bytes()), theirs.is_match(&text));
        }
    }
}

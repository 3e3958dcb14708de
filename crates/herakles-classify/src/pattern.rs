//! One pattern of a rule as written, and compiled for the kind of text it looks at.

use std::sync::{Arc, OnceLock};

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{Extractor, Literal};
use regex_syntax::hir::{Hir, HirKind};

use crate::glob::Glob;
use crate::name::COMM_LEN;

/// Texts of which every matching text contains at least one.
pub(crate) type LiteralSet = Vec<Vec<u8>>;

/// What a pattern must be able to do for [`Candidates`](crate::candidates::Candidates).
pub(crate) trait Matcher {
    /// The pattern as written.
    fn text(&self) -> &str;

    /// Whether `text` matches.
    fn is_match(&self, text: &[u8]) -> bool;

    /// Sets that would each do to narrow the search; none if nothing is sure to be there.
    fn required_literals(&self) -> Vec<LiteralSet>;
}

/// A pattern and the line it stands on.
#[derive(Clone, Debug)]
pub(crate) struct Pattern<M> {
    pub(crate) line: u32,
    pub(crate) matcher: M,
}

impl<M: Matcher> Matcher for Pattern<M> {
    fn text(&self) -> &str {
        self.matcher.text()
    }

    fn is_match(&self, text: &[u8]) -> bool {
        self.matcher.is_match(text)
    }

    fn required_literals(&self) -> Vec<LiteralSet> {
        self.matcher.required_literals()
    }
}

impl<M: Matcher> Matcher for Arc<M> {
    fn text(&self) -> &str {
        self.as_ref().text()
    }

    fn is_match(&self, text: &[u8]) -> bool {
        self.as_ref().is_match(text)
    }

    fn required_literals(&self) -> Vec<LiteralSet> {
        self.as_ref().required_literals()
    }
}

/// A name or path pattern: exact, or with wildcards.
pub(crate) type GlobPattern = Pattern<Glob>;

impl GlobPattern {
    /// Whether it can match a name of which the kernel shows only the beginning.
    pub(crate) fn may_be_longer(&self) -> bool {
        let exact = self.matcher.exact();
        exact.is_none_or(|name| name.len() > COMM_LEN)
    }
}

/// A regular expression on the command line.
pub(crate) type CmdlinePattern = Pattern<LazyRegex>;

impl Matcher for Glob {
    fn text(&self) -> &str {
        self.text()
    }

    fn is_match(&self, text: &[u8]) -> bool {
        self.is_match(text)
    }

    fn required_literals(&self) -> Vec<LiteralSet> {
        self.literals()
            .map(|literal| vec![literal.to_vec()])
            .collect()
    }
}

/// A regular expression known to be right, compiled when it is first tried.
///
/// Of some hundred built-in ones a host ever tries a few, and each takes about 15 KB compiled.
#[derive(Clone, Debug)]
pub(crate) struct LazyRegex {
    text: Box<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    /// Checks an expression on bytes.
    ///
    /// # Errors
    /// A fragment saying what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // The syntax crate tells what is wrong in one phrase, where regex draws a picture.
        parse_regex(text)?;
        compile(text).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it compiles to more than 1 MiB".to_owned(),
            other => other.to_string(),
        })?;
        Ok(Self {
            text: text.into(),
            compiled: OnceLock::new(),
        })
    }

    /// The compiled expression. That it compiles was seen when it was parsed.
    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| compile(&self.text).ok())
            .as_ref()
    }
}

impl Matcher for LazyRegex {
    fn text(&self) -> &str {
        &self.text
    }

    fn is_match(&self, text: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    fn required_literals(&self) -> Vec<LiteralSet> {
        parse_regex(&self.text).map_or_else(|_| Vec::new(), |hir| required_literals(&hir))
    }
}

/// Compiled size one expression may reach; ours need a few KiB.
const REGEX_SIZE_LIMIT: usize = 1 << 20;

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .unicode(false)
        .size_limit(REGEX_SIZE_LIMIT)
        .build()
}

/// The syntax tree of an expression on bytes.
///
/// # Errors
/// A fragment saying what is wrong.
pub(crate) fn parse_regex(text: &str) -> Result<Hir, String> {
    let parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(text);
    parser.map_err(|error| match error {
        regex_syntax::Error::Parse(error) => {
            format!(
                "{} at its character {}",
                error.kind(),
                error.span().start.column
            )
        }
        regex_syntax::Error::Translate(error) => {
            format!(
                "{} at its character {}",
                error.kind(),
                error.span().start.column
            )
        }
        other => other.to_string(),
    })
}

/// Shorter texts are in nearly every command line.
const MIN_LITERAL: usize = 3;

/// Sets of literals of which every match contains one.
///
/// Whatever matches a sequence also contains a match of each of its tails, so the literals that
/// *start* a tail are required wherever they stand.
fn required_literals(hir: &Hir) -> Vec<LiteralSet> {
    let mut extractor = Extractor::new();
    extractor.limit_total(32);
    tails(hir)
        .iter()
        .filter_map(|tail| {
            let literals = extractor.extract(tail);
            let is_telling = literals.min_literal_len()? >= MIN_LITERAL;
            literals.literals().filter(|_| is_telling).map(smallest)
        })
        .collect()
}

/// The literals that hold no other one: where those are, the longer ones tell nothing more.
fn smallest(literals: &[Literal]) -> LiteralSet {
    let mut kept: LiteralSet = Vec::new();
    let mut by_length: Vec<&[u8]> = literals.iter().map(Literal::as_bytes).collect();
    by_length.sort_by_key(|literal| literal.len());
    for literal in by_length {
        if !kept
            .iter()
            .any(|inner| memchr::memmem::find(literal, inner).is_some())
        {
            kept.push(literal.to_vec());
        }
    }
    kept
}

fn tails(hir: &Hir) -> Vec<Hir> {
    match hir.kind() {
        HirKind::Capture(capture) => tails(&capture.sub),
        HirKind::Concat(parts) => (0..parts.len())
            .map(|from| Hir::concat(parts.iter().skip(from).cloned().collect()))
            .collect(),
        _ => vec![hir.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether one of the sets is made of these.
    fn requires(pattern: &str, expected: &[&str]) -> bool {
        LazyRegex::parse(pattern)
            .unwrap()
            .required_literals()
            .into_iter()
            .any(|mut set| {
                set.sort();
                set.iter()
                    .map(Vec::as_slice)
                    .eq(expected.iter().map(|text| text.as_bytes()))
            })
    }

    #[test]
    fn the_telling_parts_are_found() {
        for (pattern, expected) in [
            ("^/usr/lib/postgresql/", &["/usr/lib/postgresql/"][..]),
            ("(^|/)gunicorn( |$)", &["gunicorn"]),
            (
                r"java .*org\.apache\.catalina\.startup",
                &["org.apache.catalina.startup"],
            ),
            (r"java .*org\.apache\.catalina\.startup", &["java "]),
            (r"-jar [^ ]*jenkins\.war", &["jenkins.war"]),
            (
                "(?:kafka|zookeeper)-server",
                &["kafka-server", "zookeeper-server"],
            ),
            (r"[a-z]+celery[a-z]*", &["celery"]),
        ] {
            assert!(requires(pattern, expected), "{pattern}");
        }
        for pattern in ["a+", "^..$", "[a-z]+", "x|longer"] {
            assert!(
                LazyRegex::parse(pattern)
                    .unwrap()
                    .required_literals()
                    .is_empty(),
                "{pattern}"
            );
        }
    }

    #[test]
    fn mistakes_are_one_phrase() {
        assert_eq!(
            LazyRegex::parse("a(b").unwrap_err(),
            "unclosed group at its character 2"
        );
        assert!(!LazyRegex::parse(r"\p{Greek}").unwrap_err().contains('\n'));
        assert_eq!(
            LazyRegex::parse("(a{500}){500}").unwrap_err(),
            "it compiles to more than 1 MiB"
        );
        assert!(LazyRegex::parse(r"\xff.*caf\xe9 \w").is_ok());
    }

    proptest! {
        #[test]
        fn literals_are_required(
            pattern in "(\\^|abc|(ab|ca)\\+?|[abc]{1,4}|\\.\\*|\\(a\\?bca\\|abb\\)){1,5}",
            text in "[abc+]{0,24}",
        ) {
            let Ok(regex) = LazyRegex::parse(&pattern) else { return Ok(()) };
            if regex.is_match(text.as_bytes()) {
                for set in regex.required_literals() {
                    let found = |l: &Vec<u8>| memchr::memmem::find(text.as_bytes(), l).is_some();
                    prop_assert!(set.iter().any(found));
                }
            }
        }
    }
}
